"""What batch normalisation does to (n, channels) rows: compiled, a pass over memory each."""

from __future__ import annotations

import numpy as np

from stages.network.losses import Floats
from stages.runtime.compiled import compiled

ROWS = 256  # summed in the rows' own precision, before they are added to sums in float64


@compiled
def moments(rows: Floats) -> tuple[Floats, Floats]:
    """Return each channel's mean and variance, float64.

    Deviations are from the first row, so that nothing is lost where the mean is large.
    """
    n, channels = rows.shape
    sums, squares = np.zeros(channels), np.zeros(channels)
    part, part_squares = np.zeros(channels, rows.dtype), np.zeros(channels, rows.dtype)
    for start in range(0, n, ROWS):
        part[:] = 0
        part_squares[:] = 0
        for i in range(start, min(start + ROWS, n)):
            for k in range(channels):
                value = rows[i, k] - rows[0, k]
                part[k] += value
                part_squares[k] += value * value
        sums += part
        squares += part_squares
    means = sums / n
    return means + rows[0], np.maximum(squares / n - means * means, 0)


@compiled
def scale(rows: Floats, factors: Floats, offsets: Floats) -> None:
    """Multiply each channel by a factor and add an offset, in place."""
    for i in range(rows.shape[0]):
        for k in range(rows.shape[1]):
            rows[i, k] = rows[i, k] * factors[k] + offsets[k]


@compiled
def sums(deltas: Floats, y: Floats, bias: Floats) -> tuple[Floats, Floats]:
    """Return each channel's sums of the deltas, and of the deltas times ``y - bias``, float64."""
    n, channels = deltas.shape
    totals, products = np.zeros(channels), np.zeros(channels)
    part, part_products = np.zeros(channels, deltas.dtype), np.zeros(channels, deltas.dtype)
    for start in range(0, n, ROWS):
        part[:] = 0
        part_products[:] = 0
        for i in range(start, min(start + ROWS, n)):
            for k in range(channels):
                part[k] += deltas[i, k]
                part_products[k] += deltas[i, k] * (y[i, k] - bias[k])
        totals += part
        products += part_products
    return totals, products


@compiled
def subtract(
    deltas: Floats, y: Floats, bias: Floats, factors: Floats, means: Floats, products: Floats
) -> None:
    """Replace the deltas by factor * (delta - mean - (y - bias) * product), channel by channel."""
    for i in range(deltas.shape[0]):
        for k in range(deltas.shape[1]):
            rest = deltas[i, k] - means[k] - (y[i, k] - bias[k]) * products[k]
            deltas[i, k] = factors[k] * rest
