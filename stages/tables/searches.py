"""The values that were tried on held-out training samples, and what came of them."""

from __future__ import annotations

from typing import Any

import pandas as pd

from stages.evaluation.results import Result
from stages.statistics.units import TO_PERCENT
from stages.tables.base import DIGITS, Outcome, Table
from stages.tables.experiments import settings_text


class Searches(Table):
    """The candidates, one row each on every rung; and the searches, one row each."""

    def numbers(self, outcome: Outcome) -> dict[str, pd.DataFrame]:
        """Return the candidates in order, NaN where a training diverged; and what it all cost.

        Accuracies are in percent; `epochs` are those of all networks that a search trained, `fits`
        how many trainings of the experiment took as long.
        """
        searched = [result for result in outcome.results if result.scores["trials"]]
        tried = [
            {
                "experiment": result.short_name,
                "epochs": trial["epochs"],
                **{f"{key}": _plain(value) for key, value in trial["values"].items()},
                "accuracy": _percent(trial["accuracy"]),
                "chosen": trial is best_trial(result),
            }
            for result in searched
            for trial in result.scores["trials"]
        ]
        return {
            "searches": pd.DataFrame([_summary(result) for result in searched]).round(DIGITS),
            "candidates": pd.DataFrame(tried).round(DIGITS),
        }

    def cells(self, numbers: pd.DataFrame) -> pd.DataFrame:
        """Return what was chosen, of how many, at what cost, and how lucky it was."""
        if "fresh" not in numbers:  # the candidates, of which the report names the file
            return numbers.astype(object).where(numbers.notna(), "").astype(str)
        return pd.DataFrame(
            {
                "experiment": numbers["experiment"],
                "chosen": numbers["chosen"],
                "of": numbers["candidates"],
                "cost in fits": [f"{value:.1f}" for value in numbers["fits"]],
                "held-out accuracy %": [f"{value:.2f}" for value in numbers["accuracy"]],
                "with new seeds %": [f"{value:.2f}" for value in numbers["fresh"]],
                "luck": [f"{value:+.2f}" for value in numbers["accuracy"] - numbers["fresh"]],
            }
        )


def best_trial(result: Result) -> dict[str, Any]:
    """Return the trial of the values that were chosen, on the last rung."""
    own = [t for t in result.scores["trials"] if t["values"] == result.scores["chosen"]]
    found: dict[str, Any] = own[-1]
    return found


def _summary(result: Result) -> dict[str, Any]:
    trials, best = result.scores["trials"], best_trial(result)
    n_seeds = result.experiment.search.seeds
    epochs = n_seeds * (sum(trial["epochs"] for trial in trials) + best["epochs"])
    return {
        "experiment": result.short_name,
        "chosen": settings_text(result.scores["chosen"]),
        "candidates": len({str(trial["values"]) for trial in trials}),
        "epochs": epochs,
        "fits": epochs * (1 - result.experiment.validation_fraction) / result.experiment.epochs,
        "accuracy": _percent(best["accuracy"]),
        "fresh": _percent(result.scores["fresh"]),
    }


def _percent(accuracy: float | None) -> float | None:
    return None if accuracy is None else TO_PERCENT * accuracy


def _plain(value: Any) -> Any:
    return " ".join(map(str, value)) or "none" if isinstance(value, list) else value
