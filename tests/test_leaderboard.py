"""The table of how far the networks get, and what they cost."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from stages.claims.schema import load_study
from stages.evaluation.minutes import stages_of
from stages.params.loading import read_params
from stages.reporting import cost
from stages.reporting.cost import draw_cost
from stages.runtime import command
from stages.runtime.command import timed
from stages.runtime.errors import ParamsError, PipelineError
from stages.runtime.files import read_json, write_json
from stages.tables.base import Outcome
from stages.tables.leaderboard import Leaderboard, load_near_duplicates
from stages.tables.published import load_published
from tests.benchmarks import minutes
from tests.helpers import ROOT
from tests.made_up import made_up

STUDY = load_study(ROOT / "study" / "course-report.yaml")
leaderboard_cells = Leaderboard().cells


def leaderboard_table(results, minutes, near_duplicates):
    outcome = Outcome(results, [], STUDY, minutes, near_duplicates, pd.DataFrame())
    return Leaderboard().numbers(outcome)["leaderboard"]


@pytest.fixture
def results():
    accuracies = {"linear": 40, "128": 50, "128-l1": 45, "normalize": 70}
    return [made_up(f"cifar10-{name}", accuracy=value) for name, value in accuracies.items()]


def test_what_is_tested_on_the_test_batch_stands_best_first(results):
    table = leaderboard_table(results, {"cifar10-128": 2.5}, [])
    # "normalize" is trained on one batch and tested on another, whatever it reaches.
    assert table["experiment"].tolist() == ["128", "128-l1", "linear"]
    assert table["accuracy_mean"].tolist() == pytest.approx([50, 45, 40])
    assert (table["accuracy_low"] < table["accuracy_mean"]).all()
    np.testing.assert_array_equal(table["minutes"], [2.5, np.nan, np.nan])
    first = leaderboard_cells(table).iloc[0]
    assert first["ensemble %"] == "51.30"  # the best seed is at 50.3, and made_up adds one
    assert (first["features"], first["parameters"], first["minutes"]) == ("3,072", "30,730", "2.5")
    assert leaderboard_cells(table)["minutes"].tolist()[1:] == ["", ""]
    assert first["views averaged"] == "1"
    assert "without near-duplicates %" not in first


def test_accuracy_without_near_duplicates_is_that_of_the_other_pictures(results):
    # The made-up networks know the first pictures, so leaving those out costs accuracy.
    listed = list(range(0, 400, 2))
    table = leaderboard_table(results, {}, listed).set_index("experiment")
    others = np.setdiff1d(np.arange(1000), listed)
    for result in results[:3]:
        expected = 100 * result.correct[:, others].mean()
        assert table.loc[result.short_name, "without_duplicates"] == pytest.approx(expected)
    shown = leaderboard_cells(table.reset_index())["without near-duplicates %"]
    assert shown.iloc[0] == f"{table['without_duplicates'].iloc[0]:.2f}"


def test_the_list_of_near_duplicates_is_of_the_test_batch(tmp_path):
    listed = load_near_duplicates(ROOT / "study" / "near-duplicates", "cifar10", 10_000)
    assert len(set(listed)) == len(listed) == 286
    assert load_near_duplicates(tmp_path, "photos", 500) == []
    for content, part in (
        ("test_picture\n500\n", "500 pictures"),
        ("test_picture\n-1\n", "500 pictures"),
        ("picture\n1\n", "test_picture"),
        ("test_picture\nfirst\n", "test_picture"),
    ):
        (tmp_path / "photos.csv").write_text(content)
        with pytest.raises(PipelineError, match=part) as error:
            load_near_duplicates(tmp_path, "photos", 500)
        assert "photos.csv" in str(error.value)


def test_only_what_was_timed_is_drawn(results, tmp_path):
    draw_cost(leaderboard_table(results, {}, []), tmp_path / "none.png")
    assert not (tmp_path / "none.png").exists()
    draw_cost(leaderboard_table(results, {"cifar10-128": 1.0}, []), tmp_path / "cost.png")
    assert (tmp_path / "cost.png").exists()


def test_names_and_numbers_of_the_committed_picture_are_readable(monkeypatch):
    kept = []
    monkeypatch.setattr(cost, "save", lambda figure, _: kept.append(figure))
    draw_cost(pd.read_csv(ROOT / "reports" / "cifar10" / "tables" / "leaderboard.csv"), Path())
    (figure,) = kept
    figure.draw_without_rendering()
    (axes,) = figure.axes
    ticks = [tick for tick in axes.get_xticklabels(which="both") if tick.get_text()]
    assert {"1", "2", "5"} <= {tick.get_text() for tick in ticks}
    frame = axes.get_window_extent()
    # Of the words alone: an annotation's own extent has its line to the point, too.
    names = [Text.get_window_extent(text) for text in axes.texts]
    assert len(names) >= 10
    assert all(frame.x0 < name.x0 and name.x1 < frame.x1 for name in names)
    for boxes in (names, [tick.get_window_extent() for tick in ticks]):
        assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


def test_no_experiment_on_the_test_batch_gives_no_rows(results):
    assert leaderboard_table(results[-1:], {}, []).empty


def test_published_figures_have_a_source_and_a_dataset(tmp_path):
    published = load_published(ROOT / "study" / "published.yaml", "cifar10")
    assert len(published) >= 10
    assert (published["source"].str.len() > 10).all()
    assert len(load_published(ROOT / "study" / "published.yaml", "photos")) == 0
    (tmp_path / "p.yaml").write_text("cifar10: [{what: x, accuracy: 41.1, source: y}]")
    with pytest.raises(ParamsError, match=r"cifar10\.0\.accuracy: 41\.1 is not allowed"):
        load_published(tmp_path / "p.yaml", "cifar10")


def test_the_minutes_of_an_experiment_are_those_of_its_chain(project, monkeypatch):
    monkeypatch.chdir(project.path)
    chain = [
        "preprocess@photos-hog",
        "preprocess@photos-hog-standardize",
        "train@photos-hog-standardize",
    ]
    assert stages_of(read_params(Path("params.yaml")), "photos-hog-standardize") == chain
    timings, output = project.path / "timings", project.path / "minutes.json"
    output.write_text('{"photos-z": 9.5}')
    for stage, seconds in zip([*chain, "train@photos-hog"], (60, 12, 6, 150), strict=True):
        write_json(timings / f"{stage}.json", {"seconds": seconds})
    minutes.main(["photos-hog-standardize", "photos-hog"], timings, output)
    assert read_json(output) == {"photos-hog": 3.5, "photos-hog-standardize": 1.3, "photos-z": 9.5}
    (timings / "train@photos-hog.json").unlink()
    with pytest.raises(PipelineError, match="photos-hog: not all"):
        minutes.main(["photos-hog"], timings, output)


def test_a_stage_notes_its_seconds_unless_it_fails(tmp_path, monkeypatch):
    note = tmp_path / "new" / "note.json"
    clock = [1000.0]
    monkeypatch.setattr(command.time, "monotonic", lambda: clock[0])
    with timed(note):
        clock[0] += 61.27
    assert read_json(note) == {"seconds": 61.3}
    failed = tmp_path / "failed.json"
    with pytest.raises(ZeroDivisionError), timed(failed):
        raise ZeroDivisionError
    assert not failed.exists()
