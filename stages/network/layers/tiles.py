"""Maps cut into transformed tiles, and tiles put together to maps: each other's transpose.

A tile is a square part X of a map, of all channels, and its transform is C X C^T, with one small
matrix C for all tiles. Maps are (height, width, n, channels), so that the innermost loops run over
the channels of many pictures, which are contiguous. Only the numbers that are not zero of C are
used.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from stages.network.losses import Floats
from stages.runtime.compiled import compiled

TERMS = 5  # the most numbers that are not zero in a line of a matrix


class Lines(NamedTuple):
    """The lines of a matrix, without its zeros.

    Attributes
    ----------
    counts : ndarray of shape (n_lines,), int64
    columns : ndarray of shape (n_lines, TERMS), int64
        Where the numbers are that are not zero; any column after the last of them.
    factors : ndarray of shape (n_lines, TERMS)
        These numbers; 0 after the last of them.
    """

    counts: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int64]
    factors: Floats


def lines_of(matrix: Floats, dtype: npt.DTypeLike) -> Lines:
    """Return the lines of a matrix of at most `TERMS` numbers in a line that are not zero."""
    counts = np.count_nonzero(matrix, axis=1)
    # A stable sort by "is zero" brings the others to the front, in their order.
    columns = np.argsort(matrix == 0, axis=1, kind="stable")[:, :TERMS]
    factors = np.take_along_axis(matrix, columns, axis=1)
    return Lines(counts, columns, factors.astype(dtype))


@compiled
def _combine(
    out: Floats,
    at: Any,
    source: Floats,
    places: npt.NDArray[np.int64],
    factors: Floats,
    count: int,
    n: Any,
    add: bool,
) -> None:
    """Write, or `add`, a weighted sum of parts of `source`, each of n numbers, to `out`."""
    # Unsigned, so that numba does not ask at each number whether an index counts from the end.
    o, n = numba.uintp(at), numba.uintp(n)
    p0, p1, p2 = numba.uintp(places[0]), numba.uintp(places[1]), numba.uintp(places[2])
    p3, p4 = numba.uintp(places[3]), numba.uintp(places[4])
    f0, f1, f2, f3, f4 = factors[0], factors[1], factors[2], factors[3], factors[4]
    if add:
        for i in range(n):
            out[o + i] += (
                f0 * source[p0 + i]
                + f1 * source[p1 + i]
                + f2 * source[p2 + i]
                + f3 * source[p3 + i]
                + f4 * source[p4 + i]
            )
    elif count <= 3:
        for i in range(n):
            out[o + i] = f0 * source[p0 + i] + f1 * source[p1 + i] + f2 * source[p2 + i]
    elif count == 4:
        for i in range(n):
            out[o + i] = (
                f0 * source[p0 + i]
                + f1 * source[p1 + i]
                + f2 * source[p2 + i]
                + f3 * source[p3 + i]
            )
    else:
        for i in range(n):
            out[o + i] = (
                f0 * source[p0 + i]
                + f1 * source[p1 + i]
                + f2 * source[p2 + i]
                + f3 * source[p3 + i]
                + f4 * source[p4 + i]
            )


@compiled
def cut(
    maps: Floats,
    first: int,
    n: int,
    row: int,
    step: int,
    border: int,
    lines: Lines,
    strip: Floats,
    tiles: Floats,
) -> None:
    """Transform the tiles of one row of tiles, of pictures `first` to ``first + n``.

    Parameters
    ----------
    maps : ndarray of shape (height, width, n_maps, channels)
    first, n, row : int
    step : int
        From one tile to the next.
    border : int
        How far the first tile begins outside; there, and behind the last line and column, are
        zeros.
    lines : Lines
        Of C, of shape (size, size of a tile).
    strip : ndarray of shape (size, columns, n, channels)
        For what is transformed downwards only. The columns outside must be zeros; they stay so.
    tiles : ndarray of shape (size, size, n_tiles, n, channels)
        Is written.
    """
    height, width, n_maps, channels = maps.shape
    size, columns, n_tiles = strip.shape[0], strip.shape[1], tiles.shape[2]
    source, middle, out = maps.reshape(-1), strip.reshape(-1), tiles.reshape(-1)
    length = n * channels
    places, factors = np.empty(TERMS, np.int64), np.empty(TERMS, maps.dtype)
    for i in range(size):
        for x in range(width):
            for term in range(TERMS):
                y = row * step - border + lines.columns[i, term]
                inside = 0 <= y < height
                factors[term] = lines.factors[i, term] if inside else 0
                places[term] = (((y if inside else 0) * width + x) * n_maps + first) * channels
            at = (i * columns + border + x) * length
            _combine(middle, at, source, places, factors, lines.counts[i], length, False)
    for tile in range(n_tiles):
        for i in range(size):
            for j in range(size):
                for term in range(TERMS):
                    places[term] = (i * columns + tile * step + lines.columns[j, term]) * length
                at = ((i * size + j) * n_tiles + tile) * length
                _combine(out, at, middle, places, lines.factors[j], lines.counts[j], length, False)


@compiled
def join(
    tiles: Floats,
    first: int,
    n: int,
    row: int,
    step: int,
    border: int,
    lines: Lines,
    strip: Floats,
    maps: Floats,
) -> None:
    """Transform tiles, and write one row of them to the maps; sum where they overlap.

    Rows are to be joined from the first to the last. The parameters are those of `cut`; `lines`
    are those of C, of shape (lines of a tile in the map, size).
    """
    height, width, n_maps, channels = maps.shape
    size, columns, n_tiles = strip.shape[0], strip.shape[1], tiles.shape[2]
    source, middle, out = tiles.reshape(-1), strip.reshape(-1), maps.reshape(-1)
    length, written = n * channels, len(lines.counts)
    places = np.empty(TERMS, np.int64)
    for i in range(size):
        for tile in range(n_tiles):
            for j in range(written):
                for term in range(TERMS):
                    column = lines.columns[j, term]
                    places[term] = ((i * size + column) * n_tiles + tile) * length
                at = (i * columns + tile * step + j) * length
                overlaps = tile > 0 and j < written - step
                _combine(
                    middle, at, source, places, lines.factors[j], lines.counts[j], length, overlaps
                )
    for i in range(written):
        y = row * step - border + i
        if not 0 <= y < height:
            continue
        overlaps = row > 0 and i < written - step
        for x in range(width):
            for term in range(TERMS):
                places[term] = (lines.columns[i, term] * columns + border + x) * length
            at = ((y * width + x) * n_maps + first) * channels
            _combine(out, at, middle, places, lines.factors[i], lines.counts[i], length, overlaps)
