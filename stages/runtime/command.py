"""A stage as a command: a mistake ends in one line, long work shows a bar and notes its time."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import typer
from tqdm import tqdm

from stages.runtime.errors import PipelineError
from stages.runtime.files import write_json
from stages.runtime.processes import stop_with_dvc

Item = TypeVar("Item")


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


def progress(items: Iterable[Item], label: str, total: int | None = None) -> Iterable[Item]:
    """Return `items`, with a bar on standard error if that is a terminal."""
    return tqdm(items, desc=label, total=total, disable=None, leave=False)


@contextmanager
def timed(path: Path) -> Iterator[None]:
    """Write the block's wall-clock seconds to `path`, unless it raises."""
    start = time.monotonic()
    yield
    write_json(path, {"seconds": round(time.monotonic() - start, 1)})


def _fail(message: str, exit_code: int) -> None:
    print("error:", " ".join(message.split()), file=sys.stderr)
    sys.exit(exit_code)
