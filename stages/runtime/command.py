"""Run a Typer app so that a user's mistake ends in one line, not in a traceback."""

from __future__ import annotations

import sys

import typer

from stages.runtime.errors import PipelineError


def run(app: typer.Typer) -> None:
    """Call `app`; report a `PipelineError` or an `OSError` on one line of standard error.

    Exits with the error's own code (1, or 2 for a wrong parameter); a disk that is full or
    read-only is an `OSError`, and its text names the file.
    """
    try:
        app()
    except PipelineError as error:
        _fail(str(error), error.exit_code)
    except OSError as error:
        _fail(str(error), 1)


def _fail(message: str, exit_code: int) -> None:
    print("error:", " ".join(message.split()), file=sys.stderr)
    sys.exit(exit_code)
