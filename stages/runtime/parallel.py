"""Calls side by side: in processes, which end with this one, or on a cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from joblib import Parallel, cpu_count, delayed, parallel_config
from joblib.externals.loky.process_executor import TerminatedWorkerError
from joblib.parallel import BACKENDS
from threadpoolctl import threadpool_limits

from stages.runtime.cluster import ADDRESS, call_for, run_on_cluster
from stages.runtime.errors import PipelineError
from stages.runtime.processes import stop_with

Item = TypeVar("Item")
Result = TypeVar("Result")


def ordered_map(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    n_items: int,
    reads: Sequence[Path] | None = None,
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
    reads : sequence of Path, optional
        Files and folders that the calls read, by relative paths. Where ``DASK_SCHEDULER_ADDRESS``
        is set, the calls go to that cluster, whose workers must have the same; without `reads`
        they stay here.

    Raises
    ------
    PipelineError
        If one of the processes is killed, or a cluster cannot do the work.
    """
    yield from _run(function, items, n_items, reads, in_order=True)


def unordered_map(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    n_items: int,
    reads: Sequence[Path] | None = None,
) -> Iterator[Result]:
    """Yield the results of `ordered_map` as they come."""
    yield from _run(function, items, n_items, reads, in_order=False)


def _run(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    n_items: int,
    reads: Sequence[Path] | None,
    *,
    in_order: bool,
) -> Iterator[Result]:
    if (address := os.environ.get(ADDRESS)) and reads is not None and n_items:
        yield from run_on_cluster(address, call_for(function, reads), items, in_order=in_order)
    else:
        order = "generator" if in_order else "generator_unordered"
        yield from _run_here(function, items, n_items, order)


def _run_here(
    function: Callable[[Item], Result], items: Iterable[Item], n_items: int, order: str
) -> Iterator[Result]:
    # Without semaphores, as in some sandboxes, joblib has no processes.
    workers = max(1, min(n_items, cpu_count())) if "loky" in BACKENDS else 1
    if workers == 1:
        for item in items:
            with threadpool_limits(1):
                result = function(item)
            yield result
        return
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
