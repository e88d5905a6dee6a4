"""What the report needs of an experiment's networks beyond their metrics, as one .npz file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from stages.runtime.errors import PipelineError
from stages.runtime.npz import load_npz, save_npz

FORMAT = "predictions 4"
MOST_UNITS = 64  # whose weights are kept
MOST_ANSWERS = 3  # of each picture
IN_HEADER = ("train", "test", "is_complete", "picture_shape")


class Predictions(NamedTuple):
    """What an experiment's networks answered, and how they got there.

    Attributes
    ----------
    predicted : ndarray of shape (n_seeds, n_test), of an unsigned integer type
        Classes, one row for each seed in the order of the experiment's.
    labels : ndarray of shape (n_test,), of the same type
        The true classes.
    likely : ndarray of shape (n_test, 3 or n_classes), of the same type
        The most probable classes by the mean answer of all networks, the most probable first.
    likelihoods : ndarray of the shape of `likely`, float16
        Their probabilities, calibrated.
    first_layer : ndarray of shape (n_units, n_features), int8
        Weights that lead to the first units of the first seed's network, each unit's in 127ths
        of its largest; no units where the features are no pixels.
    loss, net_loss : ndarray of shape (n_seeds, n_epochs), float64
        Training loss with and without the penalty; NaN after an early stop.
    test_loss, test_accuracy : ndarray of shape (n_seeds, n_epochs), float64
        On the test pictures while it was trained; NaN where they were not asked.
    train, test : list of str
        The batches of its split.
    is_complete : bool
        Whether those are all batches of the dataset.
    picture_shape : list of int or None
        Height, width and channels of a unit's picture, that of a convolution's part; None if the
        networks saw other features.
    """

    predicted: npt.NDArray[np.unsignedinteger[Any]]
    labels: npt.NDArray[np.unsignedinteger[Any]]
    likely: npt.NDArray[np.unsignedinteger[Any]]
    likelihoods: npt.NDArray[np.float16]
    first_layer: npt.NDArray[np.int8]
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


def likeliest(
    proba: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.unsignedinteger[Any]], npt.NDArray[np.float16]]:
    """Return `likely` and `likelihoods` of (n, n_classes) probabilities; of equals, the first."""
    order = np.argsort(-proba, axis=1, kind="stable")[:, :MOST_ANSWERS]
    values = np.take_along_axis(proba, order, axis=1).astype(np.float16)
    return smallest(order, proba.shape[1]), values


def first_layer(weights: npt.NDArray[Any]) -> npt.NDArray[np.int8]:
    """Return (n_features, n_units) weights as `Predictions` keeps them."""
    units = weights.T[:MOST_UNITS].astype(np.float64)
    largest = np.maximum(np.abs(units).max(axis=1, keepdims=True), np.finfo(np.float64).tiny)
    scaled: npt.NDArray[np.float64] = np.round(units / largest * np.iinfo(np.int8).max)
    return scaled.astype(np.int8)


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
