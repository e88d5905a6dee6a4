"""Of each question: fit, probabilities, small weights, and the values that were chosen."""

from __future__ import annotations

from typing import Any

import pandas as pd

from stages.statistics.units import plus_minus
from stages.tables.base import DIGITS, Outcome, Table
from stages.tables.measures import quality
from stages.tables.questions import questions_asked


class Quality(Table):
    """One row per experiment; small weights are shown where a penalty could make some."""

    def numbers(self, outcome: Outcome) -> dict[str, pd.DataFrame]:
        """Return one table per question."""
        return {
            f"{question}-quality": pd.DataFrame([quality(result) for result, _ in pairs]).round(
                DIGITS
            )
            for question, pairs in questions_asked(outcome)
        }

    def cells(self, numbers: pd.DataFrame) -> pd.DataFrame:
        """Return mean and spread in one cell."""
        shown = pd.DataFrame({"experiment": numbers["experiment"]})
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
            if about_weights and not (numbers["penalty"] != "none").any():
                continue
            spreads = zip(numbers[f"{name}_mean"], numbers[f"{name}_sd"], strict=True)
            shown[title] = [plus_minus(mean, sd, digits) for mean, sd in spreads]
        chosen = [_chosen(row) for row in numbers.to_dict("records")]
        return shown.assign(chosen=chosen) if any(chosen) else shown


def _chosen(row: dict[Any, Any]) -> str:
    names = {"learning_rate": "learning rate", "alpha": "alpha"}
    return ", ".join(f"{text} {row[key]:g}" for key, text in names.items() if row[f"{key}_chosen"])
