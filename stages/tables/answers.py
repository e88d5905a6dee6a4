"""Each question in short: what a choice changed, and whether that is certain."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from stages.statistics.comparisons import difference, seeds_to_decide
from stages.statistics.units import PERCENT, bracket, number
from stages.tables.base import DIGITS, Outcome, Table
from stages.tables.questions import comparable, pairs_of


class Answers(Table):
    """The difference in accuracy, in points, one row per comparison.

    `more_seeds` is the number of seeds of each that would decide, where the interval includes 0;
    NaN where it does not, infinite where no number would.
    """

    def numbers(self, outcome: Outcome) -> dict[str, pd.DataFrame]:
        """Return one row for each experiment that has a baseline."""
        rows: list[dict[str, Any]] = []
        for question in outcome.study.questions:
            for result, baseline in pairs_of(question, outcome.results):
                if baseline is None or not comparable(result, baseline):
                    continue
                runs = baseline.runs("accuracy"), result.runs("accuracy")
                paired = result.is_paired_with(baseline)
                found = difference(*runs, paired=paired)
                more: float = np.nan
                if found.low <= 0 <= found.high:
                    more = seeds_to_decide(*runs, paired=paired, edge=0.0) or np.inf
                rows.append(
                    {
                        "question": question.title,
                        "experiment": result.short_name,
                        "baseline": baseline.short_name,
                        "difference": found.mean,
                        "low": found.low,
                        "high": found.high,
                        "more_seeds": more,
                    }
                )
        return {"answers": pd.DataFrame(rows).round(DIGITS)}

    def cells(self, numbers: pd.DataFrame) -> pd.DataFrame:
        """Return the answers in words."""
        return pd.DataFrame([_cells(row) for row in numbers.to_dict("records")])


def _cells(row: dict[Any, Any]) -> dict[str, str]:
    mean = number(row["difference"], PERCENT, sign=True)
    return {
        "question": row["question"],
        "with": row["experiment"],
        "instead of": row["baseline"],
        "points": f"{mean} {bracket(row['low'], row['high'], PERCENT, sign=True)}",
        "answer": _answer(row),
    }


def _answer(row: dict[Any, Any]) -> str:
    if row["low"] == row["high"] == 0:
        return "the same"
    if np.isnan(row["more_seeds"]):
        return "better" if row["difference"] > 0 else "worse"
    if np.isinf(row["more_seeds"]):
        return "undecided: more test pictures are needed, or the two are equally good"
    return f"undecided: {row['more_seeds']:.0f} seeds of each would decide, if mean and spread stay"
