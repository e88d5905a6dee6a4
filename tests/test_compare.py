"""What changed between two revisions."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest

from stages.comparing.changes import accuracy_changes, parameter_changes
from stages.comparing.page import render
from stages.comparing.revision import Revision
from stages.evaluation.results import load_results
from stages.params.loading import read_params
from stages.runtime.errors import PipelineError
from stages.statistics.comparisons import difference
from tests.project import Project


@pytest.fixture(scope="module")
def changed(least: Project, tmp_path_factory):
    """Return a project with a commit more, in which a learning rate and a name are others."""
    project = least.copy(tmp_path_factory.mktemp("compare") / "project")
    project.set("experiments.photos-hog.learning_rate", 1.0)
    project.repro()
    project.commit("another learning rate")
    return project


def test_two_commits_are_compared_by_their_own_results(changed: Project, least: Project):
    drawing = changed.path / "changes.svg"
    command = ("python", "-m", "stages.compare", "HEAD~1", "HEAD", "--drawing", str(drawing))
    lines = changed.run(*command).stdout.splitlines()
    assert "| experiments.photos-hog.learning\\_rate | - | 1.0 |" in [
        line.replace("learning_rate", "learning\\_rate") for line in lines
    ]
    (row,) = [line for line in lines if line.startswith("| photos-hog |")]
    assert not [line for line in lines if line.startswith("| photos-normalize |")]
    folders = [one.path / "data" / "evaluations" / "photos" for one in (least, changed)]
    params = read_params(least.path / "params.yaml")
    old, new = (load_results(params, "photos", folder)[1] for folder in folders)
    found = difference(old.runs("accuracy"), new.runs("accuracy"), paired=True)
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[1:3] == [f"{100 * one.scores['accuracy']['mean']:.2f}" for one in (old, new)]
    text = cells[3].replace("\N{MINUS SIGN}", "-")
    numbers = [float(number) for number in re.findall(r"[+-]?[\d.]+", text)]
    assert numbers == pytest.approx([found.mean, found.low, found.high], abs=0.006)
    assert cells[4].endswith("paired")
    assert drawing.read_text().startswith("<svg")


def test_dvc_lays_the_curves_of_two_revisions_over_each_other(changed: Project):
    file = "reports/photos/curves/photos-hog.csv"
    shown = changed.run("dvc", "plots", "diff", "HEAD~1", "HEAD", "--json", "--targets", file)
    (plot,) = json.loads(shown.stdout)["data"][file]
    assert {row["rev"] for row in plot["content"]["data"]["values"]} == {"HEAD~1", "HEAD"}


def test_the_workspace_is_compared_with_a_commit(changed: Project, monkeypatch):
    monkeypatch.chdir(changed.path)
    same = Revision("HEAD"), Revision(None)
    assert accuracy_changes(*same).empty
    assert parameter_changes(same[0].params, same[1].params).empty
    page = render("HEAD", "the workspace", *[pd.DataFrame()] * 3)
    assert page.count("Nothing.") == 3


def test_where_results_are_gone_the_headlines_decide(changed: Project, tmp_path, monkeypatch):
    clone = tmp_path / "clone"
    changed.run("git", "clone", "-q", str(changed.path), str(clone))
    monkeypatch.chdir(clone)
    (row,) = accuracy_changes(Revision("HEAD~1"), Revision("HEAD")).to_dict("records")
    assert row["interval_of"] == "seeds, by means and spreads"
    assert row["low"] < row["difference"] < row["high"]
    assert row["difference"] == pytest.approx(row["new"] - row["old"])


def test_an_unknown_revision_is_one_line(changed: Project, monkeypatch):
    monkeypatch.chdir(changed.path)
    with pytest.raises(PipelineError, match="no-such-revision"):
        Revision("no-such-revision")


def test_parameters_are_compared_by_their_paths():
    old = {"a": {"b": 1, "c": [1, 2]}, "d": {}}
    new = {"a": {"b": 1.5, "c": [1, 2]}, "e": None}
    rows = parameter_changes(old, new).to_numpy().tolist()
    assert rows == [["a.b", "1", "1.5"], ["d", "{}", "-"], ["e", "-", "None"]]
