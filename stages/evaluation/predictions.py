"""What the report needs of an experiment's networks beyond their metrics, as one .npz file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from stages.runtime.errors import PipelineError
from stages.runtime.npz import load_npz, save_npz

FORMAT = "predictions 3"
IN_HEADER = ("train", "test", "is_complete", "picture_shape")


class Predictions(NamedTuple):
    """What an experiment's networks answered, and how they got there.

    Attributes
    ----------
    predicted : ndarray of shape (n_seeds, n_test), of an unsigned integer type
        Classes, one row for each seed in the order of the experiment's.
    labels : ndarray of shape (n_test,), of the same type
        The true classes.
    first_weights : ndarray of shape (n_features, n_units), float32
        Weights of the first layer of the first seed's network.
    loss, net_loss : ndarray of shape (n_seeds, n_epochs), float64
        Training loss with and without the penalty; NaN after an early stop.
    test_loss, test_accuracy : ndarray of shape (n_seeds, n_epochs), float64
        On the test pictures while it was trained; NaN where they were not asked.
    train, test : list of str
        The batches of its split.
    is_complete : bool
        Whether those are all batches of the dataset.
    picture_shape : list of int or None
        Height, width and channels of the pictures that the networks saw; None if they saw other
        features.
    """

    predicted: npt.NDArray[np.unsignedinteger[Any]]
    labels: npt.NDArray[np.unsignedinteger[Any]]
    first_weights: npt.NDArray[Any]
    loss: npt.NDArray[np.float64]
    net_loss: npt.NDArray[np.float64]
    test_loss: npt.NDArray[np.float64]
    test_accuracy: npt.NDArray[np.float64]
    train: list[str]
    test: list[str]
    is_complete: bool
    picture_shape: list[int] | None


def smallest(
    classes: npt.NDArray[np.integer[Any]], n_classes: int
) -> npt.NDArray[np.unsignedinteger[Any]]:
    """Return classes from 0 to ``n_classes - 1`` as the smallest type that has them all."""
    return classes.astype(np.min_scalar_type(n_classes - 1))


def save_predictions(path: Path, predictions: Predictions) -> None:
    """Write the arrays; the same arrays give the same bytes."""
    arrays = predictions._asdict()
    header = {name: arrays.pop(name) for name in IN_HEADER}
    save_npz(path, {"format": FORMAT, **header}, arrays)


def load_predictions(path: Path) -> Predictions:
    """Read what `save_predictions` wrote.

    Raises
    ------
    PipelineError
        If the file is missing, damaged, or its arrays are not those of one experiment.
    """
    header, arrays = load_npz(path)
    fields: dict[str, Any] = {**{name: header.get(name) for name in IN_HEADER}, **arrays}
    if header.get("format") != FORMAT or set(fields) != set(Predictions._fields):
        raise PipelineError(f"{path} holds no predictions: delete it, run 'dvc repro'")
    predictions = Predictions(**fields)
    if predictions.predicted.shape != (len(predictions.loss), len(predictions.labels)):
        raise PipelineError(f"{path} is damaged (its shapes differ): delete it, run 'dvc repro'")
    return predictions
