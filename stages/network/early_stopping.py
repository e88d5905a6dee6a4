"""Stop when a held-out score no longer rises, and return to the best weights."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import train_test_split

from stages.network.losses import Floats, Labels
from stages.network.model import Network


def hold_out(y: Labels, fraction: float, seed: int) -> list[Labels]:
    """Split samples at random: return the rows to train on, and those held out.

    Every class keeps its share in both parts, unless there are too few samples for that.
    """
    counts = np.bincount(y)
    n_held_out = math.ceil(fraction * len(y))
    room = min(n_held_out, len(y) - n_held_out) >= len(counts) and counts.min() > 1
    parts: list[Labels] = train_test_split(
        np.arange(len(y)),
        test_size=n_held_out,
        stratify=y if room else None,
        random_state=seed,
    )
    return parts


class EarlyStopping:
    """Remember the network of the best validation score.

    Parameters
    ----------
    patience : int
        How many epochs in a row may pass without a better score.
    X : ndarray of shape (n, n_features)
    y : ndarray of shape (n,), int64
        The held-out samples; the score is the accuracy on them.
    """

    def __init__(self, patience: int, X: npt.NDArray[Any], y: Labels) -> None:
        self.patience = patience
        self.X = X
        self.y = y
        self.scores: list[float] = []
        self.best: list[Floats] = []

    def record(self, network: Network) -> None:
        """Score the network after an epoch; copy its weights if it is the best so far."""
        score = float((network.logits(self.X).argmax(axis=1) == self.y).mean())
        if not self.scores or score > max(self.scores):
            self.best = [array.copy() for array in (*network.parameters, *network.kept)]
        self.scores.append(score)

    @property
    def exhausted(self) -> bool:
        """Whether `patience` epochs have passed since the best one."""
        if not self.scores:
            return False
        best_epoch = self.scores.index(max(self.scores))
        return len(self.scores) - 1 - best_epoch >= self.patience

    def put_back(self, network: Network) -> None:
        """Give the network its best weights."""
        for array, best in zip((*network.parameters, *network.kept), self.best, strict=True):
            array[:] = best

    def state(self) -> tuple[dict[str, Floats], dict[str, Any]]:
        """Return arrays, and a value for JSON, from which to go on."""
        return {f"best_{i}": best for i, best in enumerate(self.best)}, {"scores": self.scores}

    def restore(self, arrays: dict[str, Floats], rest: dict[str, Any]) -> None:
        """Restore what `state` gave."""
        self.scores = rest["scores"]
        names = [name for name in arrays if name.startswith("best_")]
        self.best = [arrays[f"best_{i}"] for i in range(len(names))]
