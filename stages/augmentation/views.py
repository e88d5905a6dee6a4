"""Mirrored and moved pictures: other views of what the same labels are for."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class View:
    """Pictures as they look mirrored or moved; made when some are asked for.

    Attributes
    ----------
    pictures : ndarray of shape (n, height, width, channels)
    mirror : bool
        Left to right.
    down, right : int
        By how many pixels they are moved, after that; the pixels at the edge are repeated.
    """

    pictures: npt.NDArray[Any]
    mirror: bool
    down: int
    right: int

    def __len__(self) -> int:
        """Return n."""
        return len(self.pictures)

    def __getitem__(self, rows: slice) -> npt.NDArray[Any]:
        """Return some of them."""
        pictures = self.pictures[rows]
        _, height, width, _ = pictures.shape
        lines = np.clip(np.arange(height) - self.down, 0, height - 1)
        columns = np.clip(np.arange(width) - self.right, 0, width - 1)
        source = pictures[:, :, ::-1] if self.mirror else pictures
        return source[:, lines[:, np.newaxis], columns]


def views_of(pictures: npt.NDArray[Any], flip: bool, shift: int) -> list[View]:
    """Return what is not `pictures` themselves: moved along the diagonals, mirrored, and both."""
    diagonals = itertools.product((-shift, shift), repeat=2)
    moves = [(0, 0), *diagonals] if shift else [(0, 0)]
    mirrors = (False, True) if flip else (False,)
    return [View(pictures, mirror, *move) for mirror in mirrors for move in moves][1:]
