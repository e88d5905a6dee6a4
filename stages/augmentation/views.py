"""Mirrored and moved pictures: other views of what the same labels are for."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Pictures = npt.NDArray[Any]  # (n, height, width, channels)
Offsets = int | npt.NDArray[np.int64]


def mirrored(pictures: Pictures) -> Pictures:
    """Return (n, height, width, channels) pictures mirrored left to right, without a copy."""
    return pictures[:, :, ::-1]


def moved(pictures: Pictures, down: Offsets, right: Offsets) -> Pictures:
    """Return pictures moved by whole pixels; the pixels at the edge are repeated.

    Parameters
    ----------
    pictures : ndarray of shape (n, height, width, channels)
    down, right : int or ndarray of shape (n,)
        By how many pixels, all of them or each.
    """
    n, height, width, _ = pictures.shape
    lines = np.clip(np.arange(height) - np.reshape(down, (-1, 1)), 0, height - 1)
    columns = np.clip(np.arange(width) - np.reshape(right, (-1, 1)), 0, width - 1)
    moved_pictures: Pictures = pictures[
        np.arange(n)[:, None, None], lines[:, :, None], columns[:, None, :]
    ]
    return moved_pictures


@dataclass(frozen=True)
class View:
    """Pictures as they look mirrored or moved; made when some are asked for.

    Attributes
    ----------
    pictures : ndarray of shape (n, height, width, channels)
    mirror : bool
        Left to right.
    down, right : int
        By how many pixels they are moved, after that.
    """

    pictures: Pictures
    mirror: bool
    down: int
    right: int

    def __len__(self) -> int:
        """Return n."""
        return len(self.pictures)

    def __getitem__(self, rows: slice) -> Pictures:
        """Return some of them."""
        pictures = self.pictures[rows]
        return moved(mirrored(pictures) if self.mirror else pictures, self.down, self.right)


def views_of(pictures: Pictures, flip: bool, shift: int) -> list[View]:
    """Return what is not `pictures` themselves: moved along the diagonals, mirrored, and both."""
    diagonals = itertools.product((-shift, shift), repeat=2)
    moves = [(0, 0), *diagonals] if shift else [(0, 0)]
    mirrors = (False, True) if flip else (False,)
    return [View(pictures, mirror, *move) for mirror in mirrors for move in moves][1:]
