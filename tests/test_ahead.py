"""All networks ahead of `dvc repro`, which then collects the same bytes."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.runtime.errors import ParamsError
from stages.scheduling.plan import experiments_of, features_of
from tests.benchmarks.simulation import makespan
from tests.project import Project, tiny_params
from tests.soak.background import background

SEARCHED = {
    "hidden_layer_sizes": {"choice": [[], [4]]},
    "learning_rate": {"log_uniform": [0.01, 1.0]},
    "search": {"method": "halving", "candidates": 4, "factor": 2, "seeds": 1, "seed": 3},
}


def change(project: Project) -> None:
    """Put all networks out of date; let one have candidates."""
    params = project.read()
    params["defaults"]["epochs"] = 4
    params["experiments"]["photos-hog"] |= SEARCHED
    project.write(params)


def networks(project: Project) -> dict[str, bytes]:
    return {name: file for name, file in project.outputs().items() if name.startswith("models/")}


@pytest.fixture(scope="module")
def expected(least: Project, tmp_path_factory) -> dict[str, bytes]:
    """Return what `dvc repro` makes without it."""
    project = least.copy(tmp_path_factory.mktemp("without") / "project")
    change(project)
    project.repro("train@photos-normalize", "train@photos-hog")
    return networks(project)


def checkpoints(project: Project) -> list[Path]:
    return sorted((project.path / ".checkpoints").glob("*/photos-*/*.npz"))


def test_repro_collects_what_was_trained_ahead(least: Project, tmp_path: Path, expected):
    project = least.copy(tmp_path / "project")
    change(project)
    said = project.run("python", "-m", "stages.ahead", "report@photos").stdout
    assert "1 of 7: " in said
    assert "photos-normalize, calibration; about " in said
    assert len(checkpoints(project)) == 6
    assert len([*(project.path / ".checkpoints").glob("*/trials/*")]) >= 7
    project.repro("train@photos-normalize", "train@photos-hog")
    assert networks(project) == expected
    assert not checkpoints(project)
    assert project.run("python", "-m", "stages.ahead", "report@photos").stdout == ""


def test_nothing_of_other_code_is_collected(least: Project, tmp_path: Path):
    project = least.copy(tmp_path / "project")
    change(project)
    ahead = ("python", "-m", "stages.ahead", "train@photos-normalize")
    assert "3 of 3: " in project.run(*ahead).stdout
    assert project.run(*ahead).stdout.count("photos-normalize, ") == 3  # what is there is read
    before = {path: path.read_bytes() for path in checkpoints(project)}
    code = project.path / "stages" / "network" / "optimizers.py"
    code.write_text(code.read_text().replace("return base\n", "return 2 * base\n"))
    project.repro("train@photos-normalize")
    assert {path: path.read_bytes() for path in checkpoints(project)} == before


def test_what_is_in_the_run_cache_is_not_trained(least: Project, tmp_path: Path):
    project = least.copy(tmp_path / "project")
    before = project.read()
    change(project)
    project.repro("train@photos-hog")
    project.write(before)
    assert project.run("python", "-m", "stages.ahead").stdout == ""
    assert networks(project) == networks(least)


def test_killed_it_goes_on_and_so_does_repro(least: Project, tmp_path: Path, expected):
    project = least.copy(tmp_path / "project")
    change(project)
    with background(project, "python", "-m", "stages.ahead", "photos") as run:
        run.wait_for("2 of 7: ")
        run.process.send_signal(signal.SIGKILL)
        assert run.ends_within()
    assert checkpoints(project)
    project.repro("train@photos-normalize", "train@photos-hog")
    assert networks(project) == expected


def test_targets_are_those_of_dvc_or_names():
    params = tiny_params()
    everything = [*params["experiments"]]
    assert experiments_of(params, []) == everything
    assert experiments_of(params, ["report@photos"]) == everything
    assert experiments_of(params, ["photos"]) == everything
    assert experiments_of(params, ["train@photos-hog", "photos-normalize"]) == everything[:2]
    assert features_of(params, everything[:2]) == ["photos-normalize", "photos-hog"]
    with pytest.raises(ParamsError, match="train@photos-hug: no dataset or experiment"):
        experiments_of(params, ["train@photos-hug"])


COSTS = st.lists(st.floats(0.1, 100), min_size=1, max_size=30)


@given(COSTS, st.integers(1, 8))
def test_longest_first_ends_within_a_third_of_the_bound(costs, n_workers):
    """Graham's bound, against the lower one of the longest job and an even share."""
    span = makespan(sorted(costs, reverse=True), n_workers)
    assert span >= max(*costs, sum(costs) / n_workers) * (1 - 1e-9)
    assert span <= sum(costs) / n_workers + max(costs) * (1 - 1 / n_workers) + 1e-6


def test_the_makespan_of_a_schedule_made_by_hand():
    assert makespan([5, 4, 3, 3, 3], 2) == 10  # 5 + 3 beside 4 + 3, then the last
    assert makespan([5, 4, 3], 1) == 12
    assert makespan([5, 4, 3], 3) == 5
