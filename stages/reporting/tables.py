"""The report's tables, as data frames of numbers and as text with error bars."""

from __future__ import annotations

from typing import Any

import pandas as pd

from stages.reporting.results import Result

PERCENT = 100


def experiments_table(results: list[Result]) -> pd.DataFrame:
    """Return one row per experiment: what it was, and mean and spread of what came of it.

    Accuracies are in percent, losses in nats.
    """
    return pd.DataFrame([_row(result) for result in results])


def _row(result: Result) -> dict[str, Any]:
    experiment, metrics = result.experiment, result.metrics
    row: dict[str, Any] = {
        "experiment": result.name,
        "preprocessing": experiment.preprocessing,
        "hidden layers": "-".join(map(str, experiment.hidden_layer_sizes)) or "none",
        "train": batches(experiment.train),
        "test": batches(experiment.test),
        "learning rate": experiment.learning_rate,
        "epochs": experiment.epochs,
        "seeds": len(experiment.seeds),
    }
    for name, factor in (("accuracy", PERCENT), ("loss", 1), ("train_accuracy", PERCENT)):
        for part in ("mean", "sd"):
            value = metrics[name][part]
            row[f"{name}_{part}"] = None if value is None else round(value * factor, 4)
    return row


def classes_table(results: list[Result]) -> pd.DataFrame:
    """Return one row per experiment and class: precision, recall and F1, in percent."""
    rows = []
    for result in results:
        for numbers in result.metrics["per_class"]:
            row = {"experiment": result.name, "class": numbers["class"]}
            for name in ("precision", "recall", "f1"):
                row[name] = round(numbers[name] * PERCENT, 2)
            rows.append(row)
    return pd.DataFrame(rows)


def readable(table: pd.DataFrame) -> pd.DataFrame:
    """Return the experiments' table with each mean and spread joined to one cell of text."""
    shown = table.drop(columns=[c for c in table.columns if str(c).endswith(("_mean", "_sd"))])
    for name, title, digits in (
        ("accuracy", "accuracy %", 2),
        ("loss", "loss", 3),
        ("train_accuracy", "train accuracy %", 2),
    ):
        cells = zip(table[f"{name}_mean"], table[f"{name}_sd"], strict=True)
        shown[title] = [plus_minus(mean, sd, digits) for mean, sd in cells]
    return shown


def plus_minus(mean: float, sd: float | None, digits: int) -> str:
    """Return ``mean ± sd``, or the mean alone where there is one seed only."""
    if sd is None or pd.isna(sd):
        return f"{mean:.{digits}f}"
    return f"{mean:.{digits}f} ± {sd:.{digits}f}"


def batches(names: list[Any]) -> str:
    """Return batch names in short: ``1``, ``1-5``, ``test``."""
    short = [name.removeprefix("data_batch_").removesuffix("_batch") for name in names]
    return "1-5" if short == list("12345") else ", ".join(short)
