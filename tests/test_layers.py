"""Layers for pictures: each against its formula, SciPy, scikit-image, PyTorch and differences."""

import copy
import itertools
import pickle
from functools import partial

import numpy as np
import pytest
from scipy.ndimage import correlate
from skimage.measure import block_reduce
from sklearn.decomposition import PCA

from stages.gradients.layers import CASES, NETWORKS, Alone, check_layers, compare
from stages.network.architecture import MAKERS, Start, build
from stages.network.checkpoint import Checkpoint
from stages.network.classifier import SoftmaxNetwork
from stages.network.epochs import Training
from stages.network.layer_names import BLOCK, KINDS, written_out
from stages.network.layer_names import check_layers as check_names
from stages.network.layers import channels, convolution
from stages.network.layers.convolution import Convolution
from stages.network.layers.dense import Dense
from stages.network.layers.gelu import Gelu
from stages.network.layers.layer import MANY
from stages.network.layers.normalization import EPSILON, NEWEST, BatchNormalization
from stages.network.layers.pooling import MaxPooling
from stages.network.layers.shapes import Flatten, Unflatten
from stages.network.layers.whitening import Whitening
from stages.network.model import Network
from stages.network.storage import load_network, save_network
from stages.runtime.errors import PipelineError
from stages.runtime.npz import load_npz, save_npz

SHAPES = [(1, 1), (1, 2), (2, 3), (4, 4), (5, 8), (7, 7), (9, 6)]


def generator(seed=0):
    return np.random.default_rng(seed)


# ---------------------------------------------------------------- each against others


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("n", [2, MANY])
def test_a_convolution_is_scipys_correlation(shape, n):
    x = generator().standard_normal((*shape, n, 3))
    weight = generator(1).standard_normal((3, 3, 3, 4))
    layer = Convolution(weight, 1)
    expected = np.zeros((*shape, n, 4))
    for channel, filters in itertools.product(range(3), range(4)):
        kernel = weight[:, :, np.newaxis, channel, filters]
        expected[..., filters] += correlate(x[..., channel], kernel, mode="constant")
    for y in (layer.apply(x.copy()), layer.forward(x.copy(), None)):
        np.testing.assert_allclose(y, expected, atol=1e-12)


