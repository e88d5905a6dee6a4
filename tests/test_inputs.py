"""Mirrored and moved samples, and the mean of the last epochs' weights."""

from __future__ import annotations

import copy
import itertools

import numpy as np
import pytest
from scipy.ndimage import shift
from scipy.stats import chisquare

from stages.network.checkpoint import Checkpoint
from stages.network.classifier import SoftmaxNetwork
from stages.network.epochs import LAST_BATCHES
from stages.network.inputs import Inputs, mirrored_rows

SHAPE = (4, 5, 3)


@pytest.fixture
def pictures():
    generator = np.random.default_rng(0)
    return generator.random((200, *SHAPE)).astype(np.float32)


def flat(pictures):
    return pictures.reshape(len(pictures), -1)


def test_without_augmentation_a_batch_is_its_rows(pictures):
    X, rows = flat(pictures), np.array([7, 0, 7])
    inputs = Inputs(X, 3, np.float32)
    generator = np.random.default_rng(1)
    before = copy.deepcopy(generator.bit_generator.state)
    np.testing.assert_array_equal(inputs.batch(rows, generator), X[rows])
    assert generator.bit_generator.state == before  # nothing is drawn for what is not asked for


def test_a_mirrored_picture_read_from_the_right_is_the_picture():
    rows = np.arange(12.0).reshape(1, 12)  # 1 x 4 pixels of 3 channels
    expected = [[9, 10, 11, 6, 7, 8, 3, 4, 5, 0, 1, 2]]
    np.testing.assert_array_equal(mirrored_rows(rows, (1, 4, 3)), expected)


def test_half_of_the_pictures_are_mirrored_and_the_data_stays(pictures):
    X, rows = flat(pictures), np.arange(200)
    X.setflags(write=False)  # like a memory map that is open for reading
    batch = Inputs(X, 200, np.float32, flip=True, picture_shape=SHAPE)
    found = batch.batch(rows, np.random.default_rng(0)).reshape(pictures.shape)
    same = (found == pictures).all(axis=(1, 2, 3))
    turned = (found == pictures[:, :, ::-1]).all(axis=(1, 2, 3))
    assert (same ^ turned).all()
    assert 70 < turned.sum() < 130


@pytest.mark.parametrize("n_views", [1, 3])
def test_each_view_of_a_sample_is_taken_as_often_as_the_sample(n_views):
    X = np.arange(2000, dtype=np.float32).reshape(1000, 2)
    views = [X + number / 8 for number in range(1, n_views + 1)]
    rows = np.random.default_rng(1).permutation(1000)
    inputs = Inputs(X, 1000, np.float32, flip=True, shift=1, views=views)
    found = inputs.batch(rows, np.random.default_rng(0))
    which = (found - X[rows]) * 8
    np.testing.assert_array_equal(which[:, 0], which[:, 1])
    counts = np.bincount(which[:, 0].astype(int), minlength=n_views + 1)
    assert len(counts) == n_views + 1
    assert chisquare(counts).pvalue > 0.001
    again = inputs.batch(rows, np.random.default_rng(1))
    assert not np.array_equal((again - X[rows]) * 8, which)


def test_a_moved_picture_is_scipys_shift_with_the_edge_repeated(pictures):
    inputs = Inputs(flat(pictures), 200, np.float32, shift=2, picture_shape=SHAPE)
    found = inputs.batch(np.arange(200), np.random.default_rng(0)).reshape(pictures.shape)
    offsets = list(itertools.product(range(-2, 3), repeat=2))
    seen = set()
    for picture, moved in zip(pictures, found, strict=True):
        fitting = [
            (down, right)
            for down, right in offsets
            if np.allclose(moved, shift(picture, (down, right, 0), order=0, mode="nearest"))
        ]
        assert len(fitting) == 1
        seen.update(fitting)
    assert seen == set(offsets)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"flip": True}, "need picture_shape"),
        ({"shift": 1}, "need picture_shape"),
        ({"flip": True, "views": [np.zeros((4, 6)), np.zeros((4, 5))]}, r"shape of X, \(4, 6\)"),
    ],
)
def test_what_is_no_picture_is_neither_mirrored_nor_moved(options, message):
    with pytest.raises(ValueError, match=message):
        Inputs(np.zeros((4, 6)), 2, np.float64, **options)


