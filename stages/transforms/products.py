"""Matrix products in which a row's result depends on that row alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

# BLAS adds in another order in the last rows of a product with an odd number of them, and for a
# single row. With full blocks of float64, measured with OpenBLAS, no result depends on its place.
BLOCK = 128


def project(rows: npt.NDArray[Any], matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the product of (n, k) rows and a (k, m) matrix, the last block filled up with zeros.

    The result of a row is the same, to the last bit, whatever rows stand beside it.
    """
    product = np.empty((len(rows), matrix.shape[1]))
    block = np.zeros((BLOCK, rows.shape[1]))
    for start in range(0, len(rows), BLOCK):
        some = rows[start : start + BLOCK]
        block[: len(some)] = some
        product[start : start + BLOCK] = (block @ matrix)[: len(some)]
    return product
