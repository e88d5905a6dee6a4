"""What scikit-learn promises of an estimator beyond its own checks: state, storage, companions."""

from __future__ import annotations

import copy
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_digits
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict, cross_validate

from stages.network.classifier import SoftmaxNetwork
from stages.network.epochs import DivergedError, Training
from stages.network.monitor import ANSWER, SHARE, epochs_between

PARAMS = {"hidden_layer_sizes": (12,), "batch_size": 32, "learning_rate": 0.1, "random_state": 0}


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:400] / 16, y[:400]


def network(**params):
    return SoftmaxNetwork(**{**PARAMS, "epochs": 4} | params)


def weights(model):
    return b"".join(parameter.tobytes() for parameter in model.network_.parameters)


def learned(model, X):
    """Return everything public that a fit sets, in bytes, but for the settings."""
    own = {name for name in vars(model) if name.endswith("_") and name != "network_"}
    values = {name: np.asarray(getattr(model, name)).tobytes() for name in own}
    return values | {"weights": weights(model), "answers": model.predict_proba(X).tobytes()}


# ---------------------------------------------------------------- state, on success alone


def interrupt(_):
    raise KeyboardInterrupt


FAILURES = {
    "diverges": ({"penalty": "l2", "alpha": 1.0, "learning_rate": 1e9}, {}, DivergedError),
    "interrupted": ({}, {"on_epoch": interrupt}, KeyboardInterrupt),
    "bad-views": ({"flip": True}, {"views": [np.ones((3, 3))]}, ValueError),
    "bad-monitor": ({}, {"monitor": (None, None)}, ValueError),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_first_fit_that_fails_leaves_nothing(digits, failure):
    X, y = digits
    params, arguments, error = FAILURES[failure]
    model = network(**params)
    before = dict(vars(model))
    with pytest.raises(error):
        model.fit(X, y, **arguments)
    assert vars(model) == before
    with pytest.raises(NotFittedError):
        model.predict(X)


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")  # bad-monitor has none
@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("other", ["classes", "features", "names"])
def test_a_refit_that_fails_leaves_the_network_that_was_there(digits, failure, other):
    X, y = digits
    params, arguments, error = FAILURES[failure]
    model = network(early_stopping=True).fit(X, y)
    before = learned(model, X)
    assert "validation_scores_" in before
    model.set_params(**params, early_stopping=False)
    again = {
        "classes": (X, np.array(list("abcdefghij"))[y]),
        "features": (X[:, :50], y),
        "names": (pd.DataFrame(X).add_prefix("pixel "), y),
    }[other]
    with pytest.raises(error):
        model.fit(*again, **arguments)
    assert learned(model, X) == before


def test_a_refit_forgets_what_the_last_fit_alone_had(digits):
    X, y = digits
    table = pd.DataFrame(X).add_prefix("p")
    model = network(early_stopping=True).fit(table, y, monitor=(table, y))
    assert {"validation_scores_", "feature_names_in_", "monitor_curve_"} <= set(vars(model))
    model.set_params(early_stopping=False).fit(X, y)
    assert not {"validation_scores_", "feature_names_in_", "monitor_curve_"} & set(vars(model))
    assert learned(model, X) == learned(network().fit(X, y), X)


@pytest.mark.parametrize(
    "bad",
    [
        lambda X, y: (np.full_like(X, 1e300), y),
        lambda X, y: (X[:, :-1], y),
        lambda X, y: (np.where(X[0, 2] == X, np.nan, X), y),
        lambda X, y: (X, y + 7),
    ],
    ids=["huge", "narrow", "nan", "unknown-label"],
)
def test_a_bad_batch_of_partial_fit_changes_nothing(digits, bad):
    X, y = digits
    model = network(momentum=0.9).partial_fit(X, y, classes=np.unique(y))
    twin = copy.deepcopy(model)
    with pytest.raises((ValueError, DivergedError)):
        model.partial_fit(*bad(X, y))
    assert learned(model, X) == learned(twin, X)
    assert weights(model.partial_fit(X, y)) == weights(twin.partial_fit(X, y))


def test_an_interrupted_partial_fit_changes_nothing(digits, monkeypatch):
    X, y = digits
    model = network().partial_fit(X, y, classes=np.unique(y))
    before, calls = learned(model, X), []

    def step(*_):
        calls.append(1)
        if len(calls) > 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(model._training.optimizer.__class__, "step", step)
    with pytest.raises(KeyboardInterrupt):
        model.partial_fit(X, y)
    monkeypatch.undo()
    assert learned(model, X) == before


# ---------------------------------------------------------------- storage


def through_joblib(tmp_path, mmap_mode=None):
    def stored(model):
        joblib.dump(model, tmp_path / "network")
        return joblib.load(tmp_path / "network", mmap_mode=mmap_mode)

    return stored


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("way", ["pickle", "deepcopy", "joblib", "joblib-mapped", "joblib-zipped"])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_stored_network_goes_on_as_if_it_had_never_been_stored(
    digits, tmp_path, way, momentum, method
):
    X, y = digits
    model = network(momentum=momentum)
    arguments = {"classes": np.unique(y)} if method == "partial_fit" else {}
    getattr(model, method)(X, y, **arguments)

    def zipped(model):
        joblib.dump(model, tmp_path / "z", compress=3)
        return joblib.load(tmp_path / "z")

    ways = {
        "pickle": lambda model: pickle.loads(pickle.dumps(model)),  # noqa: S301 - our own
        "deepcopy": copy.deepcopy,
        "joblib": through_joblib(tmp_path),
        "joblib-mapped": through_joblib(tmp_path, "r"),
        "joblib-zipped": zipped,
    }
    stored = ways[way](model)
    assert learned(stored, X) == learned(model, X)
    for _ in range(2):
        before = weights(stored)
        assert weights(stored.partial_fit(X, y)) == weights(model.partial_fit(X, y)) != before
    assert learned(stored, X) == learned(model, X)


def test_a_copy_shares_nothing(digits):
    X, y = digits
    model = network().fit(X, y)
    before = learned(model, X)
    for other in (copy.deepcopy(model), copy.copy(model), clone(model).fit(X, y)):
        assert weights(other.partial_fit(X, y)) != before["weights"]
        assert learned(model, X) == before
    assert not hasattr(clone(model), "network_")


# ---------------------------------------------------------------- settings and types between calls


@pytest.mark.parametrize("schedule", ["cosine", "step"])
def test_partial_fit_after_a_schedule_has_the_base_rate(digits, schedule):
    X, y = digits
    scheduled = network(schedule=schedule).fit(X, y)
    constant = copy.deepcopy(scheduled).set_params(schedule="constant")
    before = weights(scheduled)
    assert weights(scheduled.partial_fit(X, y)) == weights(constant.partial_fit(X, y)) != before


@pytest.mark.parametrize(
    "change",
    [
        {"learning_rate": 0.5},
        {"momentum": 0.9},
        {"penalty": "l2", "alpha": 0.1},
        {"dropout": 0.5},
        {"batch_size": 7},
        {"label_smoothing": 0.3},
    ],
    ids=lambda change: next(iter(change)),
)
def test_changed_settings_hold_from_the_next_call_on(digits, change):
    X, y = digits
    model = network().partial_fit(X, y, classes=np.unique(y))
    same, changed = copy.deepcopy(model), copy.deepcopy(model).set_params(**change)
    assert weights(changed.partial_fit(X, y)) != weights(same.partial_fit(X, y))
    # A network that has these settings from the start goes on likewise from the same weights.
    started = SoftmaxNetwork(**PARAMS | change)
    started.network_, started.classes_, started.n_features_in_ = model.network_, np.unique(y), 64
    started.processors_ = []
    generator = started._last_training().generator
    generator.bit_generator.state = model._training.generator.bit_generator.state
    started._training = Training(model.network_, started._settings(), generator)
    assert weights(started.partial_fit(X, y)) == weights(changed)


@pytest.mark.parametrize("change", [{"hidden_layer_sizes": (3,)}, {"activation": "tanh"}])
def test_layers_do_not_change_between_calls(digits, change):
    X, y = digits
    model = network().partial_fit(X, y, classes=np.unique(y)).set_params(**change)
    with pytest.raises(ValueError, match=r"hidden layers .*call fit"):
        model.partial_fit(X, y)
    assert model.fit(X, y).network_.biases[0].size == model.hidden_layer_sizes[0]


@pytest.mark.parametrize("first", [np.float32, np.float64])
@pytest.mark.parametrize("then", [np.float32, np.float64, np.float16, np.uint8, object])
def test_other_types_are_taken_to_the_networks(digits, first, then):
    X, y = digits
    whole = (X * 16).astype(then)
    model = network(learning_rate=0.003).fit(whole.astype(first), y)
    exact = copy.deepcopy(model)
    np.testing.assert_array_equal(
        model.predict_proba(whole), exact.predict_proba(whole.astype(first))
    )
    model.partial_fit(whole, y)
    exact.partial_fit(whole.astype(first), y)
    assert weights(model) == weights(exact)
    assert {p.dtype for p in model.network_.parameters} == {np.dtype(first)}


def test_a_number_is_one_layer(digits):
    X, y = digits
    one = network(hidden_layer_sizes=12).fit(X, y)
    assert weights(one) == weights(network().fit(X, y))
    assert [w.shape for w in one.network_.weights] == [(64, 12), (12, 10)]


def test_numbers_of_numpy_are_numbers(digits):
    X, y = digits
    own = {"epochs": np.int32(4), "learning_rate": np.float64(0.1), "batch_size": np.int64(32)}
    assert weights(network(**own, flip=np.False_).fit(X, y)) == weights(network().fit(X, y))


def answers_or_error(model, rows):
    try:
        return np.stack([model.predict_proba(rows), model.predict_log_proba(rows)]), ""
    except ValueError as error:
        return np.zeros(1), str(error)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1e20, 1e38, 1e300])
