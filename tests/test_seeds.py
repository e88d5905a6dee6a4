"""Seeds side by side, and hyperparameters chosen on held-out samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stages.network.classifier import SoftmaxNetwork
from stages.runtime.errors import PipelineError
from stages.training.search import Trial, best, candidates, search
from stages.training.seeds import fit_seeds

PARAMS = {"hidden_layer_sizes": [8], "epochs": 4, "batch_size": 16}


@pytest.fixture
def samples():
    generator = np.random.default_rng(0)
    y = np.arange(120) % 3
    centres = generator.standard_normal((3, 5))
    return (centres[y] + 0.5 * generator.standard_normal((120, 5))).astype(np.float32), y


def bytes_of(network: SoftmaxNetwork) -> bytes:
    return b"".join(parameter.tobytes() for parameter in network.network_.parameters)


def test_processes_side_by_side_give_the_bytes_of_one_alone(samples, tmp_path: Path, monkeypatch):
    X, y = samples
    for name, array in (("X", X), ("view", -X)):
        np.save(tmp_path / f"{name}.npy", array)
    mapped, view = (np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in ("X", "view"))
    found = {}
    for workers in ("1", "2"):
        monkeypatch.setenv("LOKY_MAX_CPU_COUNT", workers)
        fits = list(fit_seeds(PARAMS, mapped, y, [3, 1, 2], tmp_path / workers, [view]))
        assert [network.random_state for network in fits] == [3, 1, 2]
        found[workers] = [bytes_of(network) for network in fits]
    assert found["1"] == found["2"]
    alone = SoftmaxNetwork(**PARAMS, random_state=1).fit(X, y, views=[-X])
    assert bytes_of(alone) == found["1"][1]
    assert len(set(found["1"])) == 3


def test_a_seed_that_diverges_is_named(samples, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    X, y = samples
    params = {**PARAMS, "learning_rate": 1e30}
    with pytest.raises(PipelineError, match=r"seed 7: the loss is .* try a learning_rate below"):
        list(fit_seeds(params, X * 1e20, y, [7], tmp_path))


SEARCH = {
    "hidden_layer_sizes": [],
    "epochs": 30,
    "batch_size": 16,
    "validation_fraction": 0.25,
    "learning_rate": [1e-6, 0.3, 1e-5],
    "alpha": 0.0,
}


def test_search_scores_on_samples_that_it_did_not_train_on(samples, monkeypatch):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    X, y = samples
    seen = []
    fit, score = SoftmaxNetwork.fit, SoftmaxNetwork.score

    def recording_fit(self, X, y, views):
        seen.append({row.tobytes() for row in X})
        np.testing.assert_array_equal(views, [X + 1, X + 2])  # of the same samples
        return fit(self, X, y)

    def recording_score(self, X, y):
        assert not seen[-1] & {row.tobytes() for row in X}
        assert len(X) == 30
        assert np.bincount(y).tolist() == [10, 10, 10]
        return score(self, X, y)

    monkeypatch.setattr(SoftmaxNetwork, "fit", recording_fit)
    monkeypatch.setattr(SoftmaxNetwork, "score", recording_score)
    trials = search(SEARCH, X, y, [0, 1, 2], [X + 1, X + 2])
    assert [trial.values for trial in trials] == [{"learning_rate": r} for r in (1e-6, 0.3, 1e-5)]
    assert trials[1].accuracy > 0.8 > trials[0].accuracy
    assert best(trials) == {"learning_rate": 0.3}
    assert len(seen) == 6  # two seeds each


def test_search_tries_every_combination_of_two_lists(samples, monkeypatch):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    params = {**SEARCH, "epochs": 1, "learning_rate": [0.1, 0.2], "alpha": [0.001, 0.01]}
    assert candidates(params) == {"learning_rate": [0.1, 0.2], "alpha": [0.001, 0.01]}
    trials = search({**params, "penalty": "l2"}, *samples, [0, 1])
    assert [tuple(trial.values.values()) for trial in trials] == [
        (0.1, 0.001),
        (0.1, 0.01),
        (0.2, 0.001),
        (0.2, 0.01),
    ]


def test_the_best_is_the_first_of_equals_and_never_one_that_diverged():
    trials = [Trial({"a": 1}, None), Trial({"a": 2}, 0.5), Trial({"a": 3}, 0.5)]
    assert best(trials) == {"a": 2}


def test_search_where_all_diverge_says_so(samples, monkeypatch):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    X, y = samples
    params = {**SEARCH, "learning_rate": [1e30, 1e35]}
    with pytest.raises(PipelineError, match="every candidate diverges: add smaller ones to learn"):
        search(params, X * 1e20, y, [0])
