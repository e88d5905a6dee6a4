"""Which classes an experiment takes for which others."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stages.evaluation.predictions import Predictions


class Pair(NamedTuple):
    """A true class, the one that is often named instead, and how often, of the true class's."""

    actual: int
    predicted: int
    share: float


def most_confused(counts: npt.NDArray[np.int64], most: int) -> list[Pair]:
    """Return the cells beside the diagonal of a confusion matrix that have the largest shares.

    Parameters
    ----------
    counts : ndarray of shape (n_classes, n_classes)
        Of answers, true classes in rows.
    most : int
        At most so many; fewer where fewer classes are mistaken at all.
    """
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    np.fill_diagonal(shares, 0)
    order = np.argsort(-shares, axis=None, kind="stable")[:most]
    cells = (divmod(int(place), len(counts)) for place in order)
    return [
        Pair(row, column, float(shares[row, column]))
        for row, column in cells
        if shares[row, column]
    ]


def surest_mistakes(
    predictions: Predictions, actual: int, predicted: int | None = None
) -> npt.NDArray[np.intp]:
    """Return the test pictures of a class that all networks together mistake, the surest first.

    Parameters
    ----------
    predictions : Predictions
    actual : int
    predicted : int, optional
        Only those that are taken for this class.
    """
    answer = predictions.likely[:, 0]
    wrong = (predictions.labels == actual) & (answer != actual)
    if predicted is not None:
        wrong &= answer == predicted
    rows = np.flatnonzero(wrong)
    return rows[np.argsort(-predictions.likelihoods[rows, 0].astype(np.float64), kind="stable")]
