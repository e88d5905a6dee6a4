"""A stage as a command: a mistake ends in one line, long work shows a bar and notes its time."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import typer
from tqdm import tqdm

from stages.runtime.errors import PipelineError
from stages.runtime.files import write_json
from stages.runtime.processes import stop_with_dvc

Item = TypeVar("Item")
TENTHS = 10


def run(app: typer.Typer) -> None:
    """Call `app`; report a `PipelineError` or an `OSError` on one line of standard error.

    Exits with the error's own code (1, or 2 for a wrong parameter); a disk that is full or
    read-only is an `OSError`, and its text names the file. Ends with the DVC that started it.
    """
    stop_with_dvc()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # Ctrl-C removes what is unfinished
    try:
        app()
    except PipelineError as error:
        _fail(str(error), error.exit_code)
    except OSError as error:
        _fail(str(error), 1)


def progress(
    items: Iterable[Item],
    label: str,
    total: int,
    describe: Callable[[Item], str] | None = None,
) -> Iterator[Item]:
    """Yield `total` items, and tell how many are done.

    On a terminal, standard error has a bar. Elsewhere standard output gets a line for each item
    that `describe` describes or, without it, for each tenth of the items. `stages.follow` reads
    these lines.
    """
    if sys.stderr.isatty():
        yield from tqdm(items, desc=label, total=total, leave=False)
        return
    for done, item in enumerate(items, start=1):
        yield item
        if describe or done * TENTHS // total > (done - 1) * TENTHS // total:
            print(f"{done} of {total}: {describe(item) if describe else label}", flush=True)


@contextmanager
def timed(path: Path) -> Iterator[None]:
    """Write the block's wall-clock seconds to `path`, unless it raises."""
    start = time.monotonic()
    yield
    write_json(path, {"seconds": round(time.monotonic() - start, 1)})


def _fail(message: str, exit_code: int) -> None:
    print("error:", " ".join(message.split()), file=sys.stderr)
    sys.exit(exit_code)
