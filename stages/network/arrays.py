"""Array work that NumPy alone would do in two passes over memory."""

from __future__ import annotations

from scipy.linalg.blas import daxpy, saxpy

from stages.network.losses import Floats


def add_scaled(target: Floats, factor: float, source: Floats) -> None:
    """Add ``factor * source`` to `target`, both C-contiguous float32 or float64, in place.

    One pass of BLAS's axpy; with NumPy it takes two, and a temporary array.
    """
    axpy = saxpy if target.dtype == "float32" else daxpy
    axpy(source.reshape(-1), target.reshape(-1), a=factor)
