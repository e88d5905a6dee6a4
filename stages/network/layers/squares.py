"""Maxima of squares of places, and the way back: compiled."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from stages.network.losses import Floats
from stages.runtime.compiled import compiled

Where = npt.NDArray[np.uint8]


@compiled
def largest(x: Floats, size: int, y: Floats, where: Where) -> None:
    """Write the largest number of each square, and which place of it that is, line by line.

    Parameters
    ----------
    x : ndarray of shape (height, width, n, channels)
    size : int
    y, where : ndarray of shape (height // size, width // size, n, channels)
        Are written.
    """
    length, columns = x.shape[2] * x.shape[3], y.shape[1]
    source, out, places = x.reshape(-1), y.reshape(-1), where.reshape(-1)
    for row in range(y.shape[0]):
        for column in range(columns):
            at = numba.uintp((row * columns + column) * length)
            for place in range(size * size):
                line, offset = row * size + place // size, column * size + place % size
                start = numba.uintp((line * x.shape[1] + offset) * length)
                _compare(source, start, numba.uint8(place), out, places, at, numba.uintp(length))


@compiled
def _compare(
    source: Floats, start: Any, place: Any, out: Floats, places: Where, at: Any, n: Any
) -> None:
    if place == 0:
        for i in range(n):
            out[at + i] = source[start + i]
            places[at + i] = 0
        return
    for i in range(n):
        value, best = source[start + i], out[at + i]
        larger = value > best
        out[at + i] = value if larger else best
        places[at + i] = place if larger else places[at + i]


@compiled
def spread(delta: Floats, where: Where, size: int, dx: Floats) -> None:
    """Write delta to the places of the largest numbers, and 0 to the others of their squares.

    Parameters
    ----------
    delta, where : ndarray of shape (height // size, width // size, n, channels)
    size : int
    dx : ndarray of shape (height, width, n, channels)
        Is written; places that are in no square stay as they are.
    """
    length, columns = dx.shape[2] * dx.shape[3], delta.shape[1]
    source, out, places = delta.reshape(-1), dx.reshape(-1), where.reshape(-1)
    for row in range(delta.shape[0]):
        for column in range(columns):
            at = numba.uintp((row * columns + column) * length)
            for place in range(size * size):
                line, offset = row * size + place // size, column * size + place % size
                start = numba.uintp((line * dx.shape[1] + offset) * length)
                for i in range(numba.uintp(length)):
                    here = places[at + i] == place
                    out[start + i] = source[at + i] if here else 0
