"""The training loop against other libraries' loops, batches, and what resumes after a kill."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import time
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from scipy.special import log_softmax
from scipy.stats import kstest
from sklearn.neural_network import MLPClassifier

from stages.network.checkpoint import Checkpoint
from stages.network.classifier import SoftmaxNetwork
from stages.network.epochs import LAST_BATCHES, DivergedError, Settings, Training, batch_slices
from stages.network.model import Network
from stages.network.optimizers import learning_rate_at
from stages.network.storage import load_network, save_network
from stages.runtime.errors import PipelineError
from tests.soak.background import PATIENCE

SETTINGS = Settings("none", 0.0, 0.1, 8, 4, 0.0, False, "constant", 0.0)


def samples(n: int = 45, d: int = 6, dtype: type = np.float64):
    generator = np.random.default_rng(7)
    X = generator.standard_normal((n, d)).astype(dtype)
    return X, generator.integers(0, 3, n)


@pytest.mark.parametrize("activation", ["identity", "relu", "tanh"])
@pytest.mark.parametrize(
    ("momentum", "nesterov", "l2", "smoothing"),
    [(0.0, False, 0.0, 0.0), (0.9, False, 0.01, 0.1), (0.9, True, 0.0, 0.0), (0.5, True, 0.02, 0)],
)
@pytest.mark.parametrize("last_batch", ["short", "drop"])
def test_four_epochs_end_at_the_weights_that_pytorch_reaches(
    activation, momentum, nesterov, l2, smoothing, last_batch
):
    torch = pytest.importorskip("torch")
    X, y = samples()
    network = Network.initialize([6, 5, 4, 3], activation, np.random.default_rng(0), np.float64)
    weights = [torch.tensor(w.copy(), requires_grad=True) for w in network.weights]
    biases = [torch.tensor(b.copy(), requires_grad=True) for b in network.biases]
    groups = [{"params": weights, "weight_decay": 2 * l2}, {"params": biases}]
    optimizer = torch.optim.SGD(groups, lr=0.1, momentum=momentum, nesterov=nesterov)
    function = {"identity": lambda z: z, "relu": torch.relu, "tanh": torch.tanh}[activation]
    order = np.random.default_rng(3)
    pairs = torch.utils.data.TensorDataset(torch.tensor(X), torch.tensor(y))
    for _ in range(4):
        rows = order.permutation(len(X)).tolist()
        drop = last_batch == "drop"
        for values, target in torch.utils.data.DataLoader(pairs, 8, sampler=rows, drop_last=drop):
            for layer, (w, b) in enumerate(zip(weights, biases, strict=True)):
                values = values @ w + b
                values = function(values) if layer < 2 else values
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(values, target, label_smoothing=smoothing).backward()
            optimizer.step()
    settings = SETTINGS._replace(
        momentum=momentum,
        nesterov=nesterov,
        penalty="l2" if l2 else "none",
        alpha=l2,
        label_smoothing=smoothing,
        last_batch=last_batch,
    )
    training = Training(network, settings, np.random.default_rng(3))
    for _ in range(4):
        training.run_epoch(X, y)
    expected = [p.detach().numpy() for p in [*weights, *biases]]
    for ours, theirs in zip(network.parameters, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)


class InOrder:
    """Stands for a generator that leaves the samples in their order."""

    permutation = staticmethod(np.arange)


@pytest.mark.parametrize("n", [40, 45])  # all batches are full, and five samples remain
def test_an_epoch_of_short_batches_is_scikit_learns(n):
    X, y = samples(n)
    theirs = MLPClassifier(
        (5,),
        solver="sgd",
        alpha=0,
        momentum=0,
        learning_rate_init=0.1,
        batch_size=8,
        shuffle=False,
        random_state=0,
    ).partial_fit(X, y, classes=[0, 1, 2])
    own = [[array.copy() for array in part] for part in (theirs.coefs_, theirs.intercepts_)]
    network = Network.dense(*own, "relu")
    theirs.partial_fit(X, y)
    training = Training(network, SETTINGS._replace(last_batch="short"), InOrder())
    training.run_epoch(X, y)
    expected = [*theirs.coefs_, *theirs.intercepts_]
    for ours, other in zip(network.parameters, expected, strict=True):
        np.testing.assert_allclose(ours, other, rtol=1e-10, atol=1e-12)
    assert training.losses[-1][0] == pytest.approx(theirs.loss_curve_[-1], rel=1e-12)


def test_one_step_by_hand():
    # One sample x = (1, 2), classes 2, weights 0: p = (.5, .5), so dW = x^T (p - y).
    network = Network.dense([np.zeros((2, 2))], [np.zeros(2)], "relu")
    training = Training(network, SETTINGS._replace(learning_rate=1.0), np.random.default_rng(0))
    training.run_epoch(np.array([[1.0, 2.0]]), np.array([0]))
    np.testing.assert_allclose(network.weights[0], [[0.5, -0.5], [1.0, -1.0]])
    np.testing.assert_allclose(network.biases[0], [0.5, -0.5])
    assert training.losses == [(pytest.approx(np.log(2)), pytest.approx(np.log(2)))]


# ---------------------------------------------------------------- batches of an epoch


def sizes_of(n, batch_size, last_batch):
    return [batch.stop - batch.start for batch in batch_slices(n, batch_size, last_batch)]


@pytest.mark.parametrize(
    ("n", "batch_size", "even", "short", "drop"),
    [
        (10, 4, [3, 3, 4], [4, 4, 2], [4, 4]),
        (45, 8, [7, 8, 7, 8, 7, 8], [8, 8, 8, 8, 8, 5], [8, 8, 8, 8, 8]),
        (8, 4, [4, 4], [4, 4], [4, 4]),
        (3, 4, [3], [3], [3]),  # one batch of all, which nothing remains of
        (1, 1, [1], [1], [1]),
    ],
)
def test_batches_by_hand(n, batch_size, even, short, drop):
    assert sizes_of(n, batch_size, "even") == even
    assert sizes_of(n, batch_size, "short") == short
    assert sizes_of(n, batch_size, "drop") == drop


def test_batches_of_cifar10():
    even = sizes_of(50_000, 256, "even")
    assert (len(even), min(even), max(even)) == (196, 255, 256)
    assert sizes_of(50_000, 256, "short") == [256] * 195 + [80]
    assert sizes_of(50_000, 256, "drop") == [256] * 195
    assert sizes_of(10_000, 256, "short")[-1] == 16
    assert set(sizes_of(10_000, 256, "even")) == {250}


counts = st.integers(1, 100_000)


@hypothesis_settings(derandomize=True, database=None)
@given(n=counts, batch_size=counts)
def test_batches_cover_the_samples_once_and_in_order(n, batch_size):
    for last_batch in LAST_BATCHES:
        slices = batch_slices(n, batch_size, last_batch)
        edges = [0, *(batch.stop for batch in slices)]
        assert [batch.start for batch in slices] == edges[:-1]
        assert all(batch.step is None for batch in slices)
        sizes = np.diff(edges)
        assert sizes.min() >= 1
        assert sizes.max() <= batch_size
        if last_batch == "even":
            assert sizes.max() - sizes.min() <= 1
        elif len(sizes) > 1:
            assert set(sizes[:-1]) == {batch_size}
        remain = n % batch_size if last_batch == "drop" and n > batch_size else 0
        assert edges[-1] == n - remain


@pytest.mark.parametrize(
    ("last_batch", "edges"),
    [
        ("even", [0, 7, 15, 22, 30, 37, 45]),
        ("short", [0, 8, 16, 24, 32, 40, 45]),
        ("drop", [0, 8, 16, 24, 32, 40]),
    ],
)
def test_an_epoch_has_these_batches_and_the_mean_loss_of_their_samples(last_batch, edges):
    X, y = samples()
    weight, bias, losses = np.zeros((6, 3)), np.zeros(3), []
    rows = np.random.default_rng(3).permutation(45)
    for batch in (rows[start:end] for start, end in itertools.pairwise(edges)):
        logp = log_softmax(X[batch] @ weight + bias, axis=1)
        losses += [-logp[i, label] for i, label in enumerate(y[batch])]
        delta = (np.exp(logp) - np.eye(3)[y[batch]]) / len(batch)
        weight, bias = weight - 0.1 * X[batch].T @ delta, bias - 0.1 * delta.sum(axis=0)
    network = Network.dense([np.zeros((6, 3))], [np.zeros(3)], "relu")
    training = Training(network, SETTINGS._replace(last_batch=last_batch), np.random.default_rng(3))
    training.run_epoch(X, y)
    np.testing.assert_allclose(network.weights[0], weight, rtol=1e-12)
    np.testing.assert_allclose(network.biases[0], bias, rtol=1e-12)
    assert len(losses) == edges[-1]
    assert training.losses == [(pytest.approx(np.mean(losses), rel=1e-12),) * 2]


def test_the_classifier_has_even_batches_unless_told_otherwise():
    X, y = samples()
    curves = {
        last_batch: SoftmaxNetwork(batch_size=8, epochs=2, random_state=0, **options).fit(X, y)
        for last_batch, options in [
            (None, {}),
            *((name, {"last_batch": name}) for name in LAST_BATCHES),
        ]
    }
    found = {name: network.loss_curve_["loss"].tolist() for name, network in curves.items()}
    assert found[None] == found["even"]
    assert len({tuple(losses) for losses in found.values()}) == 3


# ---------------------------------------------------------------- first weights


@pytest.mark.parametrize(
    ("weight_scale", "activation", "expected"),
    [
        (0.05, "relu", [0.05, 0.05, 0.05]),
        (2, "identity", [2, 2, 2]),
        (None, "relu", [np.sqrt(2 / 400), np.sqrt(2 / 300), np.sqrt(1 / 200)]),
        (None, "tanh", [np.sqrt(1 / 400), np.sqrt(1 / 300), np.sqrt(1 / 200)]),
    ],
    ids=["0.05", "2", "He", "LeCun"],
)
def test_first_weights_are_normal_with_this_standard_deviation(weight_scale, activation, expected):
    generator = np.random.default_rng(0)
    network = Network.initialize(
        [400, 300, 200, 100], activation, generator, np.float64, weight_scale
    )
    for weight, scale in zip(network.weights, expected, strict=True):
        # Four standard errors of a normal sample's standard deviation.
        assert weight.std() == pytest.approx(scale, rel=4 / np.sqrt(2 * weight.size))
        assert kstest(weight.ravel(), "norm", args=(0, scale)).pvalue > 0.001
    assert not any(bias.any() for bias in network.biases)


@pytest.mark.parametrize("weight_scale", [None, 0.05, 1 / 3])
def test_float32_weights_are_the_rounded_float64_ones(weight_scale):
    single, double = (
        Network.initialize([9, 7, 5], "relu", np.random.default_rng(4), dtype, weight_scale)
        for dtype in (np.float32, np.float64)
    )
    for ours, exact in zip(single.parameters, double.parameters, strict=True):
        assert ours.dtype == np.float32
        np.testing.assert_array_equal(ours, exact.astype(np.float32))
    assert (single.weights[0] != double.weights[0]).any()


@pytest.mark.parametrize("weight_scale", [None, 0.05])
def test_the_classifier_starts_from_these_weights(weight_scale):
    X, y = samples()
    # Steps that are too small to change any weight.
    network = SoftmaxNetwork(
        (7,), weight_scale=weight_scale, learning_rate=1e-300, epochs=1, random_state=3
    ).fit(X, y)
    first = Network.initialize(
        [6, 7, 3], "relu", np.random.default_rng(3), np.float64, weight_scale
    )
    for ours, expected in zip(network.network_.weights, first.weights, strict=True):
        np.testing.assert_array_equal(ours, expected)


# ---------------------------------------------------------------- penalties, rates, divergence


def test_l1_takes_the_proximal_step_and_leaves_exact_zeros():
    # With zero inputs the gradient is 0, so that only the penalty moves the weights.
    network = Network.dense([np.array([[0.05, -0.3, 0.0]])], [np.zeros(3)], "relu")
    settings = SETTINGS._replace(penalty="l1", alpha=1.0, learning_rate=0.1)
    Training(network, settings, np.random.default_rng(0)).run_epoch(np.zeros((1, 1)), np.array([0]))
    np.testing.assert_allclose(network.weights[0], [[0.0, -0.2, 0.0]])
    assert network.weights[0][0, 0] == 0


def test_total_loss_is_data_loss_plus_penalty():
    X, y = samples()
    for penalty, norm in (("l1", lambda w: np.abs(w).sum()), ("l2", lambda w: (w**2).sum())):
        network = SoftmaxNetwork(
            (4,), penalty=penalty, alpha=0.01, epochs=3, batch_size=8, random_state=0
        ).fit(X, y)
        last = network.loss_curve_[-1]
        penalty_value = 0.01 * sum(norm(w) for w in network.network_.weights)
        assert last["loss"] - last["net_loss"] == pytest.approx(penalty_value)


def test_schedules_by_hand():
    rates = [learning_rate_at("step", 1.0, epoch / 8) for epoch in range(8)]
    assert rates == pytest.approx([1, 1, 1, 1, 0.1, 0.1, 0.01, 0.01])
    assert learning_rate_at("cosine", 2.0, 0.0) == 2.0
    assert learning_rate_at("cosine", 2.0, 0.5) == pytest.approx(1.0)
    assert learning_rate_at("constant", 0.5, 0.9) == 0.5


def test_diverging_training_says_at_which_epoch_and_what_to_try():
    X, y = samples()
    with pytest.raises(DivergedError, match=r"epoch \d+ of 50: try a learning_rate below"):
        SoftmaxNetwork(
            (8,), activation="identity", learning_rate=1e6, epochs=50, random_state=0
        ).fit(X * 1e6, y)


# ---------------------------------------------------------------- interruptions

OPTIONS = {
    "plain": {},
    "short": {"last_batch": "short", "weight_scale": 0.05},
    "drop": {"last_batch": "drop", "momentum": 0.9},
    "everything": {
        "momentum": 0.9,
        "nesterov": True,
        "dropout": 0.3,
        "schedule": "cosine",
        "penalty": "l1",
        "alpha": 0.001,
        "early_stopping": True,
        "patience": 3,
    },
}


def make(options: dict, epochs: int = 12) -> SoftmaxNetwork:
    return SoftmaxNetwork((7,), batch_size=8, epochs=epochs, random_state=5, **options)


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("stop_after", [1, 2, 5])
def test_an_interrupted_training_ends_bit_identical(tmp_path: Path, options, stop_after):
    X, y = samples(dtype=np.float32)

    def interrupt(epoch: int) -> None:
        if epoch == stop_after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(options).fit(X, y, checkpoint=Checkpoint(tmp_path / "c.npz", 0), on_epoch=interrupt)
    epochs = []
    resumed = make(options).fit(
        X, y, checkpoint=Checkpoint(tmp_path / "c.npz", 0), on_epoch=epochs.append
    )
    whole = make(options).fit(X, y)
    assert epochs[:1] in ([], [stop_after + 1])
    save_network(tmp_path / "resumed.npz", resumed, ["a", "b", "c"])
    save_network(tmp_path / "whole.npz", whole, ["a", "b", "c"])
    assert (tmp_path / "resumed.npz").read_bytes() == (tmp_path / "whole.npz").read_bytes()
    assert resumed.loss_curve_.tolist() == whole.loss_curve_.tolist()


LONG = 3000  # epochs


def _train(path: Path, epochs: Connection, last: int) -> None:
    """Train, say of each epoch when its checkpoint is there, and wait for the end at `last`."""

    def tell(epoch: int) -> None:
        epochs.send(epoch)
        if epoch == last:
            signal.pause()

    X, y = samples(dtype=np.float32)
    make({"momentum": 0.9}, epochs=LONG).fit(X, y, checkpoint=Checkpoint(path, 0), on_epoch=tell)


def test_a_training_killed_at_random_moments_ends_bit_identical(tmp_path: Path):
    X, y = samples(dtype=np.float32)
    path = tmp_path / "c.npz"
    generator = np.random.default_rng(1)
    context = multiprocessing.get_context("fork")
    seen = 0
    for last in range(LONG // 5, LONG, LONG // 5):
        epochs, end = context.Pipe(duplex=False)
        process = context.Process(target=_train, args=(path, end, last))
        process.start()
        for _ in range(generator.integers(1, 100)):
            assert epochs.poll(PATIENCE)
            before, seen = seen, epochs.recv()
            assert seen > before  # so it goes on from the checkpoint
        time.sleep(generator.uniform(0, 0.005))  # in the middle of an epoch, or of a write
        os.kill(process.pid, signal.SIGKILL)
        process.join()
    resumed = make({"momentum": 0.9}, epochs=LONG)
    rest: list[int] = []
    resumed.fit(X, y, checkpoint=Checkpoint(path), on_epoch=rest.append)
    assert seen < rest[0] <= last + 1
    whole = make({"momentum": 0.9}, epochs=LONG).fit(X, y)
    for ours, theirs in zip(resumed.network_.parameters, whole.network_.parameters, strict=True):
        assert ours.tobytes() == theirs.tobytes()


def test_a_checkpoint_of_other_parameters_or_other_data_is_refused(tmp_path: Path):
    X, y = samples()
    checkpoint = Checkpoint(tmp_path / "c.npz", 0)
    make({}).fit(X, y, checkpoint=checkpoint)
    other_X = X.copy()
    other_X[-1, -1] += 1e-9
    other_y = y.copy()
    other_y[0] = (y[0] + 1) % 3
    for network, data in (
        (make({"momentum": 0.5}), (X, y)),
        (make({"last_batch": "short"}), (X, y)),
        (make({"weight_scale": 0.1}), (X, y)),
        (make({}), (other_X, y)),
        (make({}), (X, other_y)),
    ):
        with pytest.raises(PipelineError, match=r"c\.npz belongs to other parameters or other"):
            network.fit(*data, checkpoint=checkpoint)


def test_a_checkpoint_of_other_rows_of_the_same_data_is_refused(tmp_path: Path):
    X, y = samples()
    rows = np.arange(len(X) - 1)
    checkpoint = Checkpoint(tmp_path / "c.npz", 0)
    make({}).fit(X, y, rows=rows, checkpoint=checkpoint)
    with pytest.raises(PipelineError, match="belongs to other parameters or other"):
        make({}).fit(X, y, rows=rows + 1, checkpoint=checkpoint)


def test_a_damaged_checkpoint_is_named(tmp_path: Path):
    X, y = samples()
    (tmp_path / "c.npz").write_bytes(b"PK\x03\x04 half of a file")
    with pytest.raises(PipelineError, match=r"c\.npz is damaged"):
        make({}).fit(X, y, checkpoint=Checkpoint(tmp_path / "c.npz"))


def test_saved_networks_are_byte_stable_and_load_bit_equal(tmp_path: Path):
    X, y = samples(dtype=np.float32)
    network = make({}).fit(X, y)
    save_network(tmp_path / "a.npz", network, ["a", "b", "c"])
    loaded, names = load_network(tmp_path / "a.npz")
    save_network(tmp_path / "b.npz", loaded, names)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert loaded.predict_proba(X).tobytes() == network.predict_proba(X).tobytes()
    assert names == ["a", "b", "c"]
