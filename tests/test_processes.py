"""No stage outlives the process that started it, and no two write one output: real processes."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.project import Project
from tests.soak.background import PATIENCE, all_end, background, processes_of
from tests.soak.disks import Stage, limit_files

TRAIN = (
    *("python", "-m", "stages.train", "photos-hog"),
    *("--features", "data/samples/photos-hog", "--output", "models/photos-hog"),
)
WORKER = "popen_loky"


@pytest.fixture
def slow(project: Project) -> Project:
    """Return a project whose next training takes far longer than a test waits."""
    project.set("defaults.epochs", 1_000_000)
    return project


def wait_for_a_worker(run) -> psutil.Process:
    deadline = time.monotonic() + PATIENCE
    while (worker := run.find(WORKER)) is None:
        assert time.monotonic() < deadline, run.output()
        time.sleep(0.005)
    return worker


def test_a_second_stage_on_the_same_output_says_who_has_it(slow: Project):
    with background(slow, *TRAIN) as first:
        wait_for_a_worker(first)
        result = slow.run(*TRAIN, check=False)
        (line,) = result.stderr.splitlines()
        assert result.returncode == 1
        assert f"models/photos-hog is being written by process {first.process.pid}:" in line
        first.process.kill()
        assert all_end(slow)
        slow.set("defaults.epochs", 3)
        slow.run(*TRAIN)


@pytest.mark.parametrize("delay", [0.0, 0.4, 0.8, 3.0])
def test_workers_end_with_their_stage_even_if_they_have_not_begun(slow: Project, delay: float):
    with background(slow, *TRAIN) as run:
        wait_for_a_worker(run)
        time.sleep(delay)  # some moment: whatever the worker does by then, it must end
        run.process.kill()
        run.process.wait(PATIENCE)
        assert all_end(slow), [process.cmdline() for process in processes_of(slow)]


def test_a_worker_that_is_killed_ends_its_stage_with_one_line(slow: Project):
    with background(slow, *TRAIN) as run:
        wait_for_a_worker(run).kill()
        assert run.ends_within()
        assert run.process.returncode == 1
        (line,) = run.output().splitlines()
        assert "processes was killed: see whether memory ran out" in line


@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_stage_ends_with_its_dvc_whatever_shell_runs_it(slow: Project, shell: str, number: int):
    if not Path(shell).exists():
        pytest.skip(f"there is no {shell}")
    # dash keeps a process of its own for a command; that of a stage must not hide DVC's end.
    with background(slow, "dvc", "repro", "train@photos-hog", SHELL=shell) as run:
        wait_for_a_worker(run)
        run.process.send_signal(number)
        run.process.wait(PATIENCE)
        assert all_end(slow), [process.cmdline() for process in processes_of(slow)]


def test_a_stage_whose_dvc_ends_while_it_imports_does_nothing(project: Project):
    # A child of a process that ends at once, with an adopter outside of its session.
    spawn = f"import subprocess; subprocess.Popen({[sys.executable, *TRAIN[1:]]!r})"
    before = project.outputs()
    modified = (project.path / "models/photos-hog").stat().st_mtime_ns
    with background(project, "python", "-c", spawn, DVC_STAGE="train@photos-hog") as run:
        run.process.wait(PATIENCE)
        assert all_end(project)
        assert "the process that started this one is gone" in run.output()
    assert project.outputs() == before
    assert (project.path / "models/photos-hog").stat().st_mtime_ns == modified


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what a process has loaded")
@pytest.mark.parametrize("library", ["_multiarray_umath", "_pydantic_core", "pandas_parser"])
def test_ctrl_c_while_a_stage_imports_shows_no_traceback(project: Project, library: str):
    with background(project, *TRAIN, DVC_STAGE="train@photos-hog") as run:
        with contextlib.suppress(psutil.NoSuchProcess):  # it may be through before we look
            while library not in str(run.process.memory_maps()):
                time.sleep(0.005)
        os.killpg(run.process.pid, signal.SIGINT)
        assert run.ends_within()
        assert run.process.returncode != 0
        assert "Traceback" not in run.output()


def test_a_write_that_fails_without_a_name_names_the_output(project: Project):
    stage = Stage(project, "preprocess@photos-hog")
    stage.delete_outputs()
    assert stage.fails(lambda: limit_files(stage.largest_file() // 2))
    assert stage.works()
