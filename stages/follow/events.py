"""The lines that `dvc repro` and its stages write, as what happens."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

RUNNING = re.compile(r"^Running stage '(?P<stage>[^']+)'")
PASSED = re.compile(r"^Stage '(?P<stage>[^']+)' (didn't change|is cached)")
STEP = re.compile(r"^(?P<done>\d+) of (?P<total>\d+): ")
OURS = "error: "
# What DVC says of every run, none of which is needed here.
CHATTER = (
    *("> ", "To track the changes with git", "\tgit add", "To enable auto staging", "\tdvc config"),
    *("Use `dvc push`", "Updating lock file", "Generating lock file", "Data and pipelines are up"),
    *("Verifying data sources", "Restored stage"),
)


@dataclass
class Course:
    """How far a run has come.

    Attributes
    ----------
    seen : list of str
        Stages that ran, run, or did not need to, in order.
    ran : list of str
        Those that ran or run.
    errors : list of str
        Lines in which stages said what is wrong.
    said : list of str
        All other lines, DVC's own words where it fails.
    """

    seen: list[str] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Started:
    """A stage that begins to run."""

    stage: str


@dataclass(frozen=True)
class Step:
    """A step of the running stage that is done."""

    done: int
    total: int


def follow(lines: Iterable[str], course: Course) -> Iterator[Started | Step]:
    """Read the lines of a run as they come, keep `course` up to date, and yield what happens."""
    for raw in lines:
        line = raw.rstrip("\n")
        if found := RUNNING.match(line):
            course.seen.append(found["stage"])
            course.ran.append(found["stage"])
            yield Started(found["stage"])
        elif found := PASSED.match(line):
            course.seen.append(found["stage"])
        elif found := STEP.match(line):
            yield Step(int(found["done"]), int(found["total"]))
        elif line.startswith(OURS):
            course.errors.append(line.removeprefix(OURS))
        elif line and not line.startswith(CHATTER):
            course.said.append(line)
