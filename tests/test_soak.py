"""The soak runs of `make soak`, in short."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from stages.schema.project import check_project
from tests.project import EXPERIMENTS, ROOT, Project
from tests.soak import __main__ as soak
from tests.soak import clusters, disks, kills, recovery
from tests.soak.page import render
from tests.soak.row import Row


def assert_all_survived(rows: Iterable[Row]) -> None:
    rows = list(rows)
    assert sum(row.tried for row in rows) > 0
    assert [row for row in rows if row.survived != row.tried] == []


def test_kills(undrawn: Project, tmp_path: Path):
    assert_all_survived(kills.trials(undrawn, tmp_path, kills=4, longest=8.0))


def test_disks(project: Project, tmp_path: Path):
    assert_all_survived(disks.trials(project, tmp_path / "disk", names=disks.SHORT, sizes=1))


def test_clusters(tmp_path: Path):
    assert_all_survived(clusters.trials(tmp_path / "cluster", n_kills=3, longest=4.0, epochs=120))


@pytest.mark.parametrize("case", recovery.CASES, ids=lambda case: case.what)
def test_recovery(undrawn: Project, tmp_path: Path, case: recovery.Case):
    assert_all_survived(recovery.trials(undrawn, tmp_path, times=1, cases=[case]))


def test_what_is_out_of_date_is_trained_again_to_the_same_bytes(finished: Project, tmp_path: Path):
    project = finished.copy(tmp_path / "project")
    recovery.retrain(project)
    trained = {stage for stage in project.repro() if stage.startswith("train@")}
    assert trained == {f"train@{name}" for name in EXPERIMENTS}
    assert project.outputs() == finished.outputs()


@pytest.mark.parametrize("dataset", ["photos", "cifar10"])
def test_the_study_that_is_killed_is_a_right_one(dataset: str):
    study = kills.study_of(dataset, ROOT / "params.yaml")
    check_project(study)
    assert [*study["datasets"]] == [dataset]
    assert study["experiments"]


def test_the_page_groups_rows_by_subject():
    rows = [Row("A", "x", 2, 2, "fine"), Row("B", "y", 3, 1, "whole"), Row("A", "z", 0, 0, "-")]
    page = render(rows)
    assert page.index("## A") < page.index("| x | 2 | 2 | fine |") < page.index("| z | 0 | 0 | - |")
    assert page.index("| z |") < page.index("## B") < page.index("| y | 3 | **1** | whole |")
    assert "4 of 5" not in page
    assert "3 of 5" in page


@pytest.mark.parametrize(("survived", "code"), [(3, 0), (2, 1)])
def test_what_did_not_survive_fails_the_run(tmp_path: Path, monkeypatch, survived: int, code: int):
    rows = [Row("A", "x", 3, survived, "fine")]
    monkeypatch.setattr(soak, "trials", lambda *_: iter(rows))
    with pytest.raises(SystemExit) as stop:
        soak.main(tmp_path / "page.md")
    assert stop.value.code == code
    assert (tmp_path / "page.md").read_text() == render(rows)
