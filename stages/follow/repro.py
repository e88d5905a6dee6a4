"""Run `dvc repro` for a report, with what it is at, and its mistakes in one line."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence

from stages.follow.display import Display
from stages.follow.events import Course, follow
from stages.follow.mistakes import in_one_line
from stages.runtime.errors import ParamsError, PipelineError

DVC = (sys.executable, "-m", "dvc")


def reproduce(*targets: str, options: Sequence[str] = ()) -> None:
    """Run what is not up to date of some stages and of all that they need; DVC gets the options.

    Raises
    ------
    PipelineError
        If a stage fails, with its own line; if DVC fails, with what to do.
    """
    course = Course()
    run_of_dvc = subprocess.Popen(  # noqa: S603 - no shell, and DVC alone
        [*DVC, "repro", *options, *targets],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},  # or lines come late
        text=True,
    )
    # It has Ctrl-C, too, and is waited for while it clears up.
    with run_of_dvc as process, Display(_count(targets)) as display:
        for event in follow(process.stdout or (), course):
            display.show(event, course)
    if process.returncode:
        raise _error(course)
    print(*course.said, sep="\n", end="\n" if course.said else "", file=sys.stderr)
    print(f"{len(course.seen)} stages, of which {len(course.ran)} ran", file=sys.stderr)


def move(command: str, files: list[str]) -> str:
    """Push or pull files that stages wrote; return what DVC says of its failure, or nothing."""
    done = subprocess.run(  # noqa: S603 - no shell, and DVC alone
        [*DVC, command, *files], capture_output=True, text=True, check=False
    )
    return (in_one_line(done.stderr) or done.stderr) if done.returncode else ""


def _count(targets: Sequence[str]) -> int | None:
    """Return how many stages one target needs; None if DVC cannot tell, and will say why."""
    if len(targets) > 1:
        return None
    graph = subprocess.run(  # noqa: S603
        [*DVC, "dag", "--dot", *targets], capture_output=True, text=True, check=False
    )
    return len(re.findall(r'^"[^"]+";$', graph.stdout, re.MULTILINE)) or None


def _error(course: Course) -> PipelineError:
    """Return what is wrong: a stage's own line, or DVC's."""
    if course.errors:
        wrong_params = any("exited with 2" in line for line in course.said)
        return (ParamsError if wrong_params else PipelineError)(course.errors[-1])
    if any(line.startswith("Traceback") for line in course.said):
        print(*course.said, sep="\n", file=sys.stderr)
        return PipelineError("this is a fault of ours: please report the lines above")
    return PipelineError(in_one_line("\n".join(course.said)) or "DVC broke off without a word")
