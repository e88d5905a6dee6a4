"""The report's tables as text: mean and spread in one cell, an interval in another."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pandas as pd

from stages.claims.judge import Judgement
from stages.statistics.units import PERCENT, bracket, number, p_value, plus_minus


def claims_cells(judgements: list[Judgement]) -> pd.DataFrame:
    """Return one row per claim: what was said, the threshold, the numbers, the verdict, why."""
    rows = []
    for judgement in judgements:
        claim = judgement.claim
        said = f"\N{LEFT DOUBLE QUOTATION MARK}{claim.quotation}\N{RIGHT DOUBLE QUOTATION MARK}"
        rows.append(
            {
                "claim": f"{said} ({claim.meaning})" if claim.meaning else said,
                "holds if": judgement.rule,
                "measured": judgement.measured,
                "verdict": judgement.verdict,
                "why": judgement.why,
                "remarks": "; ".join(judgement.remarks),
                "a teacher would say": claim.teacher,
            }
        )
    return pd.DataFrame(rows)


def comparisons_cells(judgements: list[Judgement]) -> pd.DataFrame:
    """Return one row per test of a claim that has tests of its own."""
    rows = [
        {
            "claim": judgement.claim.id,
            "of": comparison.subject,
            "holds if": comparison.rule,
            "measured": comparison.finding.measured,
            "verdict": comparison.finding.verdict,
            "p (Holm)": "" if comparison.p_holm is None else p_value(comparison.p_holm),
        }
        for judgement in judgements
        if not judgement.claim.each_of
        for comparison in judgement.comparisons
    ]
    return pd.DataFrame(rows)


def accuracy_cells(table: pd.DataFrame) -> pd.DataFrame:
    """Return the text of `tables.accuracy_table`."""
    rows = []
    for row in table.to_dict("records"):
        cells = {
            "experiment": row["experiment"],
            "accuracy %": plus_minus(row["accuracy_mean"], row["accuracy_sd"], 2),
            "95 %, seeds": interval(row["accuracy_low"], row["accuracy_high"]),
            "95 %, pictures": interval(row["pictures_low"], row["pictures_high"]),
            "difference": "",
            "P(better)": "",
            "paired, r": "",
            "p (Holm)": "",
        }
        if pd.notna(row["difference"]):
            ends = bracket(row["difference_low"], row["difference_high"], PERCENT, sign=True)
            cells["difference"] = f"{number(row['difference'], PERCENT, sign=True)} {ends}"
            cells["P(better)"] = f"{row['p_better']:.2f}"
            if pd.notna(row["correlation"]):
                cells["paired, r"] = f"{row['correlation']:.2f}".replace("-", "\N{MINUS SIGN}")
            cells["p (Holm)"] = p_value(row["p_holm"])
        rows.append(cells)
    return pd.DataFrame(rows)


def quality_cells(table: pd.DataFrame) -> pd.DataFrame:
    """Return the text of `tables.quality_table`; small weights only where a penalty could be."""
    shown = pd.DataFrame({"experiment": table["experiment"]})
    for name, title, digits in (
        ("train_accuracy", "train accuracy %", 2),
        ("loss", "NLL", 3),
        ("brier", "Brier", 3),
        ("ece", "ECE %", 1),
        ("zero_weights", "zero weights %", 2),
        ("near_zero_weights", "near zero, first layer %", 2),
        ("pruned_accuracy", "accuracy % without those", 2),
    ):
        about_weights = name.endswith("zero_weights") or name == "pruned_accuracy"
        if about_weights and not (table["penalty"] != "none").any():
            continue
        spreads = zip(table[f"{name}_mean"], table[f"{name}_sd"], strict=True)
        shown[title] = [plus_minus(mean, sd, digits) for mean, sd in spreads]
    chosen = [_chosen(row) for row in table.to_dict("records")]
    return shown.assign(chosen=chosen) if any(chosen) else shown


def overview_cells(table: pd.DataFrame) -> pd.DataFrame:
    """Return the text of `tables.experiments_table`: what was trained, and how well."""
    accuracy = zip(table["accuracy_mean"], table["accuracy_sd"], strict=True)
    return pd.DataFrame(
        {
            "experiment": table["experiment"],
            "preprocessing": table["preprocessing"],
            "split": table["split"],
            "accuracy %": [plus_minus(mean, sd, 2) for mean, sd in accuracy],
            "differs from the defaults in": table["settings"],
        }
    )


def spreads_cells(table: pd.DataFrame) -> pd.DataFrame:
    """Return the text of `tables.spreads_table`."""
    return pd.DataFrame(
        {
            "drawn anew": row["drawn"],
            "draws": row["draws"],
            "seeds of each": row["seeds"],
            "mean accuracies %": ", ".join(f"{mean:.2f}" for mean in row["means"]),
            "sd between draws": f"{row['sd_between']:.2f}",
            "sd between seeds": f"{row['sd_within']:.2f}",
        }
        for row in table.to_dict("records")
    )


def interval(low: float, high: float) -> str:
    """Return the interval of a share in percent; nothing, if there is none."""
    return "" if pd.isna(low) else bracket(low, high, PERCENT)


def _chosen(row: dict[Hashable, Any]) -> str:
    names = {"learning_rate": "learning rate", "alpha": "alpha"}
    return ", ".join(f"{text} {row[key]:g}" for key, text in names.items() if row[f"{key}_chosen"])
