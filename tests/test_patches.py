"""The patches transform against a slow and plain one, and what must hold for any pictures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.spatial.distance import cdist
from sklearn.cluster import MiniBatchKMeans
from sklearn.feature_extraction.image import extract_patches_2d

from stages.transforms import patches as module
from stages.transforms.patches import Patches
from tests.helpers import fitted, random_pictures

PICTURE = (32, 32, 3)
SMALL = {
    "size": 5,
    "n_patches": 500,
    "contrast_offset": 10.0,
    "whitening_offset": 0.1,
    "dictionary": "samples",
    "n_atoms": 24,
    "encoding": "threshold",
    "threshold": 0.5,
    "grid": 2,
    "power": 1.0,
    "mirror": False,
    "n_components": None,
    "seed": 3,
}
TRIANGLE = {"encoding": "triangle", "threshold": None}
KMEANS = {"dictionary": "kmeans"}


def patches(**own):
    return Patches(**SMALL | own)


def smooth_pictures(n, seed=0, shape=(12, 12)):
    """Return pictures whose neighbouring pixels resemble each other, as in photographs."""
    noise = np.random.default_rng(seed).normal(size=(n, *shape, 3))
    steps = noise.cumsum(axis=1).cumsum(axis=2)
    low = steps.min(axis=(1, 2, 3), keepdims=True)
    high = steps.max(axis=(1, 2, 3), keepdims=True)
    return (255 * (steps - low) / (high - low)).astype(np.uint8)


def normalized(rows, offset):
    rows = rows - rows.mean(axis=1, keepdims=True)
    return rows / np.sqrt(rows.var(axis=1, keepdims=True) + offset)


class Plain:
    """What Coates and Ng describe, step by step in float64."""

    def __init__(self, transform, pictures):
        self.transform, size = transform, transform.size
        generator = np.random.default_rng(transform.seed)
        n = (transform.n_patches, 1, 1)
        which = generator.integers(len(pictures), size=n).ravel()
        tops = generator.integers(pictures.shape[1] - size + 1, size=n).ravel()
        lefts = generator.integers(pictures.shape[2] - size + 1, size=n).ravel()
        drawn = [
            pictures[i, top : top + size, left : left + size].ravel().astype(float)
            for i, top, left in zip(which, tops, lefts, strict=True)
        ]
        rows = normalized(np.array(drawn), transform.contrast_offset)
        self.mean = rows.mean(axis=0)
        axes, variances, _ = np.linalg.svd(np.cov(rows.T))
        scales = np.diag(1 / np.sqrt(variances + transform.whitening_offset))
        self.whitening = axes @ scales @ axes.T
        whitened = (rows - self.mean) @ self.whitening
        self.atoms = whitened[: transform.n_atoms]

    def responses(self, rows):
        whitened = (normalized(rows, self.transform.contrast_offset) - self.mean) @ self.whitening
        if self.transform.encoding == "triangle":
            distances = cdist(whitened, self.atoms)
            return np.maximum(0, distances.mean(axis=1, keepdims=True) - distances)
        lengths = np.linalg.norm(self.atoms, axis=1)
        products = whitened @ (self.atoms / lengths[:, np.newaxis]).T
        above = np.maximum(0, products - self.transform.threshold)
        below = np.maximum(0, -products - self.transform.threshold)
        return np.hstack([above, below])

    def __call__(self, picture):
        size, grid = self.transform.size, self.transform.grid
        rows = extract_patches_2d(picture, (size, size)).reshape(-1, size * size * 3)
        places = [picture.shape[0] - size + 1, picture.shape[1] - size + 1]
        responses = self.responses(rows.astype(float)).reshape(*places, -1)
        sums, counts = np.zeros((grid, grid, responses.shape[2])), np.zeros((grid, grid, 1))
        for top, left in np.ndindex(*places):
            cell = top * grid // places[0], left * grid // places[1]
            sums[cell] += responses[top, left]
            counts[cell] += 1
        # By sign, then cell, then atom.
        signs = (sums / counts).reshape(grid * grid, -1, len(self.atoms))
        return signs.transpose(1, 0, 2).ravel()


@pytest.mark.parametrize(
    "own",
    [
        {},
        TRIANGLE,
        {"size": 3, "grid": 3, "threshold": 0.0},
        {"size": 4, "grid": 1, "whitening_offset": 0.01, "contrast_offset": 100.0, "seed": 7},
        TRIANGLE | {"size": 6, "grid": 4, "n_atoms": 100},
    ],
)
def test_features_are_those_of_the_plain_computation(own):
    transform = patches(**own)
    training, pictures = smooth_pictures(20), smooth_pictures(4, seed=1)
    plain = Plain(transform, training)
    found = fitted(transform, training)(pictures)
    wanted = np.array([plain(picture) for picture in pictures])
    np.testing.assert_allclose(found, wanted, atol=1e-4)
    assert wanted.std() > 0.01


def test_blocks_of_patches_do_not_show(monkeypatch):
    training, pictures = smooth_pictures(20), smooth_pictures(3, seed=1)
    for own in ({}, TRIANGLE):
        wanted = fitted(patches(**own), training)(pictures)
        with monkeypatch.context() as patch:
            patch.setattr(module, "BLOCK", 7 * SMALL["n_atoms"])  # 64 patches are no multiple
            np.testing.assert_allclose(
                fitted(patches(**own), training)(pictures), wanted, atol=1e-5
            )


def test_atoms_of_kmeans_are_scikit_learns_centres(monkeypatch):
    seen = {}

    class Spy(MiniBatchKMeans):
        def fit(self, rows):
            seen["rows"], seen["model"] = rows, super().fit(rows)
            return seen["model"]

    monkeypatch.setattr("sklearn.cluster.MiniBatchKMeans", Spy)
    training = smooth_pictures(20)
    transform = patches(**KMEANS | TRIANGLE | {"n_atoms": 9})
    found = fitted(transform, training)(training[:2])
    plain = Plain(transform, training)
    np.testing.assert_allclose(seen["rows"][:9], plain.atoms, atol=1e-4)
    plain.atoms = seen["model"].cluster_centers_.astype(float)
    np.testing.assert_allclose(found, [plain(picture) for picture in training[:2]], atol=1e-4)
    assert seen["model"].n_clusters == 9
    assert seen["model"].random_state == SMALL["seed"]


def test_patches_without_structure_give_no_threshold_features():
    training = smooth_pictures(20)
    flat = np.full((1, *training.shape[1:]), 99, dtype=np.uint8)
    apply = fitted(patches(threshold=3.0), training)
    assert apply(training).max() > 0
    np.testing.assert_allclose(apply(flat), 0, atol=1e-5)


@pytest.mark.parametrize("own", [{}, TRIANGLE])
def test_every_flat_picture_looks_the_same(own):
    training = smooth_pictures(20)
    apply = fitted(patches(**own), training)
    flat = np.zeros_like(training[:3]) + np.uint8([[[[0]]], [[[7]]], [[[255]]]])
    rows = apply(flat)
    np.testing.assert_allclose(rows, rows[[0, 0, 0]], atol=1e-6)
    cells = rows[0].reshape(-1, 4, SMALL["n_atoms"])
    np.testing.assert_allclose(cells, np.repeat(cells[:, :1], 4, axis=1), atol=1e-5)


@pytest.mark.parametrize("own", [{}, TRIANGLE, {"mirror": True}])
def test_a_pictures_features_are_the_same_bytes_in_any_company(own, monkeypatch):
    apply = fitted(patches(**own), random_pictures(5))
    pictures = random_pictures(7)
    together = apply(pictures)
    order = np.random.default_rng(0).permutation(7)
    np.testing.assert_array_equal(apply(pictures[order]), together[order])
    alone = np.concatenate([apply(picture[np.newaxis]) for picture in pictures])
    np.testing.assert_array_equal(alone, together)
    monkeypatch.setattr(module, "PART", 3)
    np.testing.assert_array_equal(apply(pictures), together)


def test_any_number_of_cores_gives_the_same_bytes(monkeypatch):
    monkeypatch.setattr(module, "PART", 2)
    pictures = random_pictures(9)
    apply = fitted(patches(), pictures)
    rows = []
    for cores in ("1", "2", "4"):
        monkeypatch.setenv("LOKY_MAX_CPU_COUNT", cores)
        rows.append(apply(pictures).tobytes())
    assert len(set(rows)) == 1


@pytest.mark.parametrize("own", [{}, KMEANS])
def test_the_seed_decides(own):
    training = smooth_pictures(20)
    first, again, other = (
        fitted(patches(**own, **TRIANGLE | {"seed": seed}), training)(training)
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


def test_mirrored_pictures_have_the_same_features():
    training = smooth_pictures(20)
    apply, one_sided = fitted(patches(mirror=True), training), fitted(patches(), training)
    pictures, mirrored = training[:4], training[:4, :, ::-1]
    np.testing.assert_array_equal(apply(pictures), apply(mirrored))
    mean = (one_sided(pictures) + one_sided(mirrored)) / 2
    np.testing.assert_allclose(apply(pictures), mean, rtol=1e-6)
    assert not np.allclose(one_sided(pictures), one_sided(mirrored))


def test_a_power_is_taken_of_the_averages():
    training = smooth_pictures(20)
    for own in ({}, TRIANGLE, {"mirror": True}):
        plain = fitted(patches(**own), training)(training[:4])
        for power in (0.3, 0.5):
            found = fitted(patches(**own, power=power), training)(training[:4])
            np.testing.assert_allclose(found, np.maximum(plain, 0) ** power, rtol=1e-5)


def test_components_are_those_of_the_responses_to_the_first_pictures(monkeypatch):
    training, pictures = smooth_pictures(40), smooth_pictures(6, seed=1)
    monkeypatch.setattr(module, "COMPONENTS_FROM", 30)
    for own in ({}, TRIANGLE, {"mirror": True, "power": 0.5}):
        transform = patches(**own)
        responses, rows = (
            fitted(transform, training)(training[:30]),
            fitted(transform, training)(pictures),
        )
        mean = responses.mean(axis=0)
        _, _, axes = np.linalg.svd(responses - mean, full_matrices=False)
        wanted = (rows - mean) @ axes[:5].T
        found = fitted(patches(**own, n_components=5), training)(pictures)
        assert found.dtype == np.float32
        assert found.shape == wanted.shape
        # Random projections find the first ones best.
        np.testing.assert_allclose(np.abs(found[:, :2]), np.abs(wanted[:, :2]), atol=0.02)
        assert patches(**own, n_components=5).n_outputs(pictures.shape[1:], 40) == 5


def test_the_responses_that_components_come_from_have_a_bounded_size(monkeypatch):
    training = smooth_pictures(40)
    monkeypatch.setattr(module, "RESPONSES", 192 * 7 + 100)  # 24 atoms, two signs, four cells
    transform = patches(n_components=7)
    found, again = fitted(transform, training)(training), fitted(transform, training[:7])(training)
    assert transform.n_outputs(training.shape[1:], 40) == 7
    assert not np.allclose(found, again)  # atoms have seen other pictures,
    monkeypatch.setattr(module, "COMPONENTS_FROM", 7)
    monkeypatch.setattr(module, "RESPONSES", 2**28)
    np.testing.assert_array_equal(
        found, fitted(transform, training)(training)
    )  # components have not
    with pytest.raises(ValueError, match=r"n_components 8 is more than 7, .* the 7 that comp"):
        patches(n_components=8).n_outputs(training.shape[1:], 40)


@pytest.mark.parametrize(("n_components", "n_samples"), [(193, 500), (41, 40), (10_001, 50_000)])
def test_there_are_no_more_components_than_there_can_be(n_components, n_samples):
    own = {} if n_components < 1000 else {"n_atoms": 400, "grid": 8}
    with pytest.raises(ValueError, match=f"n_components {n_components} is more than"):
        patches(**own, n_components=n_components).n_outputs(PICTURE, n_samples)


def test_a_corner_shows_in_its_own_cell_only():
    """Away from the one place with structure, all patches are flat."""
    training = smooth_pictures(20, shape=PICTURE[:2])
    flat = np.full((1, *PICTURE), 128, dtype=np.uint8)
    picture = flat.copy()
    picture[0, 1:4, 28:31] = training[0, :3, :3]
    apply = fitted(patches(threshold=0.2), training)
    changed = np.abs(apply(picture) - apply(flat)).reshape(2, 4, -1).max(axis=(0, 2))
    assert changed[1] > 0.01
    np.testing.assert_allclose(changed[[0, 2, 3]], 0, atol=1e-6)


def test_whitening_makes_variances_equal():
    rows = np.random.default_rng(0).normal(size=(400, 6)) @ np.diag([9, 5, 2, 1, 0.5, 0.1])
    rows = (rows - rows.mean(axis=0)).astype(np.float32)
    whitening = module._zca(rows, 1e-9)
    np.testing.assert_allclose(np.cov((rows @ whitening).T), np.eye(6), atol=1e-3)
    np.testing.assert_allclose(whitening, whitening.T, atol=1e-4)


@settings(max_examples=30)
@given(
    size=st.integers(1, 12),
    grid=st.integers(1, 12),
    n_atoms=st.integers(1, 9),
    encoding=st.sampled_from([TRIANGLE, {}]),
)
def test_there_are_as_many_features_as_it_says(size, grid, n_atoms, encoding):
    pictures = smooth_pictures(2)
    transform = patches(**encoding | {"size": size, "grid": grid, "n_atoms": n_atoms})
    if grid <= 12 - size + 1:
        rows = fitted(transform, pictures)(pictures)
        assert rows.shape == (2, transform.n_outputs(pictures.shape[1:], 2))
        assert rows.dtype == np.float32
        assert np.isfinite(rows).all()
    else:
        with pytest.raises(ValueError, match="finer than the places of a patch"):
            transform.n_outputs(pictures.shape[1:], 2)


def test_vectors_have_no_patches():
    with pytest.raises(ValueError, match="needs pictures"):
        patches().n_outputs((3072,), 10)


@pytest.mark.parametrize(
    "own",
    [
        {"threshold": None},
        {"encoding": "triangle"},
        {"threshold": -0.1},
        {"n_atoms": 501},
        {"power": 0.0},
        {"power": 1.5},
        {"size": 0},
        {"whitening_offset": 0.0},
        {"contrast_offset": float("inf")},
        {"n_components": 0},
        {"seed": -1},
        {"seed": 2**32},
        {"dictionary": "pca"},
    ],
)
def test_parameters_that_make_no_sense(own):
    with pytest.raises(ValidationError):
        patches(**own)
