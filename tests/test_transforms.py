"""Every transform against exact values or an independent computation."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydantic import ValidationError
from skimage.color import rgb2gray, rgb2hsv
from skimage.feature import hog
from skimage.filters import threshold_otsu
from sklearn.preprocessing import StandardScaler

from stages import preprocess
from stages.data.samples import Samples, Split, open_samples, write_features
from stages.runtime.errors import PipelineError
from stages.transforms.binarize import Binarize
from stages.transforms.hog import Hog
from stages.transforms.normalize import Normalize
from stages.transforms.pca import Pca
from stages.transforms.standardize import Standardize
from tests.helpers import fitted, random_pictures

PICTURE = (32, 32, 3)
HOG = {
    "orientations": 9,
    "pixels_per_cell": 8,
    "cells_per_block": 2,
    "block_norm": "L2-Hys",
    "channels": "grey",
    "colour_bins": 0,
    "colour_grid": 1,
}


def fixed(level, channels="grey"):
    return Binarize(threshold="fixed", level=level, channels=channels)


def own(threshold, channels="grey"):
    return Binarize(threshold=threshold, level=None, channels=channels)


def pca(**own):
    return Pca(**{"whiten": False} | own)


def correlated_rows(n=40, n_features=12, seed=0):
    generator = np.random.default_rng(seed)
    mixing = generator.normal(size=(n_features, n_features)) * np.linspace(3, 0.1, n_features)
    return (generator.normal(size=(n, n_features)) @ mixing.T + 5).astype(np.float32)


ON_PICTURES = {
    "normalize": Normalize(low=0.0, high=1.0),
    "binarize-fixed": fixed(0.5),
    "binarize-mean-rgb": own("mean", "rgb"),
    "binarize-otsu": own("otsu"),
    "binarize-otsu-rgb": own("otsu", "rgb"),
    "hog": Hog(**HOG),
    "hog-rgb": Hog(**HOG | {"channels": "rgb"}),
    "hog-colour": Hog(**HOG | {"colour_bins": 5, "colour_grid": 3}),
}
ON_VECTORS = {
    "standardize": Standardize(with_mean=True, with_std=True),
    "standardize-nothing": Standardize(with_mean=False, with_std=False),
    "pca": pca(n_components=5),
    "pca-variance": pca(n_components=0.9, whiten=True),
}


@pytest.mark.parametrize("name", [*ON_PICTURES, *ON_VECTORS])
def test_a_transform_gives_as_many_floats_as_it_says_and_leaves_its_input(name):
    transform = (ON_PICTURES | ON_VECTORS)[name]
    samples = random_pictures(4) if name in ON_PICTURES else correlated_rows()
    before = samples.copy()
    samples.flags.writeable = False
    rows = fitted(transform, samples)(samples[:3])
    assert rows.dtype == np.float32
    wanted = transform.n_outputs(samples.shape[1:], len(samples))
    assert rows.shape == (3, rows.shape[1] if wanted is None else wanted)
    np.testing.assert_array_equal(samples, before)


@pytest.mark.parametrize("name", ON_PICTURES)
def test_a_picture_is_transformed_alike_in_any_company(name):
    apply = fitted(ON_PICTURES[name], random_pictures(2, seed=9))
    pictures = random_pictures(3)
    alone = np.concatenate([apply(pictures[i : i + 1]) for i in range(3)])
    np.testing.assert_array_equal(apply(pictures), alone)


@pytest.mark.parametrize("name", ON_PICTURES)
def test_pictures_are_required_where_vectors_make_no_sense(name):
    with pytest.raises(ValueError, match="needs pictures"):
        ON_PICTURES[name].n_outputs((3072,), 10)


@pytest.mark.parametrize("name", ON_VECTORS)
def test_vectors_are_required_where_pictures_make_no_sense(name):
    with pytest.raises(ValueError, match="needs vectors"):
        ON_VECTORS[name].n_outputs(PICTURE, 10)


def test_normalized_pixels_keep_their_places():
    pictures = np.zeros((1, *PICTURE), dtype=np.uint8)
    pictures[0, 1, 2] = (51, 102, 255)
    rows = fitted(Normalize(low=0.0, high=1.0), pictures)(pictures)
    first = (1 * 32 + 2) * 3
    np.testing.assert_allclose(rows[0, first : first + 3], [0.2, 0.4, 1.0], rtol=1e-6)
    assert np.count_nonzero(rows) == 3


@given(low=st.floats(-100, 100, width=16), span=st.floats(0.5, 100, width=16))
def test_black_becomes_low_and_white_becomes_high(low, span):
    grey = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    rows = fitted(Normalize(low=low, high=low + span), grey)(grey)
    np.testing.assert_allclose(rows[0], np.linspace(low, low + span, 256), atol=1e-4, rtol=1e-5)
    assert rows[0, 0] == np.float32(low)


def grey_picture(values):
    """Return one picture of 2 x 2 grey pixels."""
    return np.repeat(np.uint8(values).reshape(1, 2, 2, 1), 3, axis=3)


@pytest.mark.parametrize(
    ("transform", "values", "wanted"),
    [
        (fixed(0.5), [0, 127, 128, 255], [0, 0, 1, 1]),
        (fixed(0.2), [50, 52, 0, 255], [0, 1, 0, 1]),
        (fixed(0.0), [0, 1, 2, 3], [0, 1, 1, 1]),
        (own("mean"), [0, 0, 0, 100], [0, 0, 0, 1]),
        (own("mean"), [10, 20, 40, 50], [0, 0, 1, 1]),
        (own("mean"), [100, 200, 200, 200], [0, 1, 1, 1]),
        (own("otsu"), [10, 10, 200, 210], [0, 0, 1, 1]),
        (own("otsu"), [10, 200, 205, 210], [0, 1, 1, 1]),
        (own("otsu"), [7, 7, 7, 7], [0, 0, 0, 0]),
    ],
)
def test_pixels_above_the_threshold_are_one(transform, values, wanted):
    pictures = grey_picture(values)
    assert fitted(transform, pictures)(pictures).tolist() == [wanted]


def test_grey_weighs_the_colours_by_their_luminance():
    red, green, blue, white = 255 * np.eye(4, 3, dtype=np.uint8)
    white = white + 255
    pictures = np.array([[[red, green], [blue, white]]])
    assert fitted(fixed(0.5), pictures)(pictures).tolist() == [[0, 1, 0, 1]]
    assert fitted(fixed(0.1), pictures)(pictures).tolist() == [[1, 1, 0, 1]]


def test_every_channel_has_its_own_threshold_in_rgb():
    pictures = np.array([[[[0, 100, 9], [10, 200, 9]]]], dtype=np.uint8)
    assert fitted(own("mean", "rgb"), pictures)(pictures).tolist() == [[0, 0, 0, 1, 1, 0]]
    assert fitted(fixed(0.5, "rgb"), pictures)(pictures).tolist() == [[0, 0, 0, 0, 1, 0]]


def test_rgb_gives_three_times_as_many_features_as_grey():
    assert own("otsu").n_outputs(PICTURE, 1) == 1024
    assert own("otsu", "rgb").n_outputs(PICTURE, 1) == 3072


COLUMNS = np.array([(0, 68, 68), (252, 0, 0)])  # two colours of one luminance, but for rounding


@pytest.mark.parametrize("threshold", ["mean", "otsu"])
@pytest.mark.parametrize("pair", [COLUMNS, COLUMNS[::-1]])
def test_two_colours_of_one_brightness_give_zeros(threshold, pair):
    picture = np.broadcast_to(pair[np.arange(8) % 2], (1, 8, 8, 3)).astype(np.uint8)
    assert 0 < np.ptp(rgb2gray(picture)) < 1e-15
    assert not fitted(own(threshold), picture)(picture).any()


@given(colours=arrays(np.uint8, (50, 3)), threshold=st.sampled_from(["mean", "otsu"]))
@settings(max_examples=40)
def test_a_picture_of_one_colour_gives_zeros(colours, threshold):
    pictures = np.broadcast_to(colours[:, np.newaxis, np.newaxis], (50, 5, 7, 3))
    for channels in ("grey", "rgb"):
        assert not fitted(own(threshold, channels), pictures)(pictures).any()


@pytest.mark.slow
def test_the_least_difference_of_brightness_counts():
    # 2125 r + 7154 g + 721 b differ by 1, the least that whole numbers can.
    levels = np.arange(256)
    sums = (2125 * levels[:, None, None] + 7154 * levels[:, None] + 721 * levels).reshape(-1)
    order = np.argsort(sums)
    at = order[np.flatnonzero(np.diff(sums[order]) == 1)[0] + np.arange(2)]
    pair = np.stack(np.unravel_index(at, (256, 256, 256)), axis=1)
    picture = np.broadcast_to(pair, (1, 4, 2, 3)).astype(np.uint8)
    for threshold in ("mean", "otsu"):
        answer = fitted(own(threshold), picture)(picture).reshape(4, 2)
        np.testing.assert_array_equal(answer, np.tile([0, 1], (4, 1)))


def test_otsu_is_that_of_each_picture():
    pictures = random_pictures(5) // np.uint8([[[[1]]], [[[2]]], [[[3]]], [[[4]]], [[[5]]]])
    rows = fitted(own("otsu"), pictures[:1])(pictures)
    for picture, row in zip(pictures, rows, strict=True):
        grey = rgb2gray(picture)
        np.testing.assert_array_equal(row.reshape(32, 32), grey > threshold_otsu(grey))


@pytest.mark.parametrize(
    ("threshold", "level"),
    [("fixed", None), ("otsu", 0.5), ("mean", 0.5), ("fixed", 1.5), ("fixed", -0.1)],
)
def test_a_level_goes_with_a_fixed_threshold_from_0_to_1(threshold, level):
    with pytest.raises(ValidationError):
        Binarize(threshold=threshold, level=level, channels="grey")


@pytest.mark.parametrize("block_norm", ["L1", "L1-sqrt", "L2", "L2-Hys"])
@pytest.mark.parametrize("channels", ["grey", "rgb"])
def test_hog_is_that_of_scikit_image(block_norm, channels):
    picture = random_pictures(2)[1]
    own = {"orientations": 7, "pixels_per_cell": 6, "cells_per_block": 3}
    transform = Hog(**HOG | own | {"block_norm": block_norm, "channels": channels})
    wanted = hog(
        rgb2gray(picture) if channels == "grey" else picture,
        orientations=7,
        pixels_per_cell=(6, 6),
        cells_per_block=(3, 3),
        block_norm=block_norm,
        channel_axis=None if channels == "grey" else 2,
    )
    (row,) = fitted(transform, picture[np.newaxis])(picture[np.newaxis])
    np.testing.assert_allclose(row, wanted, rtol=1e-6)


@settings(max_examples=60)
@given(orientations=st.integers(1, 12), cell=st.integers(1, 32), block=st.integers(1, 8))
def test_hog_has_as_many_features_as_it_says(orientations, cell, block):
    assume(block * cell <= 32)
    own = {"orientations": orientations, "pixels_per_cell": cell, "cells_per_block": block}
    transform = Hog(**HOG | own)
    pictures = random_pictures(1)
    assert fitted(transform, pictures)(pictures).shape[1] == transform.n_outputs(PICTURE, 1)


def with_colours(bins, grid):
    """Return a HOG with colours, and how many of its features are directions."""
    alone = Hog(**HOG).n_outputs(PICTURE, 1)
    return Hog(**HOG | {"colour_bins": bins, "colour_grid": grid}), alone


def test_colours_come_after_unchanged_directions():
    pictures = random_pictures(3)
    transform, n_directions = with_colours(bins=4, grid=2)
    rows = fitted(transform, pictures)(pictures)
    np.testing.assert_array_equal(rows[:, :n_directions], fitted(Hog(**HOG), pictures)(pictures))
    assert rows.shape[1] - n_directions == 2 * 2 * 3 * 4


@pytest.mark.parametrize(("bins", "grid"), [(1, 1), (8, 1), (16, 2), (4, 5)])
def test_colours_are_the_histograms_of_every_part(bins, grid):
    pictures = random_pictures(2)
    transform, n_directions = with_colours(bins, grid)
    found = fitted(transform, pictures)(pictures)[:, n_directions:]
    edges = [next(i for i in range(33) if i * grid >= part * 32) for part in range(grid + 1)]
    for picture, row in zip(pictures, found.reshape(2, grid, grid, 3, bins), strict=True):
        hsv = rgb2hsv(picture)
        for down, across, channel in np.ndindex(grid, grid, 3):
            rows, columns = slice(*edges[down : down + 2]), slice(*edges[across : across + 2])
            values = hsv[rows, columns, channel]
            wanted, _ = np.histogram(values, bins=bins, range=(0, 1))
            np.testing.assert_allclose(row[down, across, channel], wanted / values.size, rtol=1e-6)


def test_colours_of_a_red_upper_and_a_dark_blue_lower_half():
    picture = np.zeros((1, *PICTURE), dtype=np.uint8)
    picture[0, :16] = (255, 0, 0)
    picture[0, 16:] = (0, 0, 100)
    transform, n_directions = with_colours(bins=4, grid=2)
    upper, lower = fitted(transform, picture)(picture)[0, n_directions:].reshape(2, 2, 3, 4)
    red = [[1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 1]]
    blue = [[0, 0, 1, 0], [0, 0, 0, 1], [0, 1, 0, 0]]
    assert upper.tolist() == [red, red]
    assert lower.tolist() == [blue, blue]


@given(cell=st.integers(1, 32), block=st.integers(1, 32))
def test_a_block_fits_if_its_cells_do(cell, block):
    transform = Hog(**HOG | {"pixels_per_cell": cell, "cells_per_block": block})
    if block * cell <= 32:
        assert transform.n_outputs(PICTURE, 1) > 0
    else:
        with pytest.raises(ValueError, match=f"{block} cells of {cell} pixels does not fit"):
            transform.n_outputs(PICTURE, 1)


def components_by_svd(training, rows, n_components, whiten=False):
    mean = training.mean(axis=0, dtype=np.float64)
    _, sizes, axes = np.linalg.svd(training - mean, full_matrices=False)
    scores = (rows - mean) @ axes[:n_components].T
    return scores / (sizes[:n_components] / np.sqrt(len(training) - 1)) if whiten else scores


@pytest.mark.parametrize("whiten", [False, True])
@pytest.mark.parametrize("shape", [(), (20, 30), (30, 30)])
def test_pca_is_the_singular_value_decomposition_up_to_signs(whiten, shape):
    training, rows = correlated_rows(*shape), correlated_rows(*shape, seed=1)
    found = fitted(pca(n_components=6, whiten=whiten), training)(rows)
    wanted = components_by_svd(training, rows, 6, whiten)
    signs = np.sign((found * wanted).sum(axis=0))
    np.testing.assert_allclose(found * signs, wanted, rtol=1e-3, atol=1e-4)


def test_whitened_components_have_unit_variance_in_training():
    training = correlated_rows()
    found = fitted(pca(n_components=6, whiten=True), training)(training)
    np.testing.assert_allclose(np.cov(found.T), np.eye(6), atol=1e-3)


@pytest.mark.parametrize(
    ("training", "asked", "rank"),
    [
        (correlated_rows(12, 30), 12, 11),  # the mean takes one
        (np.repeat(correlated_rows(6), 3, axis=0), 8, 5),
        (np.repeat(correlated_rows(40, 6), 2, axis=1) / 3, 9, 6),
        (correlated_rows(300, 9) @ np.eye(9, 10) + np.eye(10)[9] * 7, 10, 9),
    ],
)
def test_whitening_refuses_components_that_are_rounding(training, asked, rank):
    training = training.astype(np.float32)
    with pytest.raises(ValueError, match=f"whiten.*at most {rank}"):
        pca(n_components=asked, whiten=True).learn(training)
    whitened = fitted(pca(n_components=rank, whiten=True), training)(training)
    np.testing.assert_allclose(np.cov(whitened.T), np.eye(rank), atol=1e-2)
    assert np.abs(fitted(pca(n_components=asked), training)(training)[:, rank:]).max() < 1e-3


def test_preprocess_says_by_name_what_has_no_rank(preprocess_rows):
    rows = np.tile(np.eye(10), (4, 1))
    with pytest.raises(PipelineError, match=r"features\.own: pca: n_components 10 with whiten.* 9"):
        preprocess_rows("pca", {"n_components": 10, "whiten": True}, rows, rows)


@given(share=st.floats(0.05, 0.99))
@settings(max_examples=30)
def test_a_share_of_the_variance_keeps_the_fewest_components_that_have_it(share):
    training = correlated_rows()
    variances = np.linalg.svd(training - training.mean(axis=0, dtype=float))[1] ** 2
    shares = np.cumsum(variances) / variances.sum()
    assume(np.abs(shares - share).min() > 1e-6)
    transform = pca(n_components=share)
    assert transform.n_outputs((12,), 40) is None
    assert fitted(transform, training)(training).shape[1] == np.sum(shares < share) + 1


@pytest.mark.parametrize(
    ("n_components", "n_features", "n_samples", "limit"), [(9, 8, 50, 8), (9, 50, 8, 8)]
)
def test_pca_has_no_more_components_than_features_or_samples(
    n_components, n_features, n_samples, limit
):
    with pytest.raises(ValueError, match=f"n_components {n_components} is more than {limit}"):
        pca(n_components=n_components).n_outputs((n_features,), n_samples)
    assert pca(n_components=limit).n_outputs((n_features,), n_samples) == limit


@pytest.fixture
def preprocess_rows(tmp_path):
    """Return a call of the preprocess stage on features of two batches of 40 rows."""

    def call(transform, parameters, training, test):
        shutil.rmtree(tmp_path, ignore_errors=True)
        folder = tmp_path / "rows"
        folder.mkdir(parents=True)
        batches = {"data_batch_1": (0, 40), "test_batch": (40, 80)}
        splits = {"one": Split(train=("data_batch_1",), test=("test_batch",))}
        like = Samples(np.empty(0), np.arange(80) % 10, batches, splits, list("abcdefghij"))
        write_features(folder, like, [np.concatenate([training, test])])
        feature = {"dataset": "own", "input": "own-rows", "transform": transform, "fit": "one"}
        document = {"transforms": {transform: parameters}, "features": {"own": feature}}
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(document))
        params, timings = tmp_path / "params.yaml", tmp_path / "timings"
        out, stored = tmp_path / "out", tmp_path / "learned.npz"
        preprocess.main("own", folder, out, stored, params, timings)
        return [np.array(rows) for rows in np.split(open_samples(tmp_path / "out").values, 2)]

    return call


@pytest.mark.parametrize(
    ("transform", "parameters"),
    [
        ("pca", {"n_components": 5, "whiten": True}),
        ("pca", {"n_components": 0.9, "whiten": False}),
        ("standardize", {"with_mean": True, "with_std": True}),
    ],
)
def test_the_test_batch_changes_no_training_output(preprocess_rows, transform, parameters):
    training, test = correlated_rows(), correlated_rows(seed=1)
    first, tested = preprocess_rows(transform, parameters, training, test)
    again, other_test = preprocess_rows(transform, parameters, training, 3 * test)
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(tested, other_test)
    _, refitted = preprocess_rows(transform, parameters, training[::-1] ** 2, test)
    assert not np.allclose(tested[:, :2], refitted[:, :2])


def test_standardized_training_has_mean_0_and_deviation_1():
    training = correlated_rows()
    rows = fitted(Standardize(with_mean=True, with_std=True), training)(training)
    np.testing.assert_allclose(rows.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(rows.std(axis=0), 1, atol=1e-5)


def test_a_constant_feature_is_only_centred():
    training = correlated_rows()
    training[:, 3] = 7
    rows = fitted(Standardize(with_mean=True, with_std=True), training)(training + 1)
    np.testing.assert_allclose(rows[:, 3], 1, rtol=1e-6)
    assert np.isfinite(rows).all()


@pytest.mark.parametrize("with_mean", [False, True])
@pytest.mark.parametrize("with_std", [False, True])
@settings(max_examples=20)
@given(sixteenths=arrays(np.int16, (9, 3), elements=st.integers(-1600, 1600)))
def test_standardize_is_that_of_scikit_learn(with_mean, with_std, sixteenths):
    training = np.float32(sixteenths / 16)
    rows = correlated_rows(5, 3)
    found = fitted(Standardize(with_mean=with_mean, with_std=with_std), training)(rows)
    scaler = StandardScaler(with_mean=with_mean, with_std=with_std).fit(training.astype(float))
    np.testing.assert_allclose(found, scaler.transform(rows), rtol=1e-3, atol=1e-3)
