"""Functions compiled by numba, for what NumPy would do in several passes over memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Compile a function of arrays and numbers, for one thread.

    A product and a sum may become one operation with one rounding, where the processor has it;
    nothing else of the arithmetic is changed, so that the same kind of processor gives the same
    bytes.
    """
    return _compile(function, fastmath={"contract"})


def compiled_exactly(function: Function) -> Function:
    """Compile likewise, with every rounding that NumPy would make."""
    return _compile(function, fastmath=False)


def _compile(function: Function, fastmath: set[str] | bool) -> Function:
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": fastmath}
    try:
        # Beside the module: to compile all of them takes ten seconds.
        made = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # no folder that it can be written to
        made = numba.njit(**options)(function)
    return cast("Function", made)
