"""Which mistakes of an experiment are worth a look."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from stages.evaluation.predictions import Predictions
from stages.runtime.files import write_text


class Mistake(NamedTuple):
    """A test picture, its class, the wrong one that most networks gave, and how many did."""

    row: int
    actual: int
    predicted: int
    n_networks: int


def common_mistakes(predictions: Predictions, n_classes: int, per_class: int) -> list[Mistake]:
    """Return for each class the pictures that most networks take for the same wrong class.

    Parameters
    ----------
    predictions : Predictions
    n_classes : int
    per_class : int
        At most so many of each class, of equals the first in the test batch; classes without a
        mistake have none.
    """
    votes = np.stack([(predictions.predicted == k).sum(axis=0) for k in range(n_classes)], axis=1)
    votes[np.arange(len(votes)), predictions.labels] = 0
    most = votes.max(axis=1)
    order = np.argsort(-most, kind="stable")
    rows = [
        row
        for actual in range(n_classes)
        for row in order[(predictions.labels[order] == actual) & (most[order] > 0)][:per_class]
    ]
    return [
        Mistake(int(row), int(predictions.labels[row]), int(votes[row].argmax()), int(most[row]))
        for row in rows
    ]


def write_mistakes(path: Path, mistakes: list[Mistake], class_names: list[str]) -> None:
    """Write a CSV of test pictures, counted from 0, with their classes and the answers."""
    rows = [
        {
            "picture": one.row,
            "class": class_names[one.actual],
            "answer": class_names[one.predicted],
            "networks": one.n_networks,
        }
        for one in mistakes
    ]
    columns = ["picture", "class", "answer", "networks"]
    write_text(path, pd.DataFrame(rows, columns=columns).to_csv(index=False, lineterminator="\n"))
