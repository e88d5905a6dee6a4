"""Calls on a Dask cluster, whose workers have this project's code, packages and features."""

from __future__ import annotations

import logging
import os
import platform
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from stages.runtime.digest import digest_of
from stages.runtime.errors import PipelineError
from stages.runtime.processor import kind

ADDRESS = "DASK_SCHEDULER_ADDRESS"
PATIENCE_SECONDS = 30
PACKAGES = ("numpy", "scipy", "scikit-learn", "scikit-image", "numba", "joblib")
CODE = Path(__file__).parents[1]
# What differs from worker to worker without changing more than the last digits.
KIND = "processor"


class UnwantedError(Exception):
    """Nobody waits for this call any more."""


def run_on_cluster(
    address: str, call: Call, items: Iterable[Any], *, in_order: bool
) -> Iterator[Any]:
    """Yield the results of a call for some items, in their order or as they come.

    (Not by joblib's backend for Dask: where the cluster has one core, that computes here.)

    Raises
    ------
    PipelineError
        If the cluster cannot do the work, or is gone.
    """
    with _client_of(address) as client:
        distributed = sys.modules["distributed"]
        futures = client.map(call, list(items), pure=False)
        try:
            for future in (
                futures if in_order else distributed.as_completed(futures, loop=client.loop)
            ):
                yield future.result()
        except distributed.KilledWorker as error:
            raise PipelineError(
                f"workers at {address} were killed ({_line(error)}): see whether their memory ran "
                "out, run 'dvc repro' to go on"
            ) from None
        except (distributed.comm.CommClosedError, CancelledError) as error:
            raise PipelineError(
                f"the cluster at {address} is gone ({_line(error)}): start it anew, or unset "
                f"{ADDRESS} and run 'dvc repro', which goes on from what is done"
            ) from None


@contextmanager
def _client_of(address: str) -> Iterator[Any]:
    """Connect to a scheduler whose workers are all able to do the work of this process.

    Raises
    ------
    PipelineError
        If Dask is not installed, nobody answers, there is no worker, or one has other code or
        packages.
    """
    try:
        # By name: no result depends on Dask, so that another version makes nothing run again.
        distributed = import_module("distributed")
    except ModuleNotFoundError:
        raise PipelineError(
            f"{ADDRESS} is set, but Dask is not installed: pip install 'cifar-softmax[cluster]', "
            "or unset it to run here"
        ) from None
    try:
        with warnings.catch_warnings():
            # Which versions may differ, and which may not, is said below.
            warnings.simplefilter("ignore", distributed.versions.VersionMismatchWarning)
            client = distributed.Client(address, timeout=PATIENCE_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise PipelineError(
            f"{ADDRESS}: no scheduler answers at {address} ({_line(error)}): start 'python -m "
            "dask scheduler' in the project's folder, or unset it to run here"
        ) from None
    # It logs a lost connection with a traceback; what to do is said in one line, by an error.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    with client:
        try:
            client.wait_for_workers(1, timeout=PATIENCE_SECONDS)
        except TimeoutError:
            raise PipelineError(
                f"the scheduler at {address} has no worker: start 'python -m dask worker "
                f"{address}' in the project's folder"
            ) from None
        _check(client)
        yield client


@dataclass(frozen=True)
class Call:
    """A function, and what a worker must have before it calls it.

    Attributes
    ----------
    function : callable
    reads : tuple of (str, str)
        Relative paths of the files and folders that it reads, with their digests.
    """

    function: Callable[[Any], Any]
    reads: tuple[tuple[str, str], ...]

    def __call__(self, item: Any) -> Any:
        """Call it, with one thread of BLAS, if all is there."""
        os.environ["LOKY_MAX_CPU_COUNT"] = "1"  # a call starts no processes of its own
        for name, expected in self.reads:
            here = Path.cwd() / name
            if not here.exists():
                raise PipelineError(f"{_me()} has no {here}: run 'dvc pull {name}' there")
            if digest_of(Path(name)) != expected:
                raise PipelineError(f"{_me()} has another {here}: run 'dvc pull {name}' there")
        with threadpool_limits(1):
            return self.function(item)


def call_for(function: Callable[[Any], Any], reads: Sequence[Path]) -> Call:
    """Return what workers are to call, with digests of what it reads."""
    return Call(function, tuple((path.as_posix(), digest_of(path)) for path in reads))


def still_wanted(*_: object) -> None:
    """Raise an `UnwantedError` on a worker whose client is gone; do nothing elsewhere.

    Locally, processes end with the one that started them; a worker's threads cannot be ended.
    """
    if (distributed := sys.modules.get("distributed")) is None:
        return
    try:
        worker = distributed.get_worker()
    except ValueError:
        return
    task = worker.state.tasks.get(worker.get_current_task())
    if task is None or task.state not in ("executing", "long-running"):
        raise UnwantedError


def describe() -> dict[str, str]:
    """Return what decides the bytes of results: versions, code, and the kind of processor."""
    found = {"Python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "none"
    return {**found, "code": _code(), KIND: kind()}


@cache
def _code() -> str:
    return digest_of(CODE, "**/*.py")[:16]


def _check(client: Any) -> None:
    ours = describe()
    try:
        # The scheduler, too, unpickles calls.
        found = {"the scheduler": client.run_on_scheduler(describe)}
        found |= {f"worker {address}": theirs for address, theirs in client.run(describe).items()}
    except Exception as error:  # where this module is missing, Dask says so in its own way
        raise PipelineError(
            f"the scheduler or a worker cannot run this project ({_line(error)}): start both by "
            "'python -m dask' in the project's folder, with its locked packages"
        ) from None
    for who, theirs in sorted(found.items()):
        for what, here in ours.items():
            there = theirs.get(what)
            if there == here:
                continue
            words = f"{who} has {what} {there}, and here is {here}"
            if what != KIND:
                raise PipelineError(f"{words}: give it the project's code and its locked packages")
            if who != "the scheduler":
                print(f"{words}: its results agree within rounding only", file=sys.stderr)


def _me() -> str:
    return f"worker {platform.node()}, process {os.getpid()},"


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())
