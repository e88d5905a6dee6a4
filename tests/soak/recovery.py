"""Two runs at once, Ctrl-C, a damaged cache, a dvc.lock that is not what DVC wrote."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tests.project import Project
from tests.soak.background import PATIENCE, Background, background
from tests.soak.kills import delete_cut_off
from tests.soak.row import Row

BUSY = ("is busy, it is being blocked by", "Unable to acquire lock", "is being written by process")
MD5 = re.compile(r"md5: ([0-9a-f]{32})")


class Case(NamedTuple):
    """Something that happens to a project; `happens` returns whether it was told clearly."""

    subject: str
    what: str
    happens: Callable[[Project, np.random.Generator], bool]
    meaning: str


def trials(
    finished: Project, folder: Path, times: int, cases: Iterable[Case] | None = None
) -> Iterator[Row]:
    """Let each of `CASES` happen `times` times to a copy of `finished`, then run `dvc repro`."""
    generator = np.random.default_rng(0)
    expected = finished.outputs()
    for case in CASES if cases is None else cases:
        survived = 0
        for _ in range(times):
            project = finished.copy(folder / "project")
            told = case.happens(project, generator)
            result = project.dvc("repro", check=False)
            same = project.outputs() == expected
            survived += told and result.returncode == 0 and same
            if not (told and result.returncode == 0 and same):
                print(case.what, told, same, result.stdout, result.stderr, file=sys.stderr)
            shutil.rmtree(project.path)
        yield Row(case.subject, case.what, times, survived, case.meaning)


def retrain(project: Project) -> None:
    """Make all networks out of date; trained again, they have the same bytes.

    (The section is disabled: of its numbers nothing but DVC takes notice.)
    """
    project.set("quick.epochs", project.read()["quick"]["epochs"] + 1)


def wait_for_training(run: Background) -> None:
    run.wait_for("Running stage 'train@")


def two_at_once(project: Project, generator: np.random.Generator) -> bool:
    retrain(project)
    with background(project, "dvc", "repro") as first:
        wait_for_training(first)
        time.sleep(generator.uniform(0, 3))
        with background(project, "dvc", "repro") as second:
            ended = second.ends_within() and first.ends_within()
            return ended and ended_clearly(first) and ended_clearly(second)


def ended_clearly(run: Background) -> bool:
    """Return whether it went through, or said that somebody else was at it."""
    through = run.process.returncode == 0
    return (through or any(text in run.output() for text in BUSY)) and not shows_our_traceback(run)


def shows_our_traceback(run: Background) -> bool:
    return "Traceback" in run.output() and f'File "{run.project.path}' in run.output()


def ctrl_c(project: Project, generator: np.random.Generator) -> bool:
    retrain(project)
    with background(project, "dvc", "repro") as run:
        wait_for_training(run)
        time.sleep(generator.uniform(0, 3))
        os.killpg(run.process.pid, signal.SIGINT)
        return run.ends_within() and not shows_our_traceback(run)


def flip_a_byte(project: Project, generator: np.random.Generator) -> bool:
    return flip(cached_file(project, generator), generator)


def flip_a_byte_unnoticed(project: Project, generator: np.random.Generator) -> bool:
    """Flip it as a failing disk does, with the file's time as it was; take it out of the cache."""
    file = cached_file(project, generator)
    times = file.stat()
    flip(file, generator)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    shutil.rmtree(project.path / "data")
    shutil.rmtree(project.path / "models")
    project.dvc("repro", check=False)
    shutil.rmtree(project.path / ".dvc/cache")
    return project.dvc("repro", "--force", check=False).returncode == 0


def cut_a_file(project: Project, generator: np.random.Generator) -> bool:
    file = cached_file(project, generator)
    content = file.read_bytes()
    return damage(file, content[: generator.integers(len(content))])


def cached_file(project: Project, generator: np.random.Generator) -> Path:
    files = sorted((project.path / ".dvc/cache/files").rglob("*"))
    files = [file for file in files if file.is_file() and file.stat().st_size]
    return files[generator.integers(len(files))]