def test_finite_inputs_never_give_nan(digits, dtype, size):
    X, y = digits
    model = network().fit(X.astype(dtype), y)
    for rows in (X * size, -X * size, np.where(X > 0.5, X, size)):
        answers, error = answers_or_error(model, rows)
        assert np.isfinite(answers).all()
        assert not error or "too large" in error or "not finite" in error
    with pytest.raises((ValueError, DivergedError)):
        network().fit((X * 1e300).astype(np.float64), y)


# ---------------------------------------------------------------- companions


def test_tables_with_names_and_labels_of_text(digits):
    X, y = digits
    table, names = pd.DataFrame(X).add_prefix("pixel "), pd.Series(y).map("digit {}".format)
    model = network().fit(table, names)
    assert model.feature_names_in_.tolist() == table.columns.tolist()
    assert set(model.predict(table)) <= set(names)
    assert weights(model) == weights(network().fit(X, y))
    with pytest.raises(ValueError, match="feature names"):
        model.partial_fit(table[table.columns[::-1]], names)
    with pytest.warns(UserWarning, match="feature names"):
        model.predict(X)


def test_companions_of_scikit_learn(digits):
    X, y = digits
    names = np.array([f"digit {label}" for label in y])
    base = network(epochs=20, hidden_layer_sizes=())
    calibrated = CalibratedClassifierCV(base, cv=3).fit(X, names)
    voting = VotingClassifier([("ours", base), ("theirs", LogisticRegression())], voting="soft")
    proba = cross_val_predict(base, X, names, cv=3, method="predict_proba")
    assert calibrated.score(X, names) > 0.9
    assert voting.fit(X, names).score(X, names) > 0.9
    assert proba.sum(axis=1) == pytest.approx(1)
    assert not hasattr(base, "classes_")  # what was fitted are clones
    frozen = network().fit(X, names).set_params(verbose=False)
    assert not hasattr(frozen, "set_output")  # there is no output to set: it transforms nothing


