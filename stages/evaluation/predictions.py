"""What the report needs of an experiment's networks beyond their metrics, as one .npz file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from stages.network.npz import load_npz, save_npz
from stages.runtime.errors import PipelineError

FORMAT = "predictions 1"


class Predictions(NamedTuple):
    """What an experiment's networks answered, and how they got there.

    Attributes
    ----------
    predicted : ndarray of shape (n_seeds, n_test), uint8
        Classes, one row for each seed in the order of the experiment's.
    labels : ndarray of shape (n_test,), uint8
        The true classes.
    first_weights : ndarray of shape (n_features, n_units), float32
        Weights of the first layer of the first seed's network.
    loss, net_loss : ndarray of shape (n_seeds, n_epochs), float64
        Training loss with and without the penalty; NaN after an early stop.
    """

    predicted: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8]
    first_weights: npt.NDArray[Any]
    loss: npt.NDArray[np.float64]
    net_loss: npt.NDArray[np.float64]


def save_predictions(path: Path, predictions: Predictions) -> None:
    """Write the arrays; the same arrays give the same bytes."""
    save_npz(path, {"format": FORMAT}, predictions._asdict())


def load_predictions(path: Path) -> Predictions:
    """Read what `save_predictions` wrote.

    Raises
    ------
    PipelineError
        If the file is missing, damaged, or its arrays are not those of one experiment.
    """
    header, arrays = load_npz(path)
    if header.get("format") != FORMAT or set(arrays) != set(Predictions._fields):
        raise PipelineError(f"{path} holds no predictions: delete it, run 'dvc repro'")
    predictions = Predictions(**arrays)
    if predictions.predicted.shape != (len(predictions.loss), len(predictions.labels)):
        raise PipelineError(f"{path} is damaged (its shapes differ): delete it, run 'dvc repro'")
    return predictions
