"""Isolation: no test sees the user's git identity, DVC settings or local copy of CIFAR-10."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings

from tests.isolation import isolate
from tests.project import DRAWS, LEAST, NOT_LEAST, Project

# How long an example takes says how busy the machine is.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

SLOW_FIXTURES = {"project", "finished", "least", "undrawn", "fresh"}  # projects in which DVC runs
# What starts a process for each case, trains for longer, or draws whole reports.
SLOW_FILES = {
    "test_browser.py",
    "test_cluster.py",
    "test_commands.py",
    "test_export.py",
    "test_gallery.py",
    "test_gradcheck.py",
    "test_processes.py",
    "test_project_files.py",
    "test_report.py",
    "test_soak.py",
    "test_training.py",
    "test_unpickling.py",
    "test_webpage.py",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what runs DVC as slow, and give every process its share of that first.

    Each process begins with a part of the list, and takes over from others when it has none left.
    """
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if fixtures & SLOW_FIXTURES or item.path.name in SLOW_FILES:
            item.add_marker("slow")
    n_processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    slow = [item for item in items if item.get_closest_marker("slow")]
    quick = [item for item in items if not item.get_closest_marker("slow")]
    shares = ([*slow[k::n_processes], *quick[k::n_processes]] for k in range(n_processes))
    items[:] = [item for share in shares for item in share]


@pytest.fixture(scope="session", autouse=True)
def isolated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give the tests their own home, git identity and DVC folders, and no dataset settings."""
    monkeypatch = pytest.MonkeyPatch()
    isolate(monkeypatch, tmp_path_factory.mktemp("home"))
    yield
    monkeypatch.undo()


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Return a folder that all processes of a test run share."""
    own = tmp_path_factory.getbasetemp()
    return own if worker_id == "master" else own.parent


@pytest.fixture(scope="session")
def finished(shared: Path) -> Project:
    """Return a small project that has run once and is committed; tests work on copies."""
    return run_once(shared / "finished", None, ())


@pytest.fixture(scope="session")
def least(shared: Path) -> Project:
    """Return a project of two experiments that has run once and is committed."""
    return run_once(shared / "least", LEAST, NOT_LEAST)


@pytest.fixture(scope="session")
def undrawn(shared: Path) -> Project:
    """Return that project without its report and pictures, for what DVC does to all stages."""
    return run_once(shared / "undrawn", LEAST, (*NOT_LEAST, *DRAWS))


def run_once(path: Path, names: tuple[str, ...] | None, without: tuple[str, ...]) -> Project:
    """Return a project that has run; the first process that needs it makes it."""
    with FileLock(path.with_suffix(".lock")):
        if not path.exists():
            project = Project.create(path.with_suffix(".unfinished"), names, without)
            project.repro()
            project.commit("results")
            project.path.rename(path)
    return Project(path)


@pytest.fixture
def project(finished: Project, tmp_path: Path) -> Project:
    """Return a copy of the small project that has run, for one test to change."""
    return finished.copy(tmp_path / "project")
