"""The kind of processor, as far as it decides the bytes of results."""

from __future__ import annotations

from functools import cache

from threadpoolctl import threadpool_info


@cache
def kind() -> str:
    """Return what BLAS takes the processor for: it adds in another order on another kind."""
    kernels = {str(library.get("architecture", "")) for library in threadpool_info()}
    return " ".join(sorted(kernels - {""}))