def test_weights_of_samples_and_classes_are_refused(digits):
    X, y = digits
    with pytest.raises(TypeError, match="sample_weight"):
        network().fit(X, y, sample_weight=np.ones(len(y)))
    with pytest.raises(TypeError, match="class_weight"):
        SoftmaxNetwork(class_weight="balanced")
    voting = VotingClassifier([("ours", network()), ("theirs", LogisticRegression())])
    with pytest.raises(TypeError, match="SoftmaxNetwork does not support sample weights"):
        voting.fit(X, y, sample_weight=np.ones(len(y)))


def test_views_that_are_not_split_with_the_folds_are_refused(digits):
    X, y = digits
    with config_context(enable_metadata_routing=True):
        model = network().set_fit_request(views=True)
        with pytest.raises(ValueError, match="views must have the shape"):
            cross_validate(model, X, y, cv=2, params={"views": [X]}, error_score="raise")


# ---------------------------------------------------------------- the monitor


def test_the_monitor_measures_what_the_network_answers_and_changes_nothing(digits):
    X, y = digits
    tested = X[300:], y[300:]
    model = network(epochs=9).fit(X[:300], y[:300], monitor=tested)
    assert weights(model) == weights(network(epochs=9).fit(X[:300], y[:300]))
    curve = model.monitor_curve_
    every = epochs_between(300, 100)
    assert curve["epoch"].tolist() == sorted({1, *range(every, 10, every), 9})
    for epoch, loss, accuracy in curve:
        after = network(epochs=int(epoch)).fit(X[:300], y[:300])
        log_proba = after.predict_log_proba(tested[0])
        assert accuracy == after.score(*tested)
        assert loss == pytest.approx(-log_proba[np.arange(100), tested[1]].mean(), rel=1e-12)


def test_the_monitor_ends_with_the_averaged_weights(digits):
    X, y = digits
    model = network(averaged_epochs=3).fit(X, y, monitor=(X, y))
    assert model.monitor_curve_["accuracy"][-1] == model.score(X, y)


def test_a_class_that_the_network_does_not_know_counts_as_wrong(digits):
    X, y = digits
    seen = y < 9
    model = network().fit(X[seen], y[seen], monitor=(X, y))
    known = network().fit(X[seen], y[seen], monitor=(X[seen], y[seen]))
    assert model.monitor_curve_["accuracy"][-1] == model.score(X, y)
    assert model.monitor_curve_["loss"][-1] == known.monitor_curve_["loss"][-1]


def test_measuring_takes_no_more_than_its_share():
    for n_training, n in ((10_000, 10_000), (50_000, 10_000), (500, 500), (10, 1), (1, 10)):
        every = epochs_between(n_training, n)
        assert ANSWER * n / n_training / every <= SHARE
        assert every == 1 or ANSWER * n / n_training / (every - 1) > SHARE