def test_symmetric_training_gives_symmetric_answers():
    # Class 0 is bright on the left. Mirrored, it is what class 1 would look like, so with flips
    # left and right cannot be told apart; brightness still can.
    generator = np.random.default_rng(0)
    y = np.arange(400) % 2
    X = generator.random((400, 2, 4, 1)).astype(np.float32) * 0.1
    X[y == 0, :, :2] += 1
    X[y == 1, :, 2:] += 1
    params = {"epochs": 20, "learning_rate": 0.5, "batch_size": 20, "random_state": 0}
    network = SoftmaxNetwork(**params, flip=True, picture_shape=(2, 4, 1)).fit(flat(X), y)
    assert network.score(flat(X), y) < 0.7
    assert SoftmaxNetwork(**params).fit(flat(X), y).score(flat(X), y) == 1.0


def blobs(n: int = 90):
    generator = np.random.default_rng(5)
    y = np.arange(n) % 3
    X = generator.standard_normal((3, 6))[y] + generator.standard_normal((n, 6))
    return X.astype(np.float32), y


PARAMS = {"hidden_layer_sizes": (4,), "batch_size": 16, "learning_rate": 0.2, "random_state": 0}


def test_averaged_weights_are_the_mean_of_the_last_epochs():
    X, y = blobs()
    averaged = SoftmaxNetwork(**PARAMS, epochs=6, averaged_epochs=3).fit(X, y)
    # The same training, stopped after 4, 5 and 6 epochs: nothing before the end depends on it.
    ends = [SoftmaxNetwork(**PARAMS, epochs=n).fit(X, y).network_.parameters for n in (4, 5, 6)]
    for mean, *parameters in zip(averaged.network_.parameters, *ends, strict=True):
        np.testing.assert_allclose(mean, np.mean(parameters, axis=0), rtol=1e-5, atol=1e-6)


def test_the_mean_of_one_epoch_is_that_epoch():
    X, y = blobs()
    one = SoftmaxNetwork(**PARAMS, epochs=3, averaged_epochs=1).fit(X, y)
    none = SoftmaxNetwork(**PARAMS, epochs=3).fit(X, y)
    for a, b in zip(one.network_.parameters, none.network_.parameters, strict=True):
        np.testing.assert_array_equal(a, b)


def test_partial_fit_does_not_average():
    X, y = blobs()
    first = SoftmaxNetwork(**PARAMS, epochs=2, averaged_epochs=2).partial_fit(X, y, [0, 1, 2])
    second = SoftmaxNetwork(**PARAMS, epochs=2).partial_fit(X, y, [0, 1, 2])
    for _ in range(2):
        first.partial_fit(X, y)
        second.partial_fit(X, y)
    np.testing.assert_array_equal(first.network_.weights[0], second.network_.weights[0])


@pytest.mark.parametrize("last_batch", LAST_BATCHES)
@pytest.mark.parametrize("stopped_after", [1, 2, 3, 4])
def test_an_interrupted_training_with_everything_goes_on_bit_for_bit(
    tmp_path, stopped_after, last_batch
):
    X, y = blobs()  # 90 samples in batches of at most 16: 10 remain
    views = [-X, 2 * X]
    params = {**PARAMS, "epochs": 5, "averaged_epochs": 3, "flip": True, "dropout": 0.2}
    params |= {"last_batch": last_batch, "weight_scale": 0.3}

    def stop(epoch):
        if epoch == stopped_after:
            raise KeyboardInterrupt

    checkpoint = Checkpoint(tmp_path / "state.npz", every_seconds=0)
    with pytest.raises(KeyboardInterrupt):
        SoftmaxNetwork(**params).fit(X, y, views=views, checkpoint=checkpoint, on_epoch=stop)
    resumed = SoftmaxNetwork(**params).fit(X, y, views=views, checkpoint=checkpoint)
    straight = SoftmaxNetwork(**params).fit(X, y, views=views)
    for a, b in zip(resumed.network_.parameters, straight.network_.parameters, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"epochs": 2, "averaged_epochs": 3}, "averaged_epochs=3 of only 2 epochs"),
        ({"averaged_epochs": 1, "early_stopping": True}, "in two ways"),
        ({"shift": -1}, "'shift' parameter.* Got -1"),
    ],
)
def test_impossible_augmentation_and_averages_are_named(params, message):
    X, y = blobs()
    with pytest.raises(ValueError, match=message):
        SoftmaxNetwork(**params).fit(X, y)


def test_early_stopping_holds_out_views_too():
    X, y = blobs()
    params = {**PARAMS, "epochs": 4, "early_stopping": True}
    # Every view of a sample is the sample itself: they change nothing but the draws.
    network = SoftmaxNetwork(**params).fit(X, y, views=[X.copy(), X.copy()])
    assert network.score(X, y) > 0.5