def flip(file: Path, generator: np.random.Generator) -> bool:
    content = bytearray(file.read_bytes())
    content[generator.integers(len(content))] ^= 1 << generator.integers(8)
    return damage(file, bytes(content))


def damage(file: Path, content: bytes) -> bool:
    """Write into the file itself, which may be an output too, as a link."""
    file.chmod(0o644)
    file.write_bytes(content)
    return True


def delete_outputs(project: Project, generator: np.random.Generator) -> bool:
    for name in ("data", "models", "reports"):
        if generator.random() < 0.7:
            shutil.rmtree(project.path / name)
    return True


def edit_lock(project: Project, generator: np.random.Generator) -> bool:
    lock = project.path / "dvc.lock"
    text = lock.read_text()
    places = list(MD5.finditer(text))
    start, end = places[generator.integers(len(places))].span(1)
    lock.write_text(text[:start] + "a" * 32 + text[end:])
    return True


def cut_lock(project: Project, generator: np.random.Generator) -> bool:
    lock = project.path / "dvc.lock"
    lock.write_bytes(lock.read_bytes()[: generator.integers(lock.stat().st_size)])
    result = project.dvc("repro", check=False)
    project.git("checkout", "dvc.lock")
    return result.returncode == 0 or "dvc.lock" in result.stderr


def conflict(project: Project, generator: np.random.Generator) -> bool:
    """Merge a branch whose dvc.lock differs where this one's does, too."""
    lock = project.path / "dvc.lock"
    places = list(MD5.finditer(lock.read_text()))
    start, end = places[generator.integers(len(places))].span(1)
    for digit, branch in (("b", "theirs"), ("c", "ours")):
        project.git("checkout", "-q", "-b", branch, "main")
        text = lock.read_text()
        lock.write_text(text[:start] + digit * 32 + text[end:])
        project.commit(branch)
    merge = project.run("git", "merge", "theirs", check=False)
    assert "CONFLICT" in merge.stdout
    result = project.dvc("repro", check=False)
    told = result.returncode != 0 and "dvc.lock" in result.stderr
    project.git("checkout", "--ours", "dvc.lock")
    return told and "possible merge conflict" in result.stderr


def kill_commit(project: Project, generator: np.random.Generator) -> bool:
    retrain(project)
    with background(project, "dvc", "commit", "--force") as run:
        if not run.ends_within(generator.uniform(0.5, 5)):
            run.process.kill()
            run.process.wait(PATIENCE)
    delete_cut_off(project, project.dvc("repro", check=False).stderr)
    return True


PLAIN = "`dvc repro` brought every output back, byte for byte"
CASES = (
    Case("Two at once", "a second `dvc repro` beside one", two_at_once, f"clear words; {PLAIN}"),
    Case("Ctrl-C", "`dvc repro` interrupted", ctrl_c, f"no traceback of ours; {PLAIN}"),
    Case("Cache", "a byte of a cached file flipped", flip_a_byte, PLAIN),
    Case(
        "Cache",
        "the same, its time unchanged: DVC does not notice",
        flip_a_byte_unnoticed,
        f"after `rm -r .dvc/cache && dvc repro --force`, {PLAIN}",
    ),
    Case("Cache", "a cached file cut off", cut_a_file, PLAIN),
    Case("Cache", "`data`, `models`, `reports` deleted", delete_outputs, PLAIN),
    Case("Cache", "`dvc commit` killed", kill_commit, PLAIN),
    Case("dvc.lock", "a digest in it changed", edit_lock, PLAIN),
    Case("dvc.lock", "cut off", cut_lock, f"after `git checkout dvc.lock`, {PLAIN}"),
    Case(
        "dvc.lock",
        "a merge conflict in it",
        conflict,
        f"DVC says so; after `git checkout --ours dvc.lock`, {PLAIN}",
    ),
)
