"""What tables say of an experiment: mean and spread of a measure, and intervals of accuracy."""

from __future__ import annotations

import numpy as np
import pandas as pd

from stages.evaluation.results import Result
from stages.statistics.intervals import share_interval, wilson_interval
from stages.statistics.units import PERCENT, TO_PERCENT, bracket

MEASURES = (
    "accuracy",
    "train_accuracy",
    "loss",
    "brier",
    "ece",
    "zero_weights",
    "near_zero_weights",
    "pruned_accuracy",
)


def spread(result: Result, measure: str) -> dict[str, float]:
    """Return mean and standard deviation over the seeds, shares in percent.

    NaN stands for the deviation of one seed, and for what is not measured of such networks.
    """
    factor = 1 if measure in {"loss", "brier"} else TO_PERCENT
    numbers = result.scores.get(measure, {"mean": np.nan, "sd": None})
    sd = np.nan if numbers["sd"] is None else factor * numbers["sd"]
    return {f"{measure}_mean": factor * numbers["mean"], f"{measure}_sd": sd}


def quality(result: Result) -> dict[str, object]:
    """Return fit, probabilities, small weights, and the values that were chosen.

    Accuracies and shares of weights are in percent, `loss` in nats.
    """
    row: dict[str, object] = {"experiment": result.short_name}
    for measure in MEASURES:
        row |= spread(result, measure)
    row["penalty"] = result.experiment.penalty
    for name in ("learning_rate", "alpha"):
        row[name] = result.scores["chosen"].get(name, getattr(result.experiment, name))
        row[f"{name}_chosen"] = name in result.scores["chosen"]
    return row


def accuracy_intervals(result: Result) -> dict[str, float]:
    """Return the 95 % intervals of an accuracy in percent: over seeds, and over pictures.

    The latter is Wilson's for one network of the mean accuracy; it says how much other test
    pictures would change it.
    """
    low, high = share_interval(result.per_seed("accuracy")) or (np.nan, np.nan)
    n = result.n_pictures
    ends = wilson_interval(round(result.accuracy * n), n)
    return {
        "accuracy_low": low,
        "accuracy_high": high,
        "pictures_low": TO_PERCENT * ends[0],
        "pictures_high": TO_PERCENT * ends[1],
    }


def interval(low: float, high: float) -> str:
    """Return the interval of a share in percent; nothing, if there is none."""
    return "" if pd.isna(low) else bracket(low, high, PERCENT)
