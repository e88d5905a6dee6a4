"""What the README says of clusters, word for word, on this machine."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from stages.runtime.cluster import ADDRESS
from tests.cluster import PATIENCE, wait_until
from tests.project import ROOT, Project

TEXT = (ROOT / "README.md").read_text()
TARGETS = ("train@photos-normalize", "train@photos-hog")
# What stands for a batch system: it keeps a job's script, and runs it right here.
SBATCH = """#!/bin/sh
cp "$1" "$(dirname "$0")/job"
setsid sh "$(dirname "$0")/job" > "$(dirname "$0")/log" 2>&1 &
echo "Submitted batch job $!"
"""
SCANCEL = """#!/bin/sh
kill -- -"$1"
"""


def free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


@contextmanager
def running(
    project: Project, *command: str, env: dict[str, str] | None = None, **pipes: int
) -> Iterator[subprocess.Popen]:
    """Run a command beside the test; end it with all that it started."""
    folders = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = {**os.environ, "PATH": folders, **(env or {})}
    process = subprocess.Popen(command, cwd=project.path, env=env, text=True, **pipes)
    try:
        yield process
    finally:
        if process.poll() is None:
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
            process.kill()
        process.wait(PATIENCE)


def networks(project: Project) -> dict[str, bytes]:
    return {name: file for name, file in project.outputs().items() if name.startswith("models/")}


@pytest.fixture
def changed(least: Project, tmp_path: Path) -> tuple[Project, dict[str, bytes]]:
    """Return a project whose networks are out of date, and what they will be."""
    alone = least.copy(tmp_path / "alone")
    alone.set("defaults.epochs", 4)
    alone.repro(*TARGETS)
    project = least.copy(tmp_path / "project")
    project.set("defaults.epochs", 4)
    return project, networks(alone)


def test_two_machines(changed):
    project, expected = changed
    (block,) = re.findall(r"```sh\n(python -m dask.*?)```", TEXT, re.DOTALL)
    port = free_port()
    lines = [line.partition(" # ")[0].replace("first", "127.0.0.1") for line in block.splitlines()]
    scheduler, worker, ahead = [line.replace("8786", port) for line in lines]
    worker = worker.replace("--nworkers 8", "--nworkers 2")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with (
        running(project, *shlex.split(f"{scheduler} --port {port} --no-dashboard"), **quiet),
        running(project, *shlex.split(f"{worker} --no-dashboard"), **quiet),
    ):
        said = project.run("sh", "-c", ahead.replace("&& dvc repro", f"&& dvc repro {TARGETS[0]}"))
    assert "6 of 6: " in said.stdout
    project.repro(*TARGETS)
    assert networks(project) == expected


def test_slurm(changed, tmp_path: Path):
    pytest.importorskip("dask_jobqueue")
    project, expected = changed
    for name, script in {"sbatch": SBATCH, "scancel": SCANCEL}.items():
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o755)
    _, example = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    example = example.replace("8786", free_port()).replace("jobs=4", "jobs=1")
    example = example.replace("cores=8", "cores=2").replace("processes=8", "processes=2")
    (project.path / "jobs.py").write_text(example)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    with running(project, sys.executable, "jobs.py", env=env, **pipes) as jobs:
        said = ""
        while not said.endswith("all: "):
            said += jobs.stdout.read(1)
            assert jobs.poll() is None, said
        (address,) = re.findall(rf"{ADDRESS}=(\S+);", said)
        ahead = project.run("python", "-m", "stages.ahead", *TARGETS, **{ADDRESS: address})
        assert "6 of 6: " in ahead.stdout
        jobs.communicate("\n", timeout=PATIENCE)
    wait_until(lambda: not workers_of(address))
    project.repro(*TARGETS)
    assert networks(project) == expected


def workers_of(address: str) -> list[int]:
    """Return the processes that name a scheduler in their commands."""
    found = psutil.process_iter(["pid", "cmdline"])
    return [p.pid for p in found if p.pid != os.getpid() and address in (p.info["cmdline"] or [])]
