"""The report's tables as data frames of numbers, for CSV; `cells` has them as text."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from stages.claims.schema import Question, Spread
from stages.evaluation.results import Result
from stages.statistics.comparisons import difference, holm
from stages.statistics.components import variance_components
from stages.statistics.intervals import share_interval, wilson_interval
from stages.statistics.units import TO_PERCENT

Pairs = list[tuple[Result, Result | None]]  # an experiment and its baseline, if it has one
DIGITS = 6
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


def pairs_of(question: Question, results: list[Result]) -> Pairs:
    """Return the experiments of a question that were run, each group's baseline before it.

    Where a baseline was not run its experiments stand alone; where nothing but the baseline was
    run the group is left out.
    """
    known = {result.short_name: result for result in results}
    pairs: Pairs = []
    for group in question.groups:
        baseline = known.get(group.baseline)
        run = [known[name] for name in group.experiments if name in known]
        if run and baseline:
            pairs.append((baseline, None))
        pairs += [(result, baseline) for result in run]
    return pairs


def accuracy_table(pairs: Pairs) -> pd.DataFrame:
    """Return one row per experiment: accuracy and its difference to the baseline, in percent.

    `p_holm` is Student's or Welch's, corrected for the comparisons of this table. Where there is
    nothing to compare, all numbers of the difference are NaN.
    """
    rows = [_accuracy(result) | _difference(result, baseline) for result, baseline in pairs]
    table = pd.DataFrame(rows).round(DIGITS)
    compared = table["p"].notna()
    table.loc[compared, "p_holm"] = holm(table.loc[compared, "p"])
    return table


def quality_table(pairs: Pairs) -> pd.DataFrame:
    """Return one row per experiment: fit, probabilities, small weights, chosen values.

    Accuracies and shares of weights are in percent, `loss` in nats.
    """
    return pd.DataFrame([_quality(result) for result, _ in pairs]).round(DIGITS)


def experiments_table(results: list[Result]) -> pd.DataFrame:
    """Return one row per experiment: what it was, and mean and spread of what came of it."""
    return pd.DataFrame([_quality(result) | _settings(result) for result in results]).round(DIGITS)


def classes_table(results: list[Result]) -> pd.DataFrame:
    """Return one row per experiment and class: precision, recall and F1, in percent."""
    rows = [
        {"experiment": result.name, "class": numbers["class"]}
        | {name: TO_PERCENT * numbers[name] for name in ("precision", "recall", "f1")}
        for result in results
        for numbers in result.metrics["per_class"]
    ]
    return pd.DataFrame(rows).round(2)


def spreads_table(spreads: list[Spread], results: list[Result]) -> pd.DataFrame:
    """Return one row per spread that was run: what the luck of one more draw adds, in points."""
    known = {result.short_name: result for result in results}
    rows = []
    for one in spreads:
        run = [known[name] for name in one.experiments if name in known]
        if len(run) < len(one.experiments) or min(result.n_seeds for result in run) < 2:
            continue
        groups = [result.per_seed("accuracy") for result in run]
        found = variance_components(groups)
        rows.append(
            {
                "drawn": one.drawn,
                "draws": len(run),
                "seeds": run[0].n_seeds,
                "means": [float(np.mean(group)) for group in groups],
                "sd_between": found.between,
                "sd_within": found.within,
            }
        )
    return pd.DataFrame(rows)


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


def _accuracy(result: Result) -> dict[str, Any]:
    name = {"experiment": result.short_name}
    return name | spread(result, "accuracy") | accuracy_intervals(result)


def _difference(result: Result, baseline: Result | None) -> dict[str, Any]:
    if (
        baseline is None
        or min(result.n_seeds, baseline.n_seeds) == 1
        or not result.has_pictures_of(baseline)
    ):
        return dict.fromkeys(DIFFERENCE, np.nan)
    paired = result.is_paired_with(baseline)
    found = difference(baseline.runs("accuracy"), result.runs("accuracy"), paired=paired)
    correlation = np.nan if found.correlation is None else found.correlation
    values = (baseline.short_name, *found[:-1], correlation)
    return dict(zip(DIFFERENCE, values, strict=True))


def _quality(result: Result) -> dict[str, Any]:
    row: dict[str, Any] = {"experiment": result.short_name}
    for measure in MEASURES:
        row |= spread(result, measure)
    row["penalty"] = result.experiment.penalty
    for name in ("learning_rate", "alpha"):
        row[name] = result.metrics["chosen"].get(name, getattr(result.experiment, name))
        row[f"{name}_chosen"] = name in result.metrics["chosen"]
    return row


def _settings(result: Result) -> dict[str, Any]:
    experiment = result.experiment
    return {
        "experiment": result.name,
        "preprocessing": experiment.preprocessing,
        "hidden_layers": "-".join(map(str, experiment.hidden_layer_sizes)) or "none",
        "activation": experiment.activation if experiment.hidden_layer_sizes else "none",
        "split": experiment.split,
        "epochs": experiment.epochs,
        "seeds": len(experiment.seeds),
        "settings": settings_text(result),
    }


def settings_text(result: Result) -> str:
    """Return every setting of an experiment that differs from the defaults, but its split."""
    named = {key: value for key, value in result.settings.items() if key != "split"}
    return ", ".join(f"{key} {_written(value)}" for key, value in named.items())


def _written(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(_written, value))
    return str(value).lower() if isinstance(value, bool) else f"{value}"


def spread(result: Result, measure: str) -> dict[str, float]:
    """Return mean and standard deviation over the seeds, shares in percent; NaN for one seed's."""
    factor = 1 if measure in {"loss", "brier"} else TO_PERCENT
    numbers = result.metrics[measure]
    sd = np.nan if numbers["sd"] is None else factor * numbers["sd"]
    return {f"{measure}_mean": factor * numbers["mean"], f"{measure}_sd": sd}
