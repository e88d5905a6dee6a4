"""Which mistakes of an experiment are worth a look."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from stages.evaluation.pairs import surest_mistakes
from stages.evaluation.predictions import Predictions
from stages.runtime.files import write_text


class Mistake(NamedTuple):
    """A test picture, its class, the wrong one that all networks together give, and how surely.

    `n_networks` is how many of them give it by themselves.
    """

    row: int
    actual: int
    predicted: int
    confidence: float
    n_networks: int


def surest(predictions: Predictions, n_classes: int, per_class: int) -> list[Mistake]:
    """Return for each class the mistakes that the networks together are surest of.

    Parameters
    ----------
    predictions : Predictions
    n_classes : int
    per_class : int
        At most so many of each class; classes without a mistake have none.
    """
    rows = [
        row
        for actual in range(n_classes)
        for row in surest_mistakes(predictions, actual)[:per_class].tolist()
    ]
    return [mistake_at(predictions, row) for row in rows]


def mistake_at(predictions: Predictions, row: int) -> Mistake:
    """Return what is said of one test picture."""
    answer = predictions.likely[row, 0]
    return Mistake(
        row,
        int(predictions.labels[row]),
        int(answer),
        float(predictions.likelihoods[row, 0]),
        int((predictions.predicted[:, row] == answer).sum()),
    )


def write_mistakes(path: Path, mistakes: list[Mistake], class_names: list[str]) -> None:
    """Write a CSV of test pictures, counted from 0, with their classes and the answers."""
    rows = [
        {
            "picture": one.row,
            "class": class_names[one.actual],
            "answer": class_names[one.predicted],
            "confidence": round(one.confidence, 4),
            "networks": one.n_networks,
        }
        for one in mistakes
    ]
    columns = ["picture", "class", "answer", "confidence", "networks"]
    write_text(path, pd.DataFrame(rows, columns=columns).to_csv(index=False, lineterminator="\n"))
