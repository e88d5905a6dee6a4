"""Stages die with their parent; only one process writes an output."""

from __future__ import annotations

import fcntl
import functools
import hashlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from stages.runtime.errors import PipelineError

LOCKS = Path(".locks")
POLL_SECONDS = 0.2
PATIENCE_SECONDS = 5.0  # an orphan needs less than that to see that it is one


@functools.cache  # once in each process
def stop_with(parent: int) -> None:
    """End this process, without any cleaning up, soon after the process `parent` has ended.

    Outputs are written whole or not at all, so that nothing needs to be cleaned up. The parent
    says who it is: it may end before its child has come to look.
    """
    if os.getppid() != parent:
        _stop()
    threading.Thread(target=_watch, args=[parent], daemon=True).start()


def stop_with_dvc() -> None:
    """End this process soon after the DVC that runs it as a stage; do nothing without DVC.

    A DVC that is killed leaves its stage running, and the next one would start a second.
    """
    if "DVC_STAGE" not in os.environ:
        return
    # DVC may have ended while this process was still importing. DVC stages stay in DVC's
    # session; the process that adopts orphans has one of its own.
    parent = os.getppid()
    try:
        adopted = os.getsid(parent) != os.getsid(0)
    except ProcessLookupError:  # it ended just now
        adopted = True
    if adopted:
        _stop()
    stop_with(parent)


@contextmanager
def sole_writer(path: Path) -> Iterator[None]:
    """Keep other processes from writing `path` while the block runs.

    The lock is the operating system's, on a file in ``.locks``: it ends with the process.

    Raises
    ------
    PipelineError
        If another process keeps it for longer than an orphan lives; says which one.
    """
    LOCKS.mkdir(exist_ok=True)
    digest = hashlib.sha256(os.fsencode(path.absolute())).hexdigest()
    with (LOCKS / f"{path.name}-{digest[:16]}").open("a+", encoding="utf-8") as lock:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not _take(lock.fileno()):
            if time.monotonic() > deadline:
                lock.seek(0)
                raise PipelineError(
                    f"{path} is being written by process {lock.read() or 'unknown'}: "
                    "wait until it is done, or stop it"
                )
            time.sleep(POLL_SECONDS)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(POLL_SECONDS)
    _stop()


def _stop() -> NoReturn:
    print("error: the process that started this one is gone: stopped", file=sys.stderr, flush=True)
    os._exit(1)


def _take(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
