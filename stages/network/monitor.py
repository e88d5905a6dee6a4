"""How a network does on other samples while it is trained: for curves, and nothing else."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from stages.network.losses import Floats, Labels, log_softmax
from stages.network.model import Network

CURVE = np.dtype([("epoch", np.int64), ("loss", np.float64), ("accuracy", np.float64)])
# An answer takes at most this part of the time of training on a sample, with one layer or three
# (README says how it was measured); all answers shall take no more than that part of a training.
ANSWER = 0.44
SHARE = 0.08


def epochs_between(n_training: int, n_monitored: int) -> int:
    """Return after how many epochs to measure again, so that it takes `SHARE` of the training."""
    return max(1, math.ceil(ANSWER * n_monitored / (SHARE * n_training)))


class Monitor:
    """Measures a network after the first epoch, every so many epochs, and after the last.

    Nothing is chosen by what it finds, so that the samples may be those of the test.

    Parameters
    ----------
    X : ndarray of shape (n, n_features)
        May be a read-only memory map.
    y : ndarray of shape (n,), int64
        Classes; -1 is one that the network does not know, whose samples count as wrong and have
        no part in the loss.
    n_training : int
        On how many samples the network is trained in an epoch.
    """

    def __init__(self, X: npt.NDArray[Any], y: Labels, n_training: int) -> None:
        self.X = X
        self.y = y
        self.every = epochs_between(n_training, len(X))
        self.rows: list[tuple[int, float, float]] = []

    def record(self, network: Network, epoch: int, is_last: bool) -> None:
        """Measure `network` after `epoch` epochs, if it is time to; the caller limits threads."""
        if not (is_last or epoch == 1 or epoch % self.every == 0):
            return
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows is no number there
            log_proba = log_softmax(network.logits(self.X))
            right = log_proba.argmax(axis=1) == self.y
            known = np.flatnonzero(self.y >= 0)
            loss = -log_proba[known, self.y[known]].mean(dtype=np.float64)
        self.rows.append((epoch, float(loss), float(right.mean())))

    @property
    def curve(self) -> npt.NDArray[np.void]:
        """The epochs, counted from 1, the mean cross-entropy in nats, and the accuracy."""
        return np.array(self.rows, dtype=CURVE)

    def state(self) -> tuple[dict[str, Floats], dict[str, Any]]:
        """Return what was measured, as arrays and a value for JSON."""
        return {}, {"rows": self.rows}

    def restore(self, arrays: dict[str, Floats], rest: dict[str, Any]) -> None:
        """Restore what `state` gave."""
        self.rows = [(epoch, loss, accuracy) for epoch, loss, accuracy in rest["rows"]]
