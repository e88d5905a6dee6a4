"""What is measured of trained networks: by hand, and against scikit-learn."""

from __future__ import annotations

import functools
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss
from sklearn.neural_network import MLPClassifier

from stages import evaluate
from stages.data.samples import Samples, Split, write_features
from stages.evaluation import answers, scores, weights
from stages.evaluation.predictions import (
    Predictions,
    first_layer,
    likeliest,
    load_predictions,
    save_predictions,
)
from stages.network.classifier import LOSSES, SoftmaxNetwork
from stages.network.model import PREDICTION_ROWS, Network
from stages.network.storage import save_network
from stages.params.experiment import merge
from stages.runtime.errors import PipelineError
from stages.runtime.files import read_json, write_json
from stages.training.seeds import network_path
from stages.training.temperature import Calibration, save_calibration
from tests.mistakes import DOCUMENT

SHAPE = (2, 2, 3)


def network_of(layers, biases=None, activation="relu", dtype=np.float64, **params):
    """Return a network with these weights, as if it had been trained."""
    arrays = [np.array(weight, dtype) for weight in layers]
    if biases is None:
        biases = [np.zeros(weight.shape[1]) for weight in arrays]
    hidden = tuple(weight.shape[1] for weight in arrays[:-1])
    network = SoftmaxNetwork(hidden, activation=activation, **params)
    network.network_ = Network.dense(arrays, [np.array(b, dtype) for b in biases], activation)
    network.classes_ = np.arange(arrays[-1].shape[1])
    network.n_features_in_ = len(arrays[0])
    network.loss_curve_, network.n_iter_ = np.ones(1, LOSSES), 1
    return network


def noise(n=90, d=12, seed=0, dtype=np.float32):
    generator = np.random.default_rng(seed)
    return generator.standard_normal((n, d)).astype(dtype), np.arange(n) % 3


def fitted(hidden=(), n=90, **params):
    X, y = noise(n)
    return SoftmaxNetwork(
        hidden, **{"epochs": 5, "learning_rate": 0.3, "random_state": 0} | params
    ).fit(X, y)


def in_other_units(X, *networks):
    """Change the units of half of the features: they still matter, but their weights are small."""
    X[:, ::2] *= 300
    for network in networks:
        network.network_.weights[0][::2] /= 300


@pytest.fixture(params=[(), (7,), (6, 5)], ids=["linear", "one-hidden", "two-hidden"])
def hidden(request):
    return request.param


# ---------------------------------------------------------------- probabilities and scores


def test_scores_are_scikit_learns():
    X, y = noise(60, 5, dtype=np.float64)
    network = SoftmaxNetwork(epochs=5, learning_rate=0.5, random_state=0).fit(X, y)
    (proba,) = answers.probabilities([network], [X], 3)
    found = scores.heldout_scores(proba, y)
    assert found["accuracy"] == accuracy_score(y, network.predict(X))
    assert found["loss"] == pytest.approx(log_loss(y, network.predict_proba(X)))
    assert set(found) == {"accuracy", "loss", "brier", "ece"}
    predicted = np.array([proba.argmax(axis=1)] * 2, dtype=np.uint8)
    counts = scores.confusion(predicted, y, 3)
    assert (counts == 2 * confusion_matrix(y, network.predict(X))).all()


def test_a_class_that_training_never_saw_has_probability_0():
    X, y = np.eye(4), np.array([0, 2, 2, 0])
    network = SoftmaxNetwork(epochs=2, random_state=0).fit(X, y)
    (proba,) = answers.probabilities([network], [X], 4)
    assert (proba[:, [1, 3]] == 0).all()
    assert (proba[:, [0, 2]] > 0).all()
    assert proba.sum(axis=1) == pytest.approx(1.0)


