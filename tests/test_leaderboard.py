"""The table of how far the networks get, and what they cost."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest

from stages.reporting.leaderboard import (
    COLUMNS,
    draw_cost,
    leaderboard_cells,
    leaderboard_table,
    load_published,
)
from stages.runtime.errors import ParamsError
from tests.benchmarks import minutes
from tests.helpers import ROOT
from tests.made_up import made_up


@pytest.fixture
def results():
    accuracies = {"linear": 40, "128": 50, "128-l1": 45, "normalize": 70}
    return [made_up(f"cifar10-{name}", accuracy=value) for name, value in accuracies.items()]


def test_what_is_tested_on_the_test_batch_stands_best_first(results):
    table = leaderboard_table(results, {"cifar10-128": 2.5})
    # "normalize" is trained on one batch and tested on another, whatever it reaches.
    assert table["experiment"].tolist() == ["128", "128-l1", "linear"]
    assert table["accuracy_mean"].tolist() == pytest.approx([50, 45, 40])
    assert (table["accuracy_low"] < table["accuracy_mean"]).all()
    np.testing.assert_array_equal(table["minutes"], [2.5, np.nan, np.nan])
    first = leaderboard_cells(table).iloc[0]
    assert first["ensemble %"] == "51.30"  # the best seed is at 50.3, and made_up adds one
    assert (first["features"], first["parameters"], first["minutes"]) == ("3,072", "30,730", "2.5")
    assert leaderboard_cells(table)["minutes"].tolist()[1:] == ["", ""]


def test_only_what_was_timed_is_drawn(results, tmp_path):
    draw_cost(leaderboard_table(results, {}), tmp_path / "none.png")
    assert not (tmp_path / "none.png").exists()
    draw_cost(leaderboard_table(results, {"cifar10-128": 1.0}), tmp_path / "cost.png")
    assert (tmp_path / "cost.png").exists()


def test_no_experiment_on_the_test_batch_gives_no_rows(results):
    table = leaderboard_table(results[-1:], {})
    assert list(table.columns) == COLUMNS
    assert len(leaderboard_cells(table)) == 0


def test_published_figures_have_a_source_and_a_dataset(tmp_path):
    published = load_published(ROOT / "stages" / "claims" / "published.yaml", "cifar10")
    assert len(published) >= 10
    assert (published["source"].str.len() > 10).all()
    assert len(load_published(ROOT / "stages" / "claims" / "published.yaml", "photos")) == 0
    (tmp_path / "p.yaml").write_text("cifar10: [{what: x, accuracy: 41.1, source: y}]")
    with pytest.raises(ParamsError, match=r"cifar10\.0\.accuracy: 41\.1 is not allowed"):
        load_published(tmp_path / "p.yaml", "cifar10")


def test_the_minutes_of_an_experiment_are_those_of_its_chain(project, monkeypatch, tmp_path):
    monkeypatch.chdir(project.path)
    assert minutes.stages_of("photos-hog-standardize") == [
        "preprocess@photos-hog",
        "preprocess@photos-hog-standardize",
        "train@photos-hog-standardize",
    ]
    ran = []
    monkeypatch.setattr(subprocess, "run", lambda command, **_: ran.append(command[-1]))
    output = tmp_path / "minutes.json"
    minutes.main(["photos-hog-standardize", "photos-hog"], output)
    # The features of both are made once.
    assert ran == [*minutes.stages_of("photos-hog-standardize"), "train@photos-hog"]
    assert output.read_text() == '{\n "photos-hog": 0.0,\n "photos-hog-standardize": 0.0\n}\n'
