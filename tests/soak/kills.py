"""kill -9 and SIGTERM at random moments of a whole study, again and again until it is through."""

from __future__ import annotations

import contextlib
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil
import yaml

from stages.params.loading import read_params
from tests.project import Project
from tests.soak.background import PATIENCE, Background, all_end, background
from tests.soak.row import Row

SUBJECT = "Kills"
TARGETS = {  # victim: what its command line holds; dvc is the one that was started
    "a stage": "stages.",
    "a worker process of train": "popen_loky",
}
CHOICES = (
    ("dvc", signal.SIGKILL),
    ("dvc", signal.SIGTERM),
    ("a stage", signal.SIGKILL),
    ("a stage", signal.SIGTERM),
    ("a worker process of train", signal.SIGKILL),
)
NAMES = {signal.SIGKILL: "kill -9", signal.SIGTERM: "SIGTERM"}
WHOLE_SECONDS = 1200.0  # for a study


# What DVC says of a file that it writes in place, where a kill has cut it off.
CUT_OFF = {
    "dvc.lock' is invalid": "dvc.lock",
    "dvc.lock' validation failed": "dvc.lock",
    "Unable to read RWLock-file": ".dvc/tmp/rwlock",
}


class Kill(NamedTuple):
    """Who was killed and how; whether its children ended, None where that was not waited for."""

    victim: str
    signal: signal.Signals
    ended: bool | None


def trials(undisturbed: Project, folder: Path, kills: int, longest: float) -> Iterator[Row]:
    """Kill runs of what `undisturbed` has run, `kills` times; compare what they end with.

    Parameters
    ----------
    undisturbed : Project
    folder : Path
        Where copies are made that start with nothing done.
    kills : int
        At least so many.
    longest : float
        Seconds; a kill comes at most so long after a start.
    """
    generator = np.random.default_rng(0)
    done, survived = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    orphans: list[bool] = []
    cut_off = 0
    whole: list[bool] = []
    while done.total() < kills:
        project = undisturbed.afresh(folder / f"pass-{len(whole)}")
        ended_well, log, cuts = _one_pass(project, generator, kills - done.total(), longest)
        cut_off += cuts
        whole.append(ended_well and _same(project, undisturbed))
        names = Counter((kill.victim, NAMES[kill.signal]) for kill in log)
        done += names
        survived += names if whole[-1] else Counter()
        orphans += [kill.ended for kill in log if kill.ended is not None]
        shutil.rmtree(project.path)
    meaning = "`dvc repro`, run again until it went through, gave every output byte for byte"
    for victim, name in sorted(done):
        key = (victim, name)
        yield Row(SUBJECT, f"{name} of {victim}", done[key], survived[key], meaning)
    yield Row(SUBJECT, "studies so killed", len(whole), sum(whole), "the same, by study")
    what = "dvc.lock or rwlock cut off by a kill: DVC writes them in place"
    yield Row(SUBJECT, what, cut_off, cut_off if all(whole) else 0, "the same, once it was deleted")
    meaning = "no process of it was left to run beside the next one"
    yield Row(SUBJECT, "what a killed dvc or stage leaves", len(orphans), sum(orphans), meaning)


def delete_cut_off(project: Project, output: str) -> int:
    """Delete the file that DVC, by its `output`, cannot read; return how many that are."""
    files = {file for text, file in CUT_OFF.items() if text in output}
    for file in files:
        (project.path / file).unlink()
    return len(files)


def study_of(dataset: str, params: Path) -> dict:
    """Return the project's own parameters, of one dataset alone."""
    document = read_params(params)
    for section in ("datasets", "forensics"):
        entries = document[section].items()
        document[section] = {name: entry for name, entry in entries if name == dataset}
    for section in ("features", "experiments"):
        entries = document[section].items()
        kept = {name: entry for name, entry in entries if name.startswith(f"{dataset}-")}
        document[section] = kept
    return document


def _one_pass(
    project: Project, generator: np.random.Generator, kills: int, longest: float
) -> tuple[bool, list[Kill], int]:
    """Kill at most `kills` times.

    Return whether the last run ended well, what was killed, and how many files were cut off.
    """
    log: list[Kill] = []
    cut_off = 0
    with contextlib.ExitStack() as stack:  # orphans live on until the pass is over
        while True:
            running = stack.enter_context(background(project, "dvc", "repro"))
            last = len(log) == kills
            if running.ends_within(WHOLE_SECONDS if last else generator.uniform(0, longest)):
                if deleted := delete_cut_off(project, running.output()):
                    cut_off += deleted
                    continue
                # On a slow machine an orphan lives longer than the next run waits for it.
                if "is being written by process" in running.output():
                    assert all_end(project)
                    continue
                if running.process.returncode:
                    print(running.output(), file=sys.stderr)
                return running.process.returncode == 0, log, cut_off
            if last:
                return False, log, cut_off
            victim, number = CHOICES[generator.integers(len(CHOICES))]
            # Every other time the next run starts at once, beside what may still be there.
            log.append(_kill(running, victim, number, wait=generator.random() < 0.5))
            if log[-1].ended is False:
                print(log[-1], running.output(), file=sys.stderr)


def _kill(running: Background, victim: str, number: signal.Signals, *, wait: bool) -> Kill:
    found = running.find(TARGETS[victim]) if victim in TARGETS else None
    try:
        (found or running.process).send_signal(number)
    except psutil.NoSuchProcess:  # it has just ended by itself
        found = None
        running.process.send_signal(number)
    if found is not None:
        ended = running.ends_within()
        return Kill(victim, number, ended and all_end(running.project))
    running.process.wait(PATIENCE)
    return Kill("dvc", number, all_end(running.project) if wait else None)


def _same(project: Project, undisturbed: Project) -> bool:
    ours, theirs = project.outputs(), undisturbed.outputs()
    differing = sorted(path for path in ours | theirs if ours.get(path) != theirs.get(path))
    locks = [yaml.safe_load((p.path / "dvc.lock").read_text()) for p in (project, undisturbed)]
    if differing or locks[0] != locks[1]:
        print("differ:", differing, locks[0] == locks[1], file=sys.stderr)
    return not differing and locks[0] == locks[1]
