"""Jobs side by side in processes of their own, which end with this one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any

from joblib import Parallel, cpu_count
from joblib.externals.loky.process_executor import TerminatedWorkerError

from stages.runtime.errors import PipelineError
from stages.runtime.processes import stop_with


def side_by_side(jobs: Iterable[Any], n_jobs: int) -> Iterator[Any]:
    """Yield the results of joblib's delayed `jobs`, in order, from at most `n_jobs` processes.

    Raises
    ------
    PipelineError
        If one of the processes is killed.
    """
    workers = min(n_jobs, cpu_count())
    parallel = Parallel(
        n_jobs=workers, return_as="generator", initializer=stop_with, initargs=[os.getpid()]
    )
    try:
        yield from parallel(jobs)
    except TerminatedWorkerError:
        raise PipelineError(
            f"one of {workers} processes was killed: see whether memory ran out, run "
            "'dvc repro' to go on, with LOKY_MAX_CPU_COUNT=1 for one at a time"
        ) from None
