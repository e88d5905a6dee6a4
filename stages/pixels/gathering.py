"""Rows of bytes gathered and scaled in one pass over memory: compiled."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stages.runtime.compiled import compiled_exactly


@compiled_exactly
def gather(
    stored: npt.NDArray[np.uint8],
    rows: npt.NDArray[np.int64],
    factor: np.float32,
    offset: np.float32,
    out: npt.NDArray[np.float32],
) -> None:
    """Write ``stored[rows] * factor + offset`` to `out`, with a rounding after each step."""
    for i in range(len(rows)):
        row = rows[i]
        for j in range(stored.shape[1]):
            out[i, j] = np.float32(stored[row, j]) * factor + offset
