"""The network at home in scikit-learn, and safe with awkward numbers."""

from __future__ import annotations

import functools
import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits, make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from stages.network.classifier import SoftmaxNetwork
from stages.network.epochs import LAST_BATCHES
from stages.network.losses import cross_entropy_gradient, log_softmax, softmax
from stages.network.model import Network
from stages.network.penalties import L2


def checks(estimator) -> dict[str, set[str]]:
    """Run scikit-learn's whole list; return the names of the checks by their outcome."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(estimator, on_fail=None, on_skip=None)
    by_status: dict[str, set[str]] = {"passed": set(), "skipped": set(), "failed": set()}
    for result in results:
        by_status.setdefault(result["status"], set()).add(result["check_name"])
    return by_status


@functools.cache
def skipped_for_theirs() -> set[str]:
    return checks(MLPClassifier(max_iter=5))["skipped"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "network",
    [
        SoftmaxNetwork(),
        SoftmaxNetwork((16,), momentum=0.9, nesterov=True, batch_size=64, last_batch="short"),
        SoftmaxNetwork((8, 8), activation="tanh", schedule="cosine", penalty="l2", alpha=1e-4),
        SoftmaxNetwork((8,), batch_size=64, last_batch="drop", weight_scale=0.1),
    ],
    ids=["softmax-regression", "short-last-batch", "two-hidden-layers", "dropped-and-scaled"],
)
def test_every_check_of_scikit_learn_passes(network):
    outcome = checks(network)
    assert outcome["failed"] == set()
    assert set(outcome) == {"passed", "skipped", "failed"}  # none expected to fail
    assert outcome["skipped"] <= skipped_for_theirs()
    assert len(outcome["passed"]) > 45


@pytest.fixture
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:600] / 16, y[:600]


def test_works_in_pipelines_searches_and_cross_validation(digits):
    X, y = digits
    network = SoftmaxNetwork(epochs=20, learning_rate=0.1, batch_size=32, random_state=0)
    assert cross_val_score(make_pipeline(StandardScaler(), network), X, y, cv=3).mean() > 0.85
    search = GridSearchCV(network, {"hidden_layer_sizes": [(), (16,)], "alpha": [0.0]}, cv=2)
    assert search.fit(X, y).best_score_ > 0.8
    assert clone(network).get_params() == network.get_params()


def test_batches_and_first_weights_are_parameters_like_others(digits):
    X, y = digits
    values = {"last_batch": "drop", "weight_scale": 0.2}
    network = SoftmaxNetwork((8,), epochs=2, batch_size=32, random_state=0, **values)
    assert network.get_params().items() >= values.items()
    assert (
        SoftmaxNetwork().get_params().items()
        >= {
            "last_batch": "even",
            "weight_scale": None,
        }.items()
    )
    expected = network.fit(X, y).predict_proba(X).tobytes()
    assert clone(network).fit(X, y).predict_proba(X).tobytes() == expected
    other = SoftmaxNetwork((8,), epochs=2, batch_size=32, random_state=0)
    assert other.fit(X, y).predict_proba(X).tobytes() != expected
    assert other.set_params(**values).fit(X, y).predict_proba(X).tobytes() == expected


def test_softmax_regression_converges_to_scikit_learns(digits):
    X, y = digits
    alpha = 0.1
    ours = SoftmaxNetwork(
        penalty="l2",
        alpha=alpha,
        learning_rate=0.3,
        momentum=0.95,
        batch_size=600,
        epochs=1500,
        random_state=0,
    ).fit(X, y)
    # Theirs minimises C * sum of losses + w^2 / 2, ours the mean loss + alpha w^2.
    theirs = LogisticRegression(C=1 / (2 * alpha * len(X)), tol=1e-8, max_iter=5000).fit(X, y)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-6)


def test_alpha_relates_to_scikit_learns_as_the_docstring_says(digits):
    X, y = digits
    theirs = MLPClassifier((5,), solver="sgd", alpha=0.6, batch_size=600, random_state=0)
    theirs.partial_fit(X, y, classes=np.unique(y))
    weights, biases = (
        [array.copy() for array in own] for own in (theirs.coefs_, theirs.intercepts_)
    )
    loss = theirs.partial_fit(X, y).loss_curve_[-1]  # at the weights before this step
    data_loss = cross_entropy_gradient(Network.dense(weights, biases, "relu").logits(X), y)
    assert data_loss + L2(0.6 / (2 * 600)).value(weights) == pytest.approx(loss, rel=1e-9)


def test_l1_gives_more_exact_zeros_the_stronger_it_is(digits):
    X, y = digits
    shares = [
        np.mean(
            SoftmaxNetwork(penalty=penalty, alpha=alpha, epochs=30, random_state=0)
            .fit(X, y)
            .network_.weights[0]
            == 0
        )
        for penalty, alpha in (("none", 0.0), ("l1", 0.001), ("l1", 0.01))
    ]
    assert shares[0] == 0
    assert shares[0] < shares[1] < shares[2]


def test_early_stopping_returns_to_the_best_weights():
    X, y = make_classification(300, 20, n_informative=3, flip_y=0.4, random_state=0)
    network = SoftmaxNetwork(
        (64,), learning_rate=0.5, epochs=400, early_stopping=True, patience=5, random_state=0
    ).fit(X, y)
    scores = network.validation_scores_
    assert network.n_iter_ == len(scores) < 400
    assert scores.index(max(scores)) == len(scores) - 1 - 5
    shorter = SoftmaxNetwork(
        (64,),
        learning_rate=0.5,
        epochs=scores.index(max(scores)) + 1,
        early_stopping=True,
        patience=500,
        random_state=0,
    ).fit(X, y)
    assert shorter.predict_proba(X).tobytes() == network.predict_proba(X).tobytes()


@pytest.mark.parametrize("y", [[0, 1, 2], [0, 0, 0, 0, 1], [0, 1] * 3])
def test_early_stopping_holds_out_what_it_can_of_few_samples(y):
    X = np.arange(2.0 * len(y)).reshape(-1, 2)
    network = SoftmaxNetwork(early_stopping=True, epochs=5, random_state=0).fit(X, y)
    assert len(network.validation_scores_) == network.n_iter_


def test_partial_fit_is_an_epoch_of_fit_and_goes_on(digits):
    X, y = digits
    fitted = SoftmaxNetwork((8,), momentum=0.9, epochs=3, random_state=4).fit(X, y)
    partial = SoftmaxNetwork((8,), momentum=0.9, epochs=3, random_state=4)
    for _ in range(3):
        partial.partial_fit(X, y, classes=np.unique(y))
    assert partial.predict_proba(X).tobytes() == fitted.predict_proba(X).tobytes()
    few = partial.partial_fit(X[:5], y[:5])  # not all classes, a short batch
    assert few.predict_proba(X).shape == (600, 10)
    with pytest.raises(ValueError, match="not those of the first call"):
        partial.partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match="not among the classes"):
        partial.partial_fit(X[:1], [99])
    with pytest.raises(ValueError, match="first call"):
        SoftmaxNetwork().partial_fit(X, y)


def test_labels_of_any_kind_come_back(digits):
    X, y = digits
    names = np.array([f"digit {label}" for label in y])
    network = SoftmaxNetwork(epochs=5, random_state=0).fit(X, names)
    assert set(network.predict(X)) <= set(names)
    assert network.classes_.tolist() == sorted(set(names))


@pytest.mark.parametrize("scale", [1e4, -1e4])
def test_extreme_logits_stay_finite(scale):
    logits = np.array([[0.0, scale, -scale], [scale, scale, scale]])
    for dtype in (np.float32, np.float64):
        assert np.isfinite(softmax(logits.astype(dtype))).all()
        assert np.isfinite(log_softmax(logits.astype(dtype))).all()
        gradient = logits.astype(dtype)
        assert np.isfinite(cross_entropy_gradient(gradient, np.array([0, 1])))
        assert np.isfinite(gradient).all()


def test_layout_mapping_and_precision_of_the_samples_do_not_matter(tmp_path: Path, digits):
    X, y = digits
    X = X.astype(np.float32)
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")

    def proba(samples):
        return SoftmaxNetwork((8,), epochs=3, random_state=0).fit(samples, y).predict_proba(X)

    expected = proba(X)
    assert expected.dtype == np.float32
    assert proba(np.asfortranarray(X)).tobytes() == expected.tobytes()
    assert proba(mapped).tobytes() == expected.tobytes()
    np.testing.assert_allclose(proba(X.astype(np.float64)), expected, atol=1e-5)


@pytest.mark.parametrize("last_batch", LAST_BATCHES)
def test_batches_of_one_class_and_samples_that_remain_train(digits, last_batch):
    X, y = digits
    order = np.argsort(y, kind="stable")
    network = SoftmaxNetwork(batch_size=7, last_batch=last_batch, epochs=3, random_state=0)
    assert np.isfinite(network.fit(X[order], y[order]).loss_curve_["loss"]).all()
    alone = SoftmaxNetwork(epochs=2, last_batch=last_batch, random_state=0)
    assert alone.fit(X[:3], [4, 4, 4]).predict(X[:2]).tolist() == [4, 4]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_are_refused(digits, bad):
    X, y = digits
    X = X.copy()
    X[3, 5] = bad
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        SoftmaxNetwork().fit(X, y)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("activation", "sigmoid"),
        ("penalty", "l3"),
        ("schedule", "linear"),
        ("alpha", -0.1),
        ("learning_rate", 0.0),
        ("momentum", 1.0),
        ("dropout", 1.0),
        ("label_smoothing", -0.1),
        ("batch_size", 0),
        ("epochs", 0),
        ("patience", 0),
        ("hidden_layer_sizes", (4, 0)),
    ],
)
def test_impossible_parameters_are_named(digits, name, value):
    with pytest.raises(ValueError, match=name):
        SoftmaxNetwork(**{name: value}).fit(*digits)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("last_batch", "long", "'short'"),
        ("last_batch", None, "'short'"),
        ("weight_scale", 0.0, "None"),
        ("weight_scale", -0.1, "None"),
        ("weight_scale", np.nan, "None"),
        ("weight_scale", np.inf, "None"),
        ("weight_scale", "he", "None"),
        ("weight_scale", True, "number"),
        ("batch_size", 32.0, "int"),
        ("batch_size", True, "number"),
        ("epochs", 2.5, "int"),
        ("alpha", "0.1", "float"),
        ("alpha", [0.1], "float"),
        ("learning_rate", None, "float"),
        ("patience", "10", "int"),
        ("early_stopping", "no", "bool"),
        ("random_state", -1, "None"),
        ("random_state", "0", "None"),
        ("hidden_layer_sizes", -3, "range"),
        ("hidden_layer_sizes", "ab", "array-like"),
        ("hidden_layer_sizes", (4, 2.0), "whole numbers"),
        ("hidden_layer_sizes", [[4]], "whole numbers"),
        ("hidden_layer_sizes", 4.0, "array-like"),
        ("picture_shape", (8, 8), "height"),
        ("picture_shape", 8, "array-like"),
    ],
)
def test_an_impossible_batch_or_scale_is_named_with_what_is_allowed(
    digits, name, value, allowed, method
):
    with pytest.raises(ValueError, match=name) as error:
        getattr(SoftmaxNetwork(**{name: value}), method)(*digits)
    assert repr(value) in str(error.value)
    assert allowed in str(error.value)


def test_verbose_prints_both_losses_like_the_course_report(digits, capsys):
    SoftmaxNetwork(epochs=2, verbose=True, random_state=0).fit(*digits)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("for epoch1, loss is 2.")


def test_dropout_silences_units_in_training_only(digits):
    X, y = digits
    network = SoftmaxNetwork((64,), dropout=0.5, epochs=30, learning_rate=0.3, random_state=0)
    network.fit(X, y)
    assert network.predict_proba(X).tobytes() == network.predict_proba(X).tobytes()
    assert network.score(X, y) > 0.8
