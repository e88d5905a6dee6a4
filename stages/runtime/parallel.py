"""Calls side by side in processes of their own, which end with this one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from joblib import Parallel, cpu_count, delayed, parallel_config
from joblib.externals.loky.process_executor import TerminatedWorkerError

from stages.runtime.errors import PipelineError
from stages.runtime.processes import stop_with

Item = TypeVar("Item")
Result = TypeVar("Result")


def ordered_map(
    function: Callable[[Item], Result], items: Iterable[Item], n_items: int
) -> Iterator[Result]:
    """Yield the result for each item, in the order of the items.

    There are as many processes as processors, or as `n_items`, with one thread of BLAS and of
    Numba each: what a call computes does not depend on how many run beside it.

    Parameters
    ----------
    function : callable
        Of a module, with one argument. It and the items are pickled for the processes; arrays
        that are memory maps are shared.
    items : iterable
    n_items : int
        How many there are, at most.

    Raises
    ------
    PipelineError
        If one of the processes is killed.
    """
    yield from _run(function, items, n_items, "generator")


def unordered_map(
    function: Callable[[Item], Result], items: Iterable[Item], n_items: int
) -> Iterator[Result]:
    """Yield the results of `ordered_map` as they come."""
    yield from _run(function, items, n_items, "generator_unordered")


def _run(
    function: Callable[[Item], Result], items: Iterable[Item], n_items: int, order: str
) -> Iterator[Result]:
    workers = max(1, min(n_items, cpu_count()))
    with parallel_config(
        "loky", inner_max_num_threads=1, initializer=_begin, initargs=[os.getpid()]
    ):
        parallel = Parallel(n_jobs=workers, return_as=order)
    try:
        yield from parallel(delayed(function)(item) for item in items)
    except TerminatedWorkerError:
        raise PipelineError(
            f"one of {workers} processes was killed: see whether memory ran out, run "
            "'dvc repro' to go on, with LOKY_MAX_CPU_COUNT=1 for one at a time"
        ) from None


def _begin(parent: int) -> None:
    """Begin a process: it ends with its parent, and its calls start none and no threads."""
    os.environ["LOKY_MAX_CPU_COUNT"] = "1"
    stop_with(parent)
