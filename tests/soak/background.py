"""Commands that run beside the test in a project, and who is left when they are stopped."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from tests.project import Project

# Seconds, for what an idle machine does in one or two. An orphan notices within a fraction of a
# second, but not before its imports are done.
PATIENCE = 300.0


class Background:
    """A command that was started in a project, in a session and process group of its own."""

    def __init__(self, project: Project, *command: str, **env: str) -> None:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed by `background`
        self.project = project
        self.process = psutil.Popen(
            command,
            cwd=project.path,
            env={**os.environ, "PATH": path, "LOKY_MAX_CPU_COUNT": "2", **env},
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def output(self) -> str:
        """Return what it has printed so far, both streams together."""
        self._log.seek(0)
        return self._log.read()

    def ends_within(self, seconds: float = PATIENCE) -> bool:
        try:
            self.process.wait(seconds)
        except psutil.TimeoutExpired:
            return False
        return True

    def wait_for(self, text: str) -> None:
        """Wait until `text` has been printed."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.output():
            assert time.monotonic() < deadline, f"no {text!r} in: {self.output()}"
            time.sleep(0.02)

    def find(self, text: str) -> psutil.Process | None:
        """Return a process below this one with `text` in its command line."""
        with contextlib.suppress(psutil.Error):
            for child in self.process.children(recursive=True):
                if text in " ".join(child.cmdline()):
                    return child
        return None

    def close(self) -> None:
        for process in processes_of(self.project):
            with contextlib.suppress(psutil.Error):
                process.kill()
        self.process.wait(PATIENCE)
        self._log.close()


@contextlib.contextmanager
def background(project: Project, *command: str, **env: str) -> Iterator[Background]:
    """Run `command` in the block; every process of the project ends with the block."""
    running = Background(project, *command, **env)
    try:
        yield running
    finally:
        running.close()


def processes_of(project: Project) -> list[psutil.Process]:
    """Return all processes that work in the project's folder."""
    cwd = str(project.path.resolve())
    return [process for process in psutil.process_iter(["cwd"]) if process.info["cwd"] == cwd]


def all_end(project: Project) -> bool:
    """Wait for the project's processes; return whether none is left after `PATIENCE`."""
    deadline = time.monotonic() + PATIENCE
    while processes_of(project):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
