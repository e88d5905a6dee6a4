"""A Dask cluster of real processes on this machine, which ends with the test."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from distributed import Client

from stages.runtime.cluster import ADDRESS
from tests.project import ROOT

PATIENCE = 120  # seconds, far more than any machine's load makes of it


class Cluster:
    """A scheduler, and workers that are started in a project's folder."""

    def __init__(self, path: Path = ROOT) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{port}"
        self.workers: list[subprocess.Popen] = []
        options = ("--host", "127.0.0.1", "--port", str(port))
        self.scheduler = _start("scheduler", *options, PYTHONPATH=str(path))
        # Of the tests' own connection; the code under test has to see to its own.
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
        self.client = Client(self.address, timeout=PATIENCE, set_as_default=False)

    def add_worker(self, folder: Path, *options: str, path: Path = ROOT) -> subprocess.Popen:
        """Start a worker of one thread in `folder`, with the code that is in `path`."""
        name = f"worker-{len(self.workers)}"
        options = (
            "--name",
            name,
            "--nthreads",
            "1",
            "--no-nanny",
            "--local-directory",
            str(folder),
            *options,
        )
        worker = _start("worker", self.address, *options, cwd=folder, PYTHONPATH=str(path))
        self.workers.append(worker)
        wait_until(lambda: name in self._names() or worker.poll() is not None)
        return worker

    def _names(self) -> set[str]:
        workers = self.client.scheduler_info(n_workers=-1)["workers"].values()
        return {worker["name"] for worker in workers}

    def n_running(self) -> int:
        """Return how many calls the workers are at."""
        return sum(self.client.run(lambda dask_worker: len(dask_worker.state.executing)).values())

    def close(self) -> None:
        self.client.close(timeout=1)
        for process in (*self.workers, self.scheduler):
            kill(process)


@contextmanager
def cluster(monkeypatch) -> Iterator[Cluster]:
    """Start a scheduler that the code under test finds."""
    started = Cluster()
    monkeypatch.setenv(ADDRESS, started.address)
    try:
        yield started
    finally:
        started.close()


def kill(process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait(PATIENCE)


def wait_until(happens) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happens():
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.1)


def _start(role: str, *arguments: str, cwd: Path | None = None, **env: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "dask", role, *arguments, "--no-dashboard"],
        cwd=cwd,
        env={**os.environ, **env},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
