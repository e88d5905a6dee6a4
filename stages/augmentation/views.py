"""Mirrored and moved pictures: other views of what the same labels are for."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Pictures = npt.NDArray[Any]  # (n, height, width, channels)
Offsets = int | npt.NDArray[np.int64]
EDGES = ("repeat", "reflect")


def mirrored(pictures: Pictures) -> Pictures:
    """Return (n, height, width, channels) pictures mirrored left to right, without a copy."""
    return pictures[:, :, ::-1]


def moved(pictures: Pictures, down: Offsets, right: Offsets, edges: str = "repeat") -> Pictures:
    """Return pictures moved by whole pixels.

    Parameters
    ----------
    pictures : ndarray of shape (n, height, width, channels)
    down, right : int or ndarray of shape (n,)
        By how many pixels, all of them or each.
    edges : {"repeat", "reflect"}
        What comes in: the pixel at the edge again and again, or the picture reflected there.
    """
    n, height, width, _ = pictures.shape
    lines = places(height, np.reshape(down, (-1, 1)), edges)
    columns = places(width, np.reshape(right, (-1, 1)), edges)
    moved_pictures: Pictures = pictures[
        np.arange(n)[:, None, None], lines[:, :, None], columns[:, None, :]
    ]
    return moved_pictures


def places(length: int, distance: Offsets, edges: str) -> npt.NDArray[np.int64]:
    """Return which place of a line of pixels is at each of its places once it is moved."""
    sources: npt.NDArray[np.int64] = np.arange(length) - distance
    if edges == "reflect":
        sources = np.abs(sources)
        sources = np.minimum(sources, 2 * (length - 1) - sources)
    return np.clip(sources, 0, length - 1)


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
    edges : {"repeat", "reflect"}
        What comes in, see `moved`.
    """

    pictures: Pictures
    mirror: bool
    down: int
    right: int
    edges: str = "repeat"

    def __len__(self) -> int:
        """Return n."""
        return len(self.pictures)

    def __getitem__(self, rows: slice) -> Pictures:
        """Return some of them."""
        pictures = np.asarray(self.pictures[rows])
        pictures = mirrored(pictures) if self.mirror else pictures
        return moved(pictures, self.down, self.right, self.edges)


def views_of(pictures: Pictures, flip: bool, shift: int, edges: str = "repeat") -> list[View]:
    """Return what is not `pictures` themselves: moved along the diagonals, mirrored, and both."""
    diagonals = itertools.product((-shift, shift), repeat=2)
    moves = [(0, 0), *diagonals] if shift else [(0, 0)]
    mirrors = (False, True) if flip else (False,)
    return [
        View(pictures, mirror, down, right, edges) for mirror in mirrors for down, right in moves
    ][1:]
