"""Candidates of settings: which there are, and which is best on held-out samples."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import HalvingGridSearchCV, train_test_split

from stages.network.classifier import SoftmaxNetwork
from stages.params.candidates import Candidates, Search
from stages.params.experiment import Experiment, merge
from stages.runtime.errors import ParamsError, PipelineError
from stages.schema.project import check_project
from stages.training import search as searching
from stages.training.search import FRESH, Work, search
from tests.helpers import write_vectors
from tests.project import tiny_params

GRID = {"method": "grid", "candidates": 2, "factor": 2, "seeds": 2, "seed": 0}


@pytest.fixture
def samples():
    generator = np.random.default_rng(0)
    y = np.arange(150) % 3
    centres = generator.standard_normal((3, 5))
    return (centres[y] + 0.5 * generator.standard_normal((150, 5))).astype(np.float32), y


def experiment(**settings: object) -> Experiment:
    document = tiny_params()
    own = document["experiments"]["photos-normalize"]
    base = {"split": "all", "epochs": 30, "batch_size": 16, "validation_fraction": 0.25}
    own |= base | {"search": GRID} | settings
    return merge(document, "photos-normalize")


def work(samples, folder: Path, n_test: int = 30, **settings: object) -> Work:
    features = write_vectors(folder / "features", *samples, n_test=n_test)
    return Work(experiment(**settings), features, folder / "kept")


def test_what_an_entry_says_of_its_search_is_laid_over_the_rest():
    document = tiny_params()
    before = merge(document, "photos-normalize").search
    document["recipes"][document["experiments"]["photos-normalize"]["recipe"]] |= {
        "search": {"method": "random", "seeds": 7}
    }
    document["experiments"]["photos-normalize"]["search"] = {"seeds": 5}
    found = merge(document, "photos-normalize").search
    assert found == before.model_copy(update={"method": "random", "seeds": 5})
    document["experiments"]["photos-normalize"]["search"] = {"sedes": 5}
    with pytest.raises(ParamsError, match=r"search.sedes: unknown key; did you mean 'seeds'"):
        merge(document, "photos-normalize")


RATES = [1e-6, 0.3, 1e-5]


def test_it_scores_on_samples_that_it_did_not_train_on_as_it_always_did(
    samples, tmp_path: Path, monkeypatch
):
    """Split, seeds and means are those of the searches before there were ranges."""
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    X, y = (array[:120] for array in samples)
    seen, held_out = train_test_split(np.arange(120), test_size=0.25, stratify=y, random_state=0)
    found = search(work(samples, tmp_path, learning_rate=RATES))
    for trial, rate in zip(found.trials, RATES, strict=True):
        params = {"learning_rate": rate, "epochs": 30, "batch_size": 16}
        scores = [
            SoftmaxNetwork(**params, random_state=seed)
            .fit(X[seen], y[seen])
            .score(X[held_out], y[held_out])
            for seed in (0, 1)
        ]
        assert trial.values == {"learning_rate": rate}
        assert trial.accuracy == pytest.approx(np.mean(scores), abs=1e-12)
    assert found.chosen == {"learning_rate": 0.3}
    assert found.trials[1].accuracy > 0.8 > found.trials[0].accuracy
    fresh = [
        SoftmaxNetwork(learning_rate=0.3, epochs=30, batch_size=16, random_state=FRESH + seed)
        .fit(X[seen], y[seen])
        .score(X[held_out], y[held_out])
        for seed in (0, 1)
    ]
    assert found.fresh == pytest.approx(np.mean(fresh), abs=1e-12)


def test_a_grid_has_every_combination_of_lists():
    rates, strengths = [0.1, 0.2], [0.001, 0.01]
    settings = experiment(learning_rate=rates, penalty="l2", alpha=strengths)
    assert settings.search.combinations(settings.searched()) == [
        {"alpha": alpha, "learning_rate": rate} for alpha in strengths for rate in rates
    ]


@given(
    st.integers(0, 2**31 - 1),
    st.integers(2, 30),
    st.floats(1e-6, 1.0),
    st.floats(1.1, 100.0),
    st.integers(-5, 5),
    st.integers(1, 5),
)
def test_what_is_drawn_is_within_its_range_and_the_seed_s_alone(seed, n, low, factor, first, more):
    ranges = {
        "a": Candidates(log_uniform=[low, low * factor]),
        "b": Candidates(uniform=[low, low * factor]),
        "c": Candidates(integer=[first, first + more]),
        "d": Candidates(choice=[[], [1, 2], None]),
    }
    method = Search(**{**GRID, "method": "random", "candidates": n, "seed": seed})
    drawn = method.combinations(ranges)
    assert method.combinations(ranges) == drawn
    assert len({json.dumps(one) for one in drawn}) == len(drawn) <= n
    for one in drawn:
        for name in "ab":
            assert 0.995 * low <= one[name] <= 1.005 * low * factor
        assert one["c"] in range(first, first + more + 1)
        assert one["d"] in [[], [1, 2], None]
    assert len(drawn) == n or more < 3


def test_every_order_of_magnitude_is_drawn_as_often():
    method = Search(**{**GRID, "method": "random", "candidates": 900})
    drawn = method.combinations({"a": Candidates(log_uniform=[1e-6, 1.0])})
    counts = np.histogram(np.log10([one["a"] for one in drawn]), bins=6, range=(-6, 0))[0]
    assert counts.min() > 100


@given(st.integers(2, 200), st.integers(1, 200), st.integers(2, 5))
def test_rungs_are_those_of_scikit_learn(n_candidates, epochs, factor):
    method = Search(**{**GRID, "method": "halving", "factor": factor})
    rungs = method.rungs(n_candidates, epochs)
    assert rungs[0][0] == n_candidates
    assert rungs[-1][1] == epochs
    assert len(rungs) == 1 or factor ** (len(rungs) - 1) <= min(n_candidates, epochs)
    if epochs < factor:
        return
    theirs = HalvingGridSearchCV(
        LogisticRegression(),
        {"C": np.geomspace(0.1, 1, n_candidates).tolist()},
        factor=factor,
        resource="max_iter",
        max_resources=epochs,
        min_resources=rungs[0][1],
        aggressive_elimination=False,
    )
    assert theirs.factor == factor
    assert [n for n, _ in rungs] == [-(-n_candidates // factor**step) for step in range(len(rungs))]


def test_halving_trains_the_best_for_longer(samples, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    rates = [1e-6, 0.3, 1e-5, 0.1]
    settings = {"search": {**GRID, "method": "halving", "candidates": 4}, "epochs": 8}
    found = search(work(samples, tmp_path, learning_rate={"choice": rates}, **settings))
    epochs = [trial.epochs for trial in found.trials]
    assert epochs == [2] * 4 + [4] * 2 + [8]
    (last,) = [trial for trial in found.trials if trial.epochs == 8]
    assert found.chosen == last.values
    assert found.chosen["learning_rate"] in (0.1, 0.3)


def test_what_was_scored_is_not_scored_again(samples, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    first = work(samples, tmp_path, learning_rate=RATES)
    found = search(first)
    monkeypatch.setattr(searching, "SoftmaxNetwork", None)  # to train would fail
    assert search(first) == found
    # Other seeds of the final fits have no part in it.
    others = first.experiment.model_copy(update={"seeds": [7, 8, 9]})
    assert search(Work(others, first.features, first.kept)) == found
    with pytest.raises(TypeError):
        search(work(samples, tmp_path, learning_rate=[*RATES, 0.2]))


@pytest.mark.parametrize("change", ["features", "epochs", "seed"])
def test_what_another_result_depends_on_makes_it_another_fit(
    samples, tmp_path: Path, monkeypatch, change: str
):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    search(work(samples, tmp_path, learning_rate=RATES))
    n_kept = len([*(tmp_path / "kept").iterdir()])
    X, y = samples
    other = {
        "features": ((X + 1, y), {}),
        "epochs": (samples, {"epochs": 31}),
        "seed": (samples, {"search": {**GRID, "seed": 9}}),
    }[change]
    search(work(other[0], tmp_path, learning_rate=RATES, **other[1]))
    assert len([*(tmp_path / "kept").iterdir()]) == 2 * n_kept


def test_of_equals_the_first_is_best_and_never_one_that_diverged(
    samples, tmp_path: Path, monkeypatch
):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    scores = {0.1: None, 0.2: 0.5, 0.3: 0.5}
    monkeypatch.setattr(searching, "score", lambda fit: scores[fit.settings["learning_rate"]])
    found = search(work(samples, tmp_path, learning_rate=[*scores]))
    assert found.chosen == {"learning_rate": 0.2}
    assert [trial.accuracy for trial in found.trials] == [None, 0.5, 0.5]


def test_where_all_diverge_it_says_so(samples, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    X, y = samples
    with pytest.raises(PipelineError, match="every candidate diverges: add smaller ones to learn"):
        search(work((X * 1e20, y), tmp_path, learning_rate=[1e30, 1e35]))


def test_too_few_samples_for_a_share_of_each_class_are_split_all_the_same(
    tmp_path: Path, monkeypatch
):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    X = np.random.default_rng(0).standard_normal((12, 4)).astype(np.float32)
    found = search(
        work((X, np.arange(12) % 6), tmp_path, n_test=2, learning_rate=RATES, batch_size=2)
    )
    assert len(found.trials) == 3


@pytest.mark.parametrize(
    ("settings", "parts"),
    [
        ({"learning_rate": {"log_uniform": [0, 1]}}, ["learning_rate", "log_uniform", "above 0"]),
        ({"learning_rate": {"uniform": [1, 0.5]}}, ["learning_rate", "uniform", "below"]),
        ({"learning_rate": {"uniform": [0.1]}}, ["learning_rate.uniform", "at least 2"]),
        ({"learning_rate": {"between": [0.1, 1]}}, ["learning_rate.between: unknown key"]),
        ({"learning_rate": {}}, ["learning_rate", "choice, uniform"]),
        ({"learning_rate": {"choice": [0.1, -1.0]}}, ["learning_rate: -1.0 is not allowed"]),
        ({"learning_rate": {"uniform": [-1.0, 1.0]}}, ["learning_rate: -0", "greater than 0"]),
        (
            {"learning_rate": {"uniform": [0.1, 1.0]}, "search": GRID},
            ["search.method: grid", "random"],
        ),
        ({"flip": {"choice": [True, "no"]}}, ["flip: 'no' is not allowed"]),
        ({"dropout": {"uniform": [0.1, 0.5]}}, ["dropout", "needs a hidden layer"]),
        ({"batch_size": {"integer": [10**8, 10**9]}}, ["batch_size", "training pictures"]),
        ({"seeds": {"choice": [[1], [2]]}}, ["seeds", "valid list"]),
        ({"search": {**GRID, "seeds": 0}}, ["search.seeds: 0", "equal to 1"]),
        ({"search": {**GRID, "method": "best"}}, ["search.method: 'best'", "halving"]),
        ({"hidden_layer_sizes": {"choice": [[], [0]]}}, ["hidden_layer_sizes", "0 is not allowed"]),
    ],
)
def test_candidates_that_are_not_allowed_are_named_before_any_work(settings, parts):
    document = tiny_params()
    settings = {"search": {**GRID, "method": "random", "candidates": 20}} | settings
    document["experiments"]["photos-normalize"] |= settings
    with pytest.raises(ParamsError) as error:
        check_project(document)
    assert error.value.exit_code == 2
    for part in ["experiments.photos-normalize", *parts]:
        assert part in str(error.value)
    assert "\n" not in str(error.value)
