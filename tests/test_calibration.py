"""One temperature for an experiment's networks, from training samples that one fit left out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import log_loss

from stages.network.classifier import SoftmaxNetwork
from stages.runtime.errors import ParamsError, PipelineError
from stages.training import calibration
from stages.training.calibration import calibrate, fit_temperature, held_out_rows
from stages.training.temperature import Calibration, load_calibration, save_calibration

PARAMS = {"hidden_layer_sizes": [16], "epochs": 40, "batch_size": 16, "learning_rate": 0.5}


@pytest.fixture
def samples():
    generator = np.random.default_rng(0)
    y = np.arange(600) % 3
    X = 0.7 * np.eye(3, 8)[y] + generator.standard_normal((600, 8))
    return X.astype(np.float32), y


@pytest.mark.parametrize("true", [0.3, 1.0, 2.5])
def test_labels_drawn_at_a_temperature_give_it_back(true):
    generator = np.random.default_rng(1)
    logits = generator.standard_normal((20_000, 4)) * 3
    chances = softmax(logits / true, axis=1).cumsum(axis=1)
    y = (chances < generator.random((20_000, 1))).sum(axis=1)
    assert fit_temperature(logits, y) == pytest.approx(true, rel=0.05)
    shifted = logits + generator.standard_normal((20_000, 1)) * 100
    assert fit_temperature(shifted, y) == pytest.approx(fit_temperature(logits, y), rel=1e-6)


def test_without_the_prior_it_is_the_temperature_that_scikit_learn_finds(samples, monkeypatch):
    monkeypatch.setattr(calibration, "PRIOR_SD", 100.0)
    X, y = samples
    network = SoftmaxNetwork(**PARAMS, random_state=0).fit(X[:300], y[:300])
    own = calibrate(network, X[300:], y[300:])
    theirs = CalibratedClassifierCV(FrozenEstimator(network), method="temperature")
    theirs.fit(X[300:], y[300:])
    expected = theirs.predict_proba(X[300:])
    found = softmax(network.predict_log_proba(X[300:]) / own.temperature, axis=1)
    assert own.temperature > 1.2
    assert own.n_held_out == 300
    assert np.abs(found - expected).max() < 1e-3
    assert log_loss(y[300:], found) < log_loss(y[300:], network.predict_proba(X[300:]))


def test_a_few_samples_that_are_all_right_make_nobody_certain():
    logits = np.tile([2.0, 0.0, 0.0], (5, 1))
    assert 0.3 < fit_temperature(logits, np.zeros(5, np.int64)) < 1
    assert fit_temperature(np.empty((0, 3)), np.empty(0, np.int64)) == pytest.approx(1)


def test_samples_held_out_are_seen_by_no_fit_and_every_class_keeps_its_share(samples):
    _, y = samples
    kept, held_out = held_out_rows(y, 0.1, 7)
    assert sorted([*kept, *held_out]) == [*range(600)]
    assert np.bincount(y[held_out]).tolist() == [20, 20, 20]
    assert held_out.tolist() != held_out_rows(y, 0.1, 8)[1].tolist()


def test_a_class_that_training_missed_is_left_out(samples):
    X, y = samples
    network = SoftmaxNetwork(**PARAMS, random_state=0).fit(X[:300], y[:300] * 2)
    labels = y[300:] * 2
    known = calibrate(network, X[300:], labels)
    labels = np.append(labels, [1, 3, 9])
    assert calibrate(network, np.concatenate([X[300:], X[:3]]), labels) == known


@pytest.mark.parametrize("text", ['{"temperature": 0, "n_held_out": 3}', '{"n_held_out": 3}', "{"])
def test_what_was_stored_is_checked(tmp_path, text):
    stored = Calibration(temperature=1.25, n_held_out=3)
    save_calibration(tmp_path, stored)
    assert load_calibration(tmp_path) == stored
    (file,) = tmp_path.iterdir()
    file.write_text(text)
    with pytest.raises((PipelineError, ParamsError), match="calibration"):
        load_calibration(tmp_path)
