"""Numbers kept as bytes are, to the last bit, the numbers."""

import numpy as np
import pytest

from stages.network.classifier import SoftmaxNetwork
from stages.pixels import scaled
from stages.pixels.scaled import Scaled

SHAPE = (200, 4 * 5 * 3)


@pytest.fixture
def stored():
    bytes_ = np.random.default_rng(0).integers(256, size=SHAPE).astype(np.uint8)
    bytes_.setflags(write=False)  # like a memory map
    return bytes_


@pytest.fixture(params=[(1 / 255, 0.0), (2 / 255, -1.0), (0.1, 1e-3)], ids=str)
def pair(request, stored):
    """The numbers as floats, rounded after each step, and as scaled bytes."""
    factor, offset = map(np.float32, request.param)
    return stored.astype(np.float32) * factor + offset, Scaled(stored, *request.param)


def test_it_is_the_array(pair):
    floats, ours = pair
    rows = np.array([3, 3, 199, 0])
    assert (ours.shape, ours.ndim, len(ours), ours.dtype) == (SHAPE, 2, 200, np.float32)
    for key in (slice(4, 90, 3), rows, 7, ours.stored[:, 0] > 9, (slice(None), 2)):
        np.testing.assert_array_equal(np.asarray(ours[key]), floats[key])
    np.testing.assert_array_equal(ours, floats)
    maps = ours.reshape(-1, 4, 5, 3)[10:20]
    np.testing.assert_array_equal(maps, floats.reshape(-1, 4, 5, 3)[10:20])
    assert np.shares_memory(maps.stored, ours.stored)
    assert np.asarray(ours, dtype=np.float64).dtype == np.float64
    with pytest.raises(ValueError, match="need a copy"):
        np.asarray(ours, copy=False)


@pytest.mark.parametrize("worth", [0, 10**12], ids=["compiled", "numpy"])
def test_rows_are_taken_to_the_last_bit(pair, worth, monkeypatch):
    monkeypatch.setattr(scaled, "WORTH", worth)
    floats, ours = pair
    rows = np.random.default_rng(1).permutation(200)[:60]
    batch = np.empty((60, SHAPE[1]), np.float32)
    assert ours.take(rows, batch) is batch
    np.testing.assert_array_equal(batch, floats[rows])


@pytest.mark.parametrize("worth", [0, 10**12], ids=["compiled", "numpy"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"flip": True, "shift": 1, "picture_shape": (4, 5, 3)},
        {"early_stopping": True},
        {"layers": ["whitening", "gelu", "convolution 4", "flatten"], "picture_shape": (4, 5, 3)},
    ],
    ids=["plain", "augmented", "stopped", "convolution"],
)
def test_a_network_learns_the_same_from_both(pair, options, worth, monkeypatch):
    monkeypatch.setattr(scaled, "WORTH", worth)
    floats, ours = pair
    y = np.arange(200) % 3
    rows = np.arange(0, 190)

    def trained(X):
        network = SoftmaxNetwork(epochs=3, batch_size=32, random_state=0, **options)
        return network.fit(X, y, views=(), rows=rows, monitor=(X[:40], y[:40]))

    one, other = trained(floats), trained(ours)
    for a, b in zip(one.network_.parameters, other.network_.parameters, strict=True):
        np.testing.assert_array_equal(a, b)
    assert one.monitor_curve_.tobytes() == other.monitor_curve_.tobytes()
    np.testing.assert_array_equal(one.predict_proba(floats), other.predict_proba(ours))
    one.partial_fit(floats, y)
    other.partial_fit(ours, y)
    np.testing.assert_array_equal(one.network_.weights[0], other.network_.weights[0])
    assert one.n_features_in_ == other.n_features_in_ == SHAPE[1]


def test_views_are_scaled_too(pair):
    floats, ours = pair
    y = np.arange(200) % 3
    one, other = (
        SoftmaxNetwork(epochs=2, random_state=0, flip=True).fit(X, y, views=[X[::-1]])
        for X in (floats, Scaled(ours.stored, ours.factor, ours.offset))
    )
    np.testing.assert_array_equal(one.network_.weights[0], other.network_.weights[0])


def test_labels_of_another_length_are_refused(pair):
    _, ours = pair
    with pytest.raises(ValueError, match="inconsistent numbers"):
        SoftmaxNetwork().fit(ours, np.zeros(199))