def test_an_ensemble_answers_with_the_mean_of_its_probabilities():
    sure, unsure, y = [[0.9, 0.1]], [[0.2, 0.8]], np.array([0])
    calibrated = np.array([[[0.7, 0.3]], [[0.4, 0.6]]])
    found = scores.ensemble_scores(np.array([sure, unsure]), calibrated, y)
    assert found["accuracy"] == 1.0
    assert found["loss"] == pytest.approx(-np.log(0.55))
    assert found["calibrated_loss"] == pytest.approx(-np.log(0.55))
    assert found["calibrated_ece"] == pytest.approx(0.45)


def averaged(views, shift=0):
    return SimpleNamespace(average_views=views, average_shift=shift, edges="repeat")


def test_views_count_as_much_as_the_pictures():
    X, y = noise()
    network = fitted()
    samples = Samples(X, y, {"test_batch": (0, 90)}, {}, list("abc"), picture_shape=SHAPE)
    turned = X.reshape(90, *SHAPE)[:, :, ::-1].reshape(90, 12)
    expected = (network.predict_proba(X) + network.predict_proba(turned)) / 2
    plain, *others = answers.views(samples, ["test_batch"], averaged(False))
    np.testing.assert_array_equal(plain, X)
    assert others == []
    for given in ([], [turned], [turned, X, turned]):
        views = answers.views(replace(samples, views=given), ["test_batch"], averaged(True))
        (found,) = answers.probabilities([network], views, 3)
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    with pytest.raises(PipelineError, match="have no views"):
        answers.views(replace(samples, picture_shape=None), ["test_batch"], averaged(True))


def test_blocks_and_other_networks_change_no_bit(monkeypatch):
    X, _ = noise(2 * PREDICTION_ROWS + 300)
    X.setflags(write=False)  # like a memory map that is open for reading
    networks = [fitted((5,), random_state=seed) for seed in (0, 1)]
    views = [X, *answers.of_pixels(X, SHAPE, 0, "repeat")]
    whole = answers.probabilities(networks, views, 3)
    monkeypatch.setattr(answers, "ROWS", PREDICTION_ROWS)
    assert answers.probabilities(networks, views, 3).tobytes() == whole.tobytes()
    for network, own in zip(networks, whole, strict=True):
        assert answers.probabilities([network], views, 3).tobytes() == own.tobytes()


def test_only_the_rows_asked_for_are_mirrored():
    X, _ = noise()
    (view,) = answers.of_pixels(X, SHAPE, 0, "repeat")
    assert len(view) == 90
    assert view[4:6].shape == (2, 12)
    np.testing.assert_array_equal(view[4:6], X.reshape(90, *SHAPE)[4:6, :, ::-1].reshape(2, 12))


def test_logits_that_overflow_are_reported_with_their_seed():
    network = network_of(
        [[[3e38, 0.0]]], dtype=np.float32, random_state=7, learning_rate=0.25, epochs=1
    )
    with pytest.raises(PipelineError, match=r"seed 7: .* not finite.*learning_rate below 0"):
        answers.probabilities([network], [np.array([[10.0]], np.float32)], 2)


# ---------------------------------------------------------------- weights near zero


def test_weights_near_zero_by_hand():
    # The first layer alone counts, and 0.001 itself is not near.
    network = network_of([[[0.0, 0.0009, -0.0009, 0.001, -0.5, 2.0]], np.full((6, 2), 0.0001)])
    assert weights.near_zero_share(network) == 3 / 6
    assert weights.zero_share(network) == 1 / 18


def test_the_share_near_zero_is_that_of_a_normal_distribution():
    # Of N(0, 0.026^2), 3.1 % are within 0.001; the bound is four standard errors.
    scale, n = 0.026, 3072 * 128
    draws = np.random.default_rng(0).normal(0, scale, (3072, 128))
    expected = np.sqrt(2 / np.pi) * 0.001 / scale
    found = weights.near_zero_share(network_of([draws, np.ones((128, 2))]))
    assert found == pytest.approx(expected, abs=4 * np.sqrt(expected / n))


def test_pruning_by_hand():
    # Logits (1, 1.8) become (1, 0) without the weight of 0.0009.
    network = network_of([[[1.0, 0.0], [0.0, 0.0009]]])
    X = np.array([[1.0, 2000.0]])
    assert network.predict(X).tolist() == [1]
    assert weights.pruned(network).predict(X).tolist() == [0]
    assert network.predict(X).tolist() == [1]