@pytest.mark.parametrize("n", [1, 127, 129, 300])
def test_blocks_of_any_number_of_pictures_are_the_same(n):
    x = generator().standard_normal((6, 5, n, 2))
    layer = Convolution(generator(1).standard_normal((3, 3, 2, 3)), 1)
    layer.forward(generator(2).standard_normal((6, 5, 200, 2)), None)  # leaves its buffers
    whole = layer.forward(x, None).copy()
    for picture in {0, n // 2, n - 1}:
        alone = layer.apply(x[:, :, [picture]].copy())
        np.testing.assert_allclose(whole[:, :, [picture]], alone, atol=1e-12)
    delta = generator(3).standard_normal(whole.shape)
    dx, dw = layer.backward(delta.copy(), wanted=True).copy(), layer.weight_gradient.copy()
    sums = np.zeros_like(dw)
    for picture in range(n):
        layer.forward(x[:, :, [picture]].copy(), None)
        part = layer.backward(delta[:, :, [picture]].copy(), wanted=True)
        np.testing.assert_allclose(dx[:, :, [picture]], part, atol=1e-12)
        sums += layer.weight_gradient
    np.testing.assert_allclose(dw, sums, atol=1e-10)


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("shape", [(4, 6), (7, 5), (3, 3)])
def test_max_pooling_is_scikit_images(size, shape):
    x = generator().standard_normal((*shape, 4, 3))
    inside = x[: shape[0] // size * size, : shape[1] // size * size]
    expected = block_reduce(inside, (size, size, 1, 1), np.max)
    layer = MaxPooling(size)
    np.testing.assert_array_equal(layer.apply(x.copy()), expected)
    np.testing.assert_array_equal(layer.forward(x.copy(), None), expected)


def test_of_equal_numbers_the_first_gets_the_gradient():
    layer = MaxPooling(2)
    x = np.zeros((3, 3, 1, 1))
    x[1, 1] = x[0, 1] = 5.0
    layer.forward(x, None)
    dx = layer.backward(np.full((1, 1, 1, 1), 7.0), wanted=True)
    assert dx[:, :, 0, 0].tolist() == [[0, 7, 0], [0, 0, 0], [0, 0, 0]]


def test_a_batch_is_normalised_over_places_and_pictures():
    x = generator().normal(1e4, 3.0, (5, 4, 6, 2)).astype(np.float32)
    bias = np.array([0.5, -2.0], np.float32)
    mean, variance = x.mean((0, 1, 2), np.float64), x.var((0, 1, 2), np.float64)
    layer = BatchNormalization(bias, np.zeros(2, np.float32), np.ones(2, np.float32))
    y = layer.forward(x.copy(), None).copy()
    expected = (x - mean) / np.sqrt(variance + EPSILON) + bias
    np.testing.assert_allclose(y, expected, atol=5e-3)  # x itself has a rounding of 1e-3
    np.testing.assert_allclose(layer.kept["mean"], NEWEST * mean, rtol=1e-6)
    unbiased = variance * 120 / 119
    np.testing.assert_allclose(layer.kept["variance"], 1 + NEWEST * (unbiased - 1), rtol=1e-5)


def test_a_prediction_does_not_depend_on_the_other_pictures():
    kept = np.array([0.3, -0.1]), np.array([2.0, 0.5])
    layer = BatchNormalization(np.array([1.0, 2.0]), *kept)
    x = generator().standard_normal((3, 3, 8, 2))
    whole = layer.apply(x.copy())
    np.testing.assert_array_equal(whole[:, :, 2:3], layer.apply(x[:, :, 2:3].copy()))
    np.testing.assert_allclose(whole, (x - kept[0]) / np.sqrt(kept[1] + EPSILON) + [1.0, 2.0])


def test_gelu_in_float32_is_as_exact_as_float32():
    x = np.concatenate([np.linspace(-12, 12, 100_001), [0.0, -1e-30, 50, -50]])
    exact = 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    with np.errstate(over="ignore"):
        ours = Gelu().forward(x.astype(np.float32), None)
    np.testing.assert_allclose(ours, exact, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(Gelu().apply(x.astype(np.float32)), exact, rtol=1e-5, atol=2e-6)


def test_whitened_patches_are_scikit_learns_components_and_their_negatives():
    pictures = generator().standard_normal((40, 5, 6, 3))
    pictures = pictures.cumsum(axis=2)  # neighbours are alike
    maps = pictures.transpose(1, 2, 0, 3).copy()
    y = Whitening.learn(maps).apply(maps.copy()).reshape(-1, 24)
    patches = np.stack([maps[i : i + 4, j : j + 5] for i in (0, 1) for j in (0, 1)], axis=3)
    components = PCA(whiten=True).fit_transform(patches.reshape(-1, 12))
    np.testing.assert_allclose(y[:, :12], -y[:, 12:], atol=1e-9)
    covariance = np.cov(y[:, :12], rowvar=False)
    np.testing.assert_allclose(covariance, np.eye(12), atol=2e-2)  # of small variances, an offset
    alike = np.abs(np.corrcoef(y[:, :12], components, rowvar=False)[:12, 12:])
    np.testing.assert_allclose(alike.max(axis=1), 1, atol=1e-6)


def test_rows_become_maps_and_rows_again():
    rows = generator().standard_normal((7, 4 * 3 * 2))
    maps = Unflatten((4, 3, 2)).apply(rows)
    assert maps.shape == (4, 3, 7, 2)
    np.testing.assert_array_equal(maps[1, 2, 5], rows.reshape(7, 4, 3, 2)[5, 1, 2])
    np.testing.assert_array_equal(Flatten().apply(maps), rows)
    layer = Flatten()
    np.testing.assert_array_equal(layer.forward(maps, None), rows)
    np.testing.assert_array_equal(layer.backward(rows.copy(), wanted=True), maps)


IN_ANY_ORDER = [
    "batch-normalization",
    "relu",
    "tanh",
    "gelu",
    "identity",
    "dropout 0.3",
    "max-pooling 2",
]


@pytest.mark.parametrize("middle", [*itertools.product(IN_ANY_ORDER, repeat=3)], ids=" ".join)
def test_layers_have_right_gradients_in_any_order(middle):
    """Some overwrite what comes in: it must be nothing that the layer before still needs."""
    names = ["convolution 2", *middle, "convolution 3", "flatten"]
    start = Start(generator(4), np.float64, weight_scale=0.5)
    network = Network(build(names, (9, 8, 2), 3, start))
    X, y = generator(5).standard_normal((4, 9 * 8 * 2)), np.array([0, 1, 2, 1])
    moves = [generator(6).standard_normal(array.shape) for array in network.parameters]

    def loss(step):
        moved = copy.deepcopy(network)
        for array, move in zip(moved.parameters, moves, strict=True):
            array += step * move
        return moved.backpropagate(X, y, generator(7))

    network.backpropagate(X, y, generator(7))
    slope = sum(float((g * m).sum()) for g, m in zip(network.gradients, moves, strict=True))
    assert slope == pytest.approx((loss(1e-6) - loss(-1e-6)) / 2e-6, rel=1e-5, abs=1e-7)


# ---------------------------------------------------------------- wrong gradients are caught


def passed(seed=1):
    return {row["layer"]: row["passed"] for row in check_layers(seed)}


@pytest.mark.slow
def test_all_layers_pass():
    assert all(passed().values())
    assert len(passed()) == len(CASES) + len(NETWORKS)


@pytest.mark.slow
def test_a_missed_term_of_the_variance_is_caught(monkeypatch):
    right = channels.subtract

    def without(rows, y, bias, scale, means, products):
        right(rows, y, bias, scale, means, np.zeros_like(products))

    monkeypatch.setattr(channels, "subtract", without)
    found = passed()
    assert not found["batch normalisation"]
    assert not found["all of them, in a network"]
    assert found["convolution"]


@pytest.mark.slow
def test_overwriting_what_the_layer_before_needs_is_caught(monkeypatch):
    monkeypatch.setattr(BatchNormalization, "keeps_output", False)
    found = passed()
    assert not found["batch normalisation with ReLU and tanh, in a network"]
    assert found["batch normalisation"]


class Untransposed(Convolution):
    """The gradient of x with the kernels not turned."""

    def backward(self, delta, wanted):
        super().backward(delta.copy(), wanted)
        other = Convolution(self.weight.transpose(0, 1, 3, 2), 1)
        return other.apply(delta)


class OffByOne(Convolution):
    """The gradient of the weights, of x moved by one place."""

    def backward(self, delta, wanted):
        dx = super().backward(delta.copy(), wanted).copy()
        super().forward(np.roll(self._x, 1, axis=0), None)
        super().backward(delta, wanted)
        return dx


class Shared(MaxPooling):
    """Every number of a square gets its part of the gradient."""

    def backward(self, delta, wanted):
        shares = np.repeat(np.repeat(delta / 4, 2, axis=0), 2, axis=1)
        dx = super().backward(delta, wanted)
        dx[: len(shares), : shares.shape[1]] = shares
        return dx


@pytest.mark.parametrize(
    "layer",
    [
        Untransposed(generator(5).standard_normal((3, 3, 2, 3)), 1),
        OffByOne(generator(5).standard_normal((3, 3, 2, 3)), 1),
        Shared(2),
    ],
    ids=["untransposed", "off by one", "shared"],
)
def test_a_wrong_layer_is_caught(layer):
    x = generator(6).standard_normal((5, 4, 3, 2))
    right = type(layer).__mro__[1]
    for kind, expected in ((type(layer), False), (right, True)):
        own = copy.copy(layer)
        own.__class__ = kind
        y = own.forward(x.copy(), None)
        case = Alone(own, generator(7).standard_normal(y.shape) / y.size)
        arrays = [x] if own.weight is None else [x, own.weight]
        assert compare("", case, arrays)["passed"] is expected


# ---------------------------------------------------------------- against PyTorch

NAMES = ["whitening", "gelu", "block 4", "block 5", "flatten", "dense 6", "relu"]


def small(dtype=np.float64, names=NAMES, side=12):
    draws = generator(2)
    start = Start(draws, dtype, samples=draws.standard_normal((50, side * side * 3)).astype(dtype))
    network = Network(build(written_out(names), (side, side, 3), 4, start))
    for bias in network.biases:
        bias[:] = 0.3 * draws.standard_normal(bias.shape)
    return network


def of_torch(torch, network, X, y):
    """Return the loss and gradients of the same layers, by automatic differentiation."""
    functional = torch.nn.functional
    learned = [torch.tensor(p.copy(), requires_grad=True) for p in network.parameters]
    weights, biases = iter(learned[: len(network.weights)]), iter(learned[len(network.weights) :])
    values = torch.tensor(X)
    for layer in network.layers:
        if isinstance(layer, Unflatten):
            values = values.reshape(-1, *layer.shape).permute(0, 3, 1, 2)
        elif isinstance(layer, Whitening):
            filters = torch.tensor(layer.kept["filters"].reshape(2, 2, 3, -1))
            offset = torch.tensor(layer.kept["mean"] @ layer.kept["filters"])
            values = functional.conv2d(values, filters.permute(3, 2, 0, 1), -offset)
        elif isinstance(layer, Convolution):
            values = functional.conv2d(values, next(weights).permute(3, 2, 0, 1), padding=1)
        elif isinstance(layer, MaxPooling):
            values = functional.max_pool2d(values, layer.size)
        elif isinstance(layer, BatchNormalization):
            bias = next(biases)
            values = functional.batch_norm(values, None, None, None, bias, True, 0, EPSILON)
        elif isinstance(layer, Gelu):
            values = functional.gelu(values, approximate="tanh")
        elif isinstance(layer, Flatten):
            values = values.permute(0, 2, 3, 1).reshape(len(values), -1)
        elif isinstance(layer, Dense):
            values = values @ next(weights)
            values = values if layer.bias is None else values + next(biases)
            values = values * layer.scale
        else:
            values = torch.relu(values)
    loss = functional.cross_entropy(values, torch.tensor(y), label_smoothing=0.2)
    loss.backward()
    return loss.item(), [parameter.grad.numpy() for parameter in learned]


@pytest.mark.parametrize(("dtype", "rtol"), [(np.float64, 1e-9), (np.float32, 2e-3)])
def test_a_whole_network_has_the_loss_and_gradients_of_pytorch(dtype, rtol):
    torch = pytest.importorskip("torch")
    network = small(dtype)
    X = generator(3).standard_normal((9, 432)).astype(dtype)
    y = generator(4).integers(4, size=9)
    loss, gradients = of_torch(torch, network, X, y)
    assert network.backpropagate(X, y, label_smoothing=0.2) == pytest.approx(loss, rel=rtol)
    for ours, theirs in zip(network.gradients, gradients, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=rtol * np.abs(theirs).max())


# ---------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["convoluton 3"], "did you mean convolution"),
        (["convolution"], "needs a number"),
        (["convolution x"], "needs a number"),
        (["convolution 0"], "needs a number"),
        (["flatten 3"], "has no number"),
        (["dropout 1.5"], "needs a number"),
        (["block"], "needs a number"),
        (["gelu", "dense 3"], "as the first"),
        (["dense 3", "convolution 3"], "it needs maps"),
        (["convolution 3"], "must end with flatten"),
        (["convolution 3", "dense 4"], "flatten first"),
        (["max-pooling 2", "max-pooling 9", "flatten"], "no place would be left"),
        (["convolution 3", "whitening", "flatten"], "as the first only"),
    ],
)
def test_layers_that_cannot_be_are_named(names, reason):
    X, y = generator().standard_normal((12, 48)), np.arange(12) % 2
    with pytest.raises(ValueError, match=f"layers: .*{reason}"):
        SoftmaxNetwork(layers=names, picture_shape=(4, 4, 3), epochs=1).fit(X, y)


@pytest.mark.parametrize("first", ["batch-normalization", "flatten", "max-pooling 1"])
@pytest.mark.parametrize("shape", [(4, 4, 2), (1, 1, 3)])
def test_a_prediction_leaves_the_pictures_as_they_are(first, shape):
    rest = ["tanh"] if first == "flatten" else ["tanh", "flatten"]
    network = Network(build([first, *rest], shape, 3, Start(generator(), np.float64)))
    X = generator(1).standard_normal((1, int(np.prod(shape))))
    before = X.copy()
    network.logits(X)
    np.testing.assert_array_equal(X, before)


def test_pictures_need_their_shape():
    X, y = generator().standard_normal((12, 48)), np.arange(12) % 2
    for shape in (None, (4, 4, 2)):
        network = SoftmaxNetwork(layers=["convolution 2", "flatten"], picture_shape=shape)
        with pytest.raises(ValueError, match="picture"):
            network.fit(X, y)


def test_settings_that_exclude_each_other():
    with pytest.raises(ValueError, match="instead of hidden_layer_sizes"):
        check_names(["dense 3"], True, 0)
    with pytest.raises(ValueError, match="averaged_epochs"):
        check_names(["block 3", "flatten"], False, 2)


def test_every_name_can_be_made():
    assert MAKERS.keys() == KINDS.keys()


def test_a_block_is_what_it_says():
    assert written_out(["block 7", "flatten"]) == [
        *(part.format(7) for part in BLOCK),
        "flatten",
    ]


def test_dense_layers_by_name_are_those_of_the_short_form():
    X, y = generator().standard_normal((60, 10)).astype(np.float32), np.arange(60) % 3
    short = SoftmaxNetwork((7, 5), activation="tanh", dropout=0.2, epochs=3, random_state=0)
    named = ["dense 7", "tanh", "dropout 0.2", "dense 5", "tanh", "dropout 0.2"]
    listed = SoftmaxNetwork(layers=named, epochs=3, random_state=0)
    ours, theirs = (n.fit(X, y).network_.parameters for n in (short, listed))
    assert all((a == b).all() for a, b in zip(ours, theirs, strict=True))


def test_convolutions_begin_as_the_identity():
    layers = build(["convolution 5", "flatten"], (4, 4, 3), 2, Start(generator(), np.float32))
    x = generator(1).standard_normal((4, 4, 6, 3)).astype(np.float32)
    np.testing.assert_array_equal(layers[1].apply(x)[..., :3], x)


# ---------------------------------------------------------------- trained

PARAMS = {
    "layers": ["whitening", "gelu", "block 6", "flatten"],
    "picture_shape": (8, 8, 3),
    "learning_rate": 1.0,
    "momentum": 0.85,
    "nesterov": True,
    "schedule": "triangle",
    "batch_size": 40,
    "epochs": 6,
    "weight_decay": 0.01,
    "bias_rate": 8.0,
    "label_smoothing": 0.1,
    "logit_scale": 0.25,
    "flip": "alternating",
    "shift": 1,
    "edges": "reflect",
    "random_state": 0,
}


@pytest.fixture(scope="module")
def bars():
    """Pictures with a bar: upright ones of one class, lying ones of the other, anywhere."""
    draws = generator(8)
    pictures = draws.random((200, 8, 8, 3), dtype=np.float32) * 0.4
    y = draws.integers(2, size=200)
    for picture, label, place in zip(pictures, y, draws.integers(1, 7, size=200), strict=True):
        line = picture[:, place] if label else picture[place]
        line += 0.6
    return pictures.reshape(200, -1), y


@pytest.fixture(scope="module")
def trained(bars):
    X, y = bars
    return SoftmaxNetwork(**PARAMS).fit(X[:150], y[:150])


def arrays_of(network):
    return [*network.network_.parameters, *network.network_.kept]


def test_it_learns(bars, trained):
    X, y = bars
    assert trained.score(X[150:], y[150:]) > 0.9


class StopError(Exception):
    """Ends a training."""


@pytest.mark.parametrize("epoch", [1, 4])
def test_it_resumes_bit_for_bit(bars, trained, tmp_path, epoch):
    X, y = bars

    def stop(done):
        if done == epoch:
            raise StopError

    checkpoint = partial(Checkpoint, tmp_path / "c.npz", 0)
    with pytest.raises(StopError):
        SoftmaxNetwork(**PARAMS).fit(X[:150], y[:150], checkpoint=checkpoint(), on_epoch=stop)
    resumed = SoftmaxNetwork(**PARAMS).fit(X[:150], y[:150], checkpoint=checkpoint())
    for ours, theirs in zip(arrays_of(resumed), arrays_of(trained), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_stored_network_answers_bit_for_bit(bars, trained, tmp_path):
    X, _ = bars
    save_network(tmp_path / "n.npz", trained, ["lying", "upright"])
    found, _ = load_network(tmp_path / "n.npz")
    np.testing.assert_array_equal(found.predict_proba(X), trained.predict_proba(X))
    again = pickle.loads(pickle.dumps(trained))  # noqa: S301 - ours
    np.testing.assert_array_equal(again.predict_proba(X), trained.predict_proba(X))


@pytest.mark.parametrize(
    "change",
    [
        {"weight_0": np.zeros((3, 3, 24, 7), np.float32)},
        {"weight_1": np.zeros((3, 3, 6, 6), np.float64)},
        {"kept_0": np.zeros((12, 23), np.float32)},
        {"bias_1": None},
    ],
)
def test_a_file_whose_arrays_are_not_its_layers_is_refused(trained, tmp_path, change):
    path = tmp_path / "n.npz"
    save_network(path, trained, ["lying", "upright"])
    header, arrays = load_npz(path)
    arrays = {name: array for name, array in {**arrays, **change}.items() if array is not None}
    save_npz(path, header, arrays)
    with pytest.raises(PipelineError, match="is no saved network"):
        load_network(path)


def test_partial_fit_goes_on(bars, trained):
    X, y = bars
    before = [array.copy() for array in arrays_of(trained)]
    more = copy.deepcopy(trained).partial_fit(X, y)
    assert any((a != b).any() for a, b in zip(arrays_of(more), before, strict=True))
    for ours, theirs in zip(arrays_of(trained), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_published_network_keeps_no_buffers(trained):
    assert len(pickle.dumps(trained)) < 100_000
    assert all(vars(layer)["_buffers"]._arrays == {} for layer in trained.network_.layers)


def test_mirrored_pictures_alternate(bars):
    X, y = bars
    network = SoftmaxNetwork(**PARAMS)
    network.classes_ = np.unique(y)
    training = network._start(X, np.arange(len(X)), generator(), network._settings())
    seen = []
    for _ in range(3):
        seen.append(training._mirrored(len(X)).copy())
        training.run_epoch(X, y)
    assert isinstance(training, Training)
    np.testing.assert_array_equal(seen[0], seen[2])
    np.testing.assert_array_equal(seen[0], ~seen[1])
    assert 60 < seen[0].sum() < 140


def test_winograds_matrices_are_a_correlation_by_hand():
    # F(4 x 4, 3 x 3) by hand for one dimension: A^T [(G g) * (B^T d)] is the correlation.
    g, d = generator().standard_normal(3), generator(1).standard_normal(6)
    found = convolution.A.T @ ((convolution.G @ g) * (convolution.B.T @ d))
    np.testing.assert_allclose(found, np.correlate(d, g, mode="valid"), atol=1e-12)
