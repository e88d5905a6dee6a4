"""Every stage on a disk that is full, or read-only: one line, nothing half-written, then on."""

from __future__ import annotations

import contextlib
import os
import resource
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml

from tests.project import Project
from tests.soak.row import Row

SUBJECT = "Disk"
MEANING = "exit code 1, one line that says where, no output but whole ones; then the stage works"
UNTRIED = "not tried: no right to mount a file system here"
STAGES = (  # one of each kind; of preprocess one from pictures and one from features
    "code",
    "check",
    "fetch@photos",
    "preprocess@photos-hog",
    "preprocess@photos-hog-standardize",
    "train@photos-hog",
    "evaluate@photos-hog",
    "gallery@photos",
    "forensics@photos",
    "report@photos",
    "gradcheck",
)
SHORT = ("preprocess@photos-hog-standardize", "train@photos-hog")  # for `make test`
FRACTIONS = (0.0, 0.03, 0.5, 0.97)  # of its largest file, that a stage may write


class Stage:
    """A stage of a project that has run, to be run by itself with its outputs deleted."""

    def __init__(self, project: Project, name: str) -> None:
        entry = yaml.safe_load((project.path / "dvc.lock").read_text())["stages"][name]
        self._command = shlex.split(entry["cmd"].removeprefix("exec "))
        self._project = project
        self.outs = [project.path / out["path"] for out in entry["outs"]]
        self._expected = self._written()

    def largest_file(self) -> int:
        return max(len(content) for content in self._expected.values())

    def fails(self, prepare: Callable[[], None] | None = None) -> bool:
        """Run with `prepare` called in the new process; return whether it fails as it should."""
        result = self._run(prepare)
        lines = result.stderr.splitlines()
        left = self._written()
        partial = [p for out in self.outs for p in out.parent.glob(".*.partial")]
        fine = (
            result.returncode == 1
            and len(lines) == 1
            and lines[0].startswith("error: ")
            and ("/" in lines[0] or "'" in lines[0])
            and all(self._expected.get(path) == content for path, content in left.items())
            and not partial
        )
        if not fine:
            print(self._command, result, sorted(left), partial, file=sys.stderr)
        return fine

    def works(self) -> bool:
        """Run without hindrance; return whether its outputs are what they always were."""
        return self._run(None).returncode == 0 and self._written() == self._expected

    def delete_outputs(self) -> None:
        """Delete what it writes, as DVC does before it runs it."""
        for out in self.outs:
            shutil.rmtree(out) if out.is_dir() else out.unlink(missing_ok=True)

    def _run(self, prepare: Callable[[], None] | None) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, *self._command[1:]],
            cwd=self._project.path,
            env=_only_outputs(),
            preexec_fn=prepare,
            capture_output=True,
            text=True,
            timeout=1200,  # far more than any machine's load makes of it
            check=False,
        )

    def _written(self) -> dict[Path, bytes]:
        files = [f for out in self.outs for f in (out.rglob("*") if out.is_dir() else [out])]
        return {file: file.read_bytes() for file in files if file.is_file()}


def _only_outputs() -> dict[str, str]:
    """Return an environment in which a stage writes nothing but its outputs."""
    # One process; joblib tries a semaphore, a file of its own, and warns of a small limit.
    own = {"LOKY_MAX_CPU_COUNT": "1", "JOBLIB_MULTIPROCESSING": "0"}
    # What measures coverage has a database, which breaks as it should.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    return kept | own


def trials(
    project: Project, folder: Path, names: tuple[str, ...] = STAGES, sizes: int = len(FRACTIONS)
) -> Iterator[Row]:
    """Run the stages `names` with `sizes` limits each; `project` is changed.

    Parameters
    ----------
    project : Project
        One that has run.
    folder : Path
        Where a copy of it goes, in a small file system of its own.
    names : tuple of str
    sizes : int
    """
    fractions = FRACTIONS[-sizes:]
    yield _row("a limit on the size of files", _limited(project, names, fractions))
    with small_disk(folder) as mounted:
        if not mounted:
            yield Row(SUBJECT, "a full disk", 0, 0, UNTRIED)
            yield Row(SUBJECT, "a read-only folder", 0, 0, UNTRIED)
            return
        shutil.rmtree(project.path / ".dvc" / "cache")
        copy = project.copy(folder / "project")
        yield _row("a full disk", _full(copy, names, fractions))
        yield _row("a read-only folder", _read_only(copy, names))


def _row(what: str, results: list[bool]) -> Row:
    return Row(SUBJECT, what, len(results), sum(results), MEANING)


def _limited(project: Project, names: tuple[str, ...], fractions: tuple[float, ...]) -> list[bool]:
    found = []
    for stage in (Stage(project, name) for name in names):
        for fraction in fractions:
            limit = int(stage.largest_file() * fraction)
            stage.delete_outputs()
            found.append(stage.fails(lambda limit=limit: limit_files(limit)) and stage.works())
    return found


def limit_files(size: int) -> None:
    """Let this process write no file of more than `size` bytes; Python ignores SIGXFSZ."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def _full(project: Project, names: tuple[str, ...], fractions: tuple[float, ...]) -> list[bool]:
    found = []
    filler = project.path.parent / "filler"
    for stage in (Stage(project, name) for name in names):
        for fraction in fractions:
            stage.delete_outputs()
            leave_free(filler, int(stage.largest_file() * fraction))
            failed = stage.fails()
            filler.unlink()
            found.append(failed and stage.works())
    return found


def leave_free(filler: Path, size: int) -> None:
    """Write `filler` so large that its file system has `size` bytes left, to a page."""
    status = os.statvfs(filler.parent)
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(status.f_bavail * status.f_frsize - size, 1))


def _read_only(project: Project, names: tuple[str, ...]) -> list[bool]:
    found = []
    for stage in (Stage(project, name) for name in names):
        parent = stage.outs[0].parent
        stage.delete_outputs()
        mount("--bind", str(parent), str(parent))
        try:
            mount("-o", "remount,bind,ro", str(parent))
            failed = stage.fails()
        finally:
            subprocess.run(["umount", str(parent)], check=True)
        found.append(failed and stage.works())
    return found


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """Mount 64 MB of memory at `folder`; yield whether that is allowed."""
    folder.mkdir(parents=True)
    try:
        mount("-t", "tmpfs", "-o", "size=64m", "none", str(folder))
    except (OSError, subprocess.CalledProcessError):
        yield False
        return
    try:
        yield True
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True)
