"""Isolation: no test sees the user's git identity, DVC settings or local copy of CIFAR-10."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.isolation import isolate
from tests.project import Project

# How long an example takes says how busy the machine is.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

SLOW_FIXTURES = {"project", "finished"}  # projects in which DVC runs


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what runs DVC as slow."""
    for item in items:
        if SLOW_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker("slow")


@pytest.fixture(scope="session", autouse=True)
def isolated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give the tests their own home, git identity and DVC folders, and no dataset settings."""
    monkeypatch = pytest.MonkeyPatch()
    isolate(monkeypatch, tmp_path_factory.mktemp("home"))
    yield
    monkeypatch.undo()


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a small project that has run once and is committed; tests work on copies."""
    project = Project.create(tmp_path_factory.mktemp("finished") / "project")
    project.repro()
    project.commit("results")
    return project


@pytest.fixture
def project(finished: Project, tmp_path: Path) -> Project:
    """Return a copy of the small project that has run, for one test to change."""
    return finished.copy(tmp_path / "project")