def test_pruning_leaves_later_layers_and_biases():
    network = network_of([[[0.0005, 1.0]], [[0.0004, 1.0], [1.0, 0.0003]]], [[1e-4, 0], [0, 1e-4]])
    before = [parameter.copy() for parameter in network.network_.parameters]
    first, *others = weights.pruned(network).network_.parameters
    np.testing.assert_array_equal(first, [[0.0, 1.0]])
    for found, expected in zip(others, before[1:], strict=True):
        np.testing.assert_array_equal(found, expected)
    for found, expected in zip(network.network_.parameters, before, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_pruning_keeps_the_precision_of_the_weights(hidden):
    assert weights.pruned(fitted(hidden)).network_.weights[0].dtype == np.float32


def test_pruning_what_has_no_small_weights_changes_no_answer(hidden):
    X, _ = noise()
    network = fitted(hidden)
    first = network.network_.weights[0]
    first[np.abs(first) < weights.NEAR_ZERO] = 0.5
    (found,) = answers.probabilities([weights.pruned(network)], [X], 3)
    (expected,) = answers.probabilities([network], [X], 3)
    assert found.tobytes() == expected.tobytes()


def test_the_accuracy_of_what_is_pruned_is_scikit_learns():
    X, y = noise(400)
    network = fitted((7,), n=400, epochs=60)
    in_other_units(X, network)
    first, second = network.network_.weights
    shown = MLPClassifier((7,), solver="sgd").partial_fit(X, y, classes=[0, 1, 2])
    shown.coefs_ = [np.where(np.abs(first) >= 0.001, first, 0), second]
    shown.intercepts_ = network.network_.biases
    proba = answers.probabilities([weights.pruned(network)], [X], 3)
    assert 0.1 < weights.near_zero_share(network) < 0.5
    assert scores.accuracy(proba[0], y) == shown.score(X, y) != network.score(X, y)


# ---------------------------------------------------------------- logits, and layers as one


def test_the_largest_logit_by_hand():
    # 3 * (-2, 1) + (-1, 0) = (-7, 3), and -1 * (-2, 1) + (-1, 0) = (1, -1).
    network = network_of([[[-2.0, 1.0]]], [[-1.0, 0.0]])
    assert weights.logit_scores(network, np.array([[3.0], [-1.0]]))["largest_logit"] == 7.0


def test_the_largest_logit_is_where_a_softmax_without_shift_overflows():
    X = np.array([[1.0]])
    for limit, finite in ((709.78, True), (709.79, False)):
        network = network_of([[[limit, 0.0]]])
        largest = weights.logit_scores(network, X)["largest_logit"]
        with np.errstate(over="ignore"):
            assert np.isfinite(np.exp(largest)) == finite
        assert np.isfinite(network.predict_proba(X)).all()


def test_what_one_linear_layer_answers_by_hand():
    # 1: the hidden layer gives (1, 0), so logits (1, 0); without relu (1, -1), so (0, -0.5).
    # -1: it gives (0, 1), so (1, 0.5); without relu (-1, 1), so (0, 0.5), which is the other class.
    network = network_of([[[1.0, -1.0]], [[1.0, 0.0], [1.0, 0.5]]])
    X = np.array([[1.0], [-1.0], [-1.0], [-1.0]])
    assert weights.logit_scores(network, X)["collapsed_agreement"] == 0.25
    np.testing.assert_array_equal(weights.collapsed(network.network_).weights[0], [[0.0, -0.5]])


def test_layers_collapse_to_the_product_of_their_affine_maps(hidden):
    network = fitted(hidden).network_
    maps = [
        np.block([[w, np.zeros((len(w), 1))], [b, np.ones(1)]])
        for w, b in zip(network.weights, network.biases, strict=True)
    ]
    product = functools.reduce(np.matmul, maps)
    one = weights.collapsed(network)
    assert len(one.weights) == len(one.biases) == 1
    np.testing.assert_allclose(one.weights[0], product[:-1, :-1], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(one.biases[0], product[-1, :-1], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("activation", ["identity", "relu", "tanh"])
def test_agreement_with_one_layer_is_that_of_scikit_learns_linear_model(hidden, activation):
    X, y = noise(500)
    network = fitted(hidden, n=500, activation=activation, weight_scale=1.0)
    layers = network.network_
    one = LogisticRegression().fit(X, y)
    one.coef_ = functools.reduce(np.matmul, [w.astype(np.float64) for w in layers.weights]).T
    bias = np.zeros(len(layers.weights[0]))
    for w, b in zip(layers.weights, layers.biases, strict=True):
        bias = bias @ w.astype(np.float64) + b
    one.intercept_ = bias
    found = weights.logit_scores(network, X)
    agreement = (one.predict(X.astype(np.float64)) == network.predict(X)).mean()
    assert found["collapsed_agreement"] == pytest.approx(agreement, abs=1 / 500)
    if activation == "identity" or not hidden:
        assert found["collapsed_agreement"] == 1.0
        logits = one.decision_function(X.astype(np.float64))
        assert found["largest_logit"] == pytest.approx(np.abs(logits).max(), rel=1e-9)
    else:
        assert found["collapsed_agreement"] < 0.95


def test_logits_are_those_of_float64(hidden):
    X, _ = noise()
    network = fitted(hidden)
    before = [parameter.tobytes() for parameter in network.network_.parameters]
    found = weights.logit_scores(network, X)["largest_logit"]
    values = X.astype(np.float64)
    *inner, last = zip(network.network_.weights, network.network_.biases, strict=True)
    for w, b in inner:
        values = np.maximum(values @ w.astype(np.float64) + b, 0)
    assert found == pytest.approx(
        np.abs(values @ last[0].astype(np.float64) + last[1]).max(), 1e-12
    )
    assert [parameter.tobytes() for parameter in network.network_.parameters] == before


# ---------------------------------------------------------------- the stage

SEEDS = [0, 1]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a function that evaluates an experiment's networks and returns its metrics."""
    monkeypatch.chdir(tmp_path)
    experiment = merge(DOCUMENT, "photos-normalize").model_copy(update={"seeds": SEEDS})

    def evaluated(values, labels, networks, views=(), picture_shape=SHAPE, **settings):
        """The first half of `values` are training samples, the second are test samples."""
        half = len(labels) // 2
        batches = {"data_batch_1": (0, half), "data_batch_2": (half, 2 * half)}
        splits = {"one": Split(train=("data_batch_1",), test=("data_batch_2",))}
        like = Samples(values, labels, batches, splits, list("abc"))
        (tmp_path / "features").mkdir()
        write_features(tmp_path / "features", like, [values], [[v] for v in views], picture_shape)
        for seed, network in zip(SEEDS, networks, strict=True):
            save_network(network_path(tmp_path / "models", seed), network, like.class_names)
        changed = experiment.model_copy(update=settings)
        write_json(tmp_path / "models" / "experiment.json", changed.model_dump())
        write_json(tmp_path / "models" / "search.json", {"trials": [], "fresh": None})
        save_calibration(tmp_path / "models", Calibration(temperature=2.0, n_held_out=9))
        arguments = tmp_path / "features", tmp_path / "models", tmp_path / "scores", tmp_path
        evaluate.main("own", *arguments)
        return read_json(tmp_path / "scores" / "own.json")

    return evaluated


MEASURES = {
    *("accuracy", "loss", "brier", "ece", "train_accuracy", "train_loss"),
    *("calibrated_loss", "calibrated_ece"),
    *("zero_weights", "near_zero_weights", "pruned_accuracy"),
    *("largest_logit", "collapsed_agreement"),
}


def test_every_measure_is_there_for_each_seed_and_as_mean_and_deviation(run):
    X, y = noise(180)
    networks = [fitted((7,), random_state=seed) for seed in SEEDS]
    in_other_units(X, *networks)
    metrics = run(X, y, networks)
    assert [set(row) for row in metrics["per_seed"]] == [MEASURES] * 2
    for name in MEASURES:
        values = [row[name] for row in metrics["per_seed"]]
        assert metrics[name]["mean"] == pytest.approx(np.mean(values))
        assert metrics[name]["sd"] == pytest.approx(np.std(values, ddof=1))
    assert metrics["n_views"] == 1
    for row, network in zip(metrics["per_seed"], networks, strict=True):
        assert row["train_accuracy"] == network.score(X[:90], y[:90])
        assert row["accuracy"] == network.score(X[90:], y[90:])
        assert row["pruned_accuracy"] == weights.pruned(network).score(X[90:], y[90:])
        assert row["pruned_accuracy"] != row["accuracy"]
        assert row["near_zero_weights"] == weights.near_zero_share(network)


def test_equal_samples_have_equal_scores_in_training_and_test(run):
    X, y = noise(60)
    networks = [fitted((7,), random_state=seed) for seed in SEEDS]
    metrics = run(np.concatenate([X, X]), np.concatenate([y, y]), networks, average_views=True)
    assert metrics["n_views"] == 2
    turned = X.reshape(60, *SHAPE)[:, :, ::-1].reshape(60, 12)
    for row, network in zip(metrics["per_seed"], networks, strict=True):
        assert row["train_accuracy"] == row["accuracy"]
        assert row["train_loss"] == row["loss"]
        both = (network.predict_proba(X) + network.predict_proba(turned)) / 2
        assert row["train_loss"] == pytest.approx(log_loss(y, both), rel=1e-5)
        assert row["train_loss"] != pytest.approx(log_loss(y, network.predict_proba(X)), rel=1e-3)
        calm = [softmax(network.predict_log_proba(x) / 2, axis=1) for x in (X, turned)]
        assert row["calibrated_loss"] == pytest.approx(log_loss(y, sum(calm) / 2), rel=1e-5)


def test_all_views_of_features_are_averaged_in_training_and_test_and_after_pruning(run):
    X, y = noise(180)
    networks = [fitted((7,), random_state=seed) for seed in SEEDS]
    in_other_units(X, *networks)
    views = [np.roll(X, 2, axis=1), -X]
    metrics = run(X, y, networks, views, None, average_views=True)
    assert metrics["n_views"] == 3
    for row, network in zip(metrics["per_seed"], networks, strict=True):
        for name, measured in (("accuracy", network), ("pruned_accuracy", weights.pruned(network))):
            proba = np.mean([measured.predict_proba(view[90:]) for view in (X, *views)], axis=0)
            assert row[name] == accuracy_score(y[90:], proba.argmax(axis=1))
        proba = np.mean([network.predict_proba(view[:90]) for view in (X, *views)], axis=0)
        assert row["train_accuracy"] == accuracy_score(y[:90], proba.argmax(axis=1))
        assert row["train_loss"] == pytest.approx(log_loss(y[:90], proba), rel=1e-5)
        # Of the pictures as they are.
        assert row["largest_logit"] == weights.logit_scores(network, X[90:])["largest_logit"]


@pytest.mark.parametrize("width", [(), (16,)], ids=["linear", "hidden"])
def test_networks_on_pictures_as_they_come_are_measured_without_nan(run, width):
    generator = np.random.default_rng(0)
    X = generator.integers(0, 256, (180, 300)).astype(np.float32)
    y = np.arange(180) % 3
    networks = [
        SoftmaxNetwork(width, epochs=30, batch_size=16, random_state=seed).fit(X[:90], y[:90])
        for seed in SEEDS
    ]
    metrics = run(X, y, networks, (), None)  # NaN is refused by the writer
    if width:  # dead: no test picture gets through, all have the same logits
        assert any(np.ptp(network.predict_proba(X), axis=0).max() == 0 for network in networks)
    else:
        assert metrics["largest_logit"]["mean"] > 709.78
        with np.errstate(over="ignore", invalid="ignore"):
            plain = np.exp(networks[0].network_.logits(X).astype(np.float64))
            assert not np.isfinite(plain / plain.sum(axis=1, keepdims=True)).all()
        logits = networks[0].network_.logits(X)
        np.testing.assert_allclose(networks[0].predict_proba(X), softmax(logits, axis=1), atol=1e-6)


def test_features_without_views_cannot_be_averaged(run):
    X, y = noise(180)
    with pytest.raises(PipelineError, match=r"average_views: .* 'dvc repro'"):
        run(X, y, [fitted()] * 2, (), None, average_views=True)


# ---------------------------------------------------------------- predictions


def predictions_of(predicted, labels):
    predicted, labels = np.array(predicted, np.uint8), np.array(labels, np.uint8)
    losses = np.ones((len(predicted), 3))
    answers = *likeliest(np.eye(4)[labels]), first_layer(np.ones((4, 2)))
    return Predictions(predicted, labels, *answers, *[losses] * 4, ["a"], ["b"], False, [2, 2, 1])


def test_the_likeliest_classes_and_the_weights_of_some_units_are_kept():
    proba = np.array([[0.1, 0.4, 0.2, 0.3], [0.25, 0.25, 0.25, 0.25]])
    likely, likelihoods = likeliest(proba)
    assert likely.tolist() == [[1, 3, 2], [0, 1, 2]]
    np.testing.assert_allclose(likelihoods, [[0.4, 0.3, 0.2], [0.25] * 3], rtol=1e-3)
    assert likeliest(proba[:, :2] / proba[:, :2].sum(axis=1, keepdims=True))[0].shape == (2, 2)
    weights_of = np.random.default_rng(0).standard_normal((12, 70))
    kept = first_layer(weights_of)
    assert kept.shape == (64, 12)
    assert (np.abs(kept).max(axis=1) == 127).all()
    scale = np.abs(weights_of).max(axis=0)[:64, None] / 127
    np.testing.assert_allclose(kept * scale, weights_of.T[:64], atol=float(scale.max()) / 2)
    assert not first_layer(np.zeros((3, 2))).any()
    assert first_layer(np.zeros((3, 0))).shape == (0, 3)


def test_a_reliability_diagram_leads_to_the_calibration_error():
    generator = np.random.default_rng(0)
    proba = generator.dirichlet(np.ones(4), (2, 500))
    y = generator.integers(4, size=500)
    rows = scores.reliabilities(proba, proba**2 / (proba**2).sum(axis=2, keepdims=True), y)
    for prefix, power in (("", 1), ("calibrated_", 2)):
        n, confidence, right = (
            np.array([row[f"{prefix}{key}"] for row in rows])
            for key in ("n", "confidence", "accuracy")
        )
        flat = (proba**power / (proba**power).sum(axis=2, keepdims=True)).reshape(-1, 4)
        expected = scores.expected_calibration_error(flat, np.tile(y, 2))
        assert n.sum() == 1000
        assert (n * np.abs(confidence - right)).sum() / 1000 == pytest.approx(expected)


def test_predictions_come_back_and_have_the_same_bytes(tmp_path):
    predictions = predictions_of([[1, 2], [1, 0]], [1, 2])
    for name in ("first", "second"):
        save_predictions(tmp_path / name, predictions)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()
    for saved, array in zip(load_predictions(tmp_path / "first"), predictions, strict=True):
        assert np.array_equal(saved, array)
        assert getattr(saved, "dtype", None) == getattr(array, "dtype", None)


def test_predictions_that_do_not_fit_are_refused(tmp_path):
    wrong = predictions_of([[1, 2]], [1, 2])._replace(labels=np.zeros(3, np.uint8))
    save_predictions(tmp_path / "wrong.npz", wrong)
    with pytest.raises(PipelineError, match="shapes differ"):
        load_predictions(tmp_path / "wrong.npz")
    with pytest.raises(PipelineError, match="is missing"):
        load_predictions(tmp_path / "none.npz")
