"""The report's tables as text: mean and spread in one cell, an interval in another."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pandas as pd

from stages.claims.judge import Judgement
from stages.reporting.text import PERCENT, bracket, number, p_value, plus_minus


def claims_cells(judgements: list[Judgement]) -> pd.DataFrame:
    """Return one row per claim: what was said, the threshold, the numbers, the verdict, why."""
    rows = []
    for judgement in judgements:
        claim = judgement.claim
        said = f"\N{LEFT DOUBLE QUOTATION MARK}{claim.quotation}\N{RIGHT DOUBLE QUOTATION MARK}"
        rows.append(
            {
                "claim": f"{said} ({claim.reading})" if claim.reading else said,
                "holds if": judgement.rule,
                "measured": judgement.measured,
                "verdict": judgement.verdict,
                "why": judgement.why,
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
            "95 % interval": _interval(row["accuracy_low"], row["accuracy_high"]),
            "difference": "",
            "p (Holm)": "",
            "p (McNemar)": "",
        }
        if pd.notna(row["difference"]):
            interval = bracket(row["difference_low"], row["difference_high"], PERCENT, sign=True)
            cells["difference"] = f"{number(row['difference'], PERCENT, sign=True)} {interval}"
            cells["p (Holm)"] = p_value(row["p_holm"])
            cells["p (McNemar)"] = p_value(row["p_mcnemar"])
        rows.append(cells)
    return pd.DataFrame(rows)


def quality_cells(table: pd.DataFrame) -> pd.DataFrame:
    """Return the text of `tables.quality_table`; zero weights only where a penalty could be."""
    shown = pd.DataFrame({"experiment": table["experiment"]})
    for name, title, digits in (
        ("train_accuracy", "train accuracy %", 2),
        ("loss", "NLL", 3),
        ("brier", "Brier", 3),
        ("ece", "ECE %", 1),
        ("zero_weights", "zero weights %", 2),
    ):
        if name == "zero_weights" and not (table["penalty"] != "none").any():
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
            "hidden layers": table["hidden_layers"],
            "activation": table["activation"],
            "penalty": table["penalty"],
            "train": table["train"],
            "test": table["test"],
            "epochs": table["epochs"].astype(str),
            "accuracy %": [plus_minus(mean, sd, 2) for mean, sd in accuracy],
        }
    )


def _interval(low: float, high: float) -> str:
    return "" if pd.isna(low) else bracket(low, high, PERCENT)


def _chosen(row: dict[Hashable, Any]) -> str:
    names = {"learning_rate": "learning rate", "alpha": "alpha"}
    return ", ".join(f"{text} {row[key]:g}" for key, text in names.items() if row[f"{key}_chosen"])
