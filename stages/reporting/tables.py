"""The report's tables as data frames of numbers, for CSV; `cells` has them as text."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from stages.claims.rules import BOOTSTRAP_SEED
from stages.claims.schema import Question
from stages.reporting.results import PERCENT, Result
from stages.statistics.comparisons import compare_paired, holm, mcnemar
from stages.statistics.intervals import t_interval

Pairs = list[tuple[Result, Result | None]]  # an experiment and its baseline, if it has one
DIGITS = 6


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

    `p_holm` is of sign flips over the seeds, corrected for the comparisons of this table,
    `p_mcnemar` of the pooled predictions. Where there is nothing to compare, all are NaN.
    """
    rows = [_accuracy(result) | _difference(result, baseline) for result, baseline in pairs]
    table = pd.DataFrame(rows).round(DIGITS)
    compared = table["p"].notna()
    table.loc[compared, "p_holm"] = holm(table.loc[compared, "p"])
    return table


def quality_table(pairs: Pairs) -> pd.DataFrame:
    """Return one row per experiment: fit, probabilities, zero weights, chosen values.

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
        | {name: PERCENT * numbers[name] for name in ("precision", "recall", "f1")}
        for result in results
        for numbers in result.metrics["per_class"]
    ]
    return pd.DataFrame(rows).round(2)


def _accuracy(result: Result) -> dict[str, Any]:
    values = result.per_seed("accuracy")
    low, high = t_interval(values) or (np.nan, np.nan)
    name = {"experiment": result.short_name}
    return name | spread(result, "accuracy") | {"accuracy_low": low, "accuracy_high": high}


def _difference(result: Result, baseline: Result | None) -> dict[str, Any]:
    names = ("baseline", "difference", "difference_low", "difference_high", "p", "p_mcnemar")
    one_seed = len(result.experiment.seeds) == 1
    if baseline is None or one_seed or not result.is_paired_with(baseline):
        return dict.fromkeys(names, np.nan)
    first, second = baseline.per_seed("accuracy"), result.per_seed("accuracy")
    # A new generator each time, so that no row depends on the rows above it.
    found = compare_paired(first, second, np.random.default_rng(BOOTSTRAP_SEED))
    p_mcnemar = mcnemar(baseline.correct, result.correct)
    return dict(zip(names, (baseline.short_name, *found, p_mcnemar), strict=True))


def _quality(result: Result) -> dict[str, Any]:
    row: dict[str, Any] = {"experiment": result.short_name}
    for measure in ("accuracy", "train_accuracy", "loss", "brier", "ece", "zero_weights"):
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
        "train": batches(list(experiment.train)),
        "test": batches(list(experiment.test)),
        "epochs": experiment.epochs,
        "seeds": len(experiment.seeds),
    }


def spread(result: Result, measure: str) -> dict[str, float]:
    """Return mean and standard deviation over the seeds, shares in percent; NaN for one seed's."""
    factor = 1 if measure in {"loss", "brier"} else PERCENT
    numbers = result.metrics[measure]
    sd = np.nan if numbers["sd"] is None else factor * numbers["sd"]
    return {f"{measure}_mean": factor * numbers["mean"], f"{measure}_sd": sd}


def batches(names: list[str]) -> str:
    """Return batch names in short: ``1``, ``1-5``, ``test``."""
    short = [name.removeprefix("data_batch_").removesuffix("_batch") for name in names]
    return "1-5" if short == list("12345") else ", ".join(short)
