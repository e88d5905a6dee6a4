"""Of each question: accuracy, and its difference to the baseline."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from stages.evaluation.results import Result
from stages.statistics.comparisons import difference, holm
from stages.statistics.units import PERCENT, bracket, number, p_value, plus_minus
from stages.tables.base import DIGITS, Outcome, Table
from stages.tables.measures import accuracy_intervals, interval, spread
from stages.tables.questions import comparable, questions_asked

DIFFERENCE = (
    "baseline",
    "difference",
    "difference_low",
    "difference_high",
    "interval_of",
    "p",
    "p_better",
    "correlation",
)


class Accuracy(Table):
    """In percent, one row per experiment.

    `p_holm` is Student's or Welch's, corrected for the comparisons of the table. Where there is
    nothing to compare, all numbers of the difference are NaN.
    """

    def numbers(self, outcome: Outcome) -> dict[str, pd.DataFrame]:
        """Return one table per question."""
        tables = {}
        for question, pairs in questions_asked(outcome):
            rows = [_accuracy(result) | _difference(result, baseline) for result, baseline in pairs]
            table = pd.DataFrame(rows).round(DIGITS)
            compared = table["p"].notna()
            table.loc[compared, "p_holm"] = holm(table.loc[compared, "p"])
            tables[f"{question}-accuracy"] = table
        return tables

    def cells(self, numbers: pd.DataFrame) -> pd.DataFrame:
        """Return mean and spread in one cell, each interval in another."""
        return pd.DataFrame([_cells(row) for row in numbers.to_dict("records")])


def _accuracy(result: Result) -> dict[str, Any]:
    name = {"experiment": result.short_name}
    return name | spread(result, "accuracy") | accuracy_intervals(result)


def _difference(result: Result, baseline: Result | None) -> dict[str, Any]:
    if baseline is None or not comparable(result, baseline):
        return dict.fromkeys(DIFFERENCE, np.nan)
    paired = result.is_paired_with(baseline)
    found = difference(baseline.runs("accuracy"), result.runs("accuracy"), paired=paired)
    correlation = np.nan if found.correlation is None else found.correlation
    values = (baseline.short_name, *found[:-1], correlation)
    return dict(zip(DIFFERENCE, values, strict=True))


def _cells(row: dict[Any, Any]) -> dict[str, str]:
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
    return cells
