"""A stored chain of transforms gives the bytes of its feature set; what is wrong is one line."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from stages.data.batches import join_batches
from stages.data.samples import Split, open_samples, write_pictures
from stages.runtime.errors import PipelineError
from stages.runtime.npz import load_npz, save_npz
from stages.transforms.chain import load_chain, load_step
from tests.helpers import preprocess_chain
from tests.made_up import DOCUMENT

PATCHES = {"n_patches": 300, "n_atoms": 12}
CHAINS = {
    "normalize": {},
    "unnormalized": {"transform": "normalize", "options": {"high": 255.0}},
    "binarize": {},
    "binarize-rgb": {"transform": "binarize", "options": {"threshold": "mean", "channels": "rgb"}},
    "hog": {},
    "hog-colour": {"transform": "hog", "options": {"colour_bins": 4, "channels": "rgb"}},
    "pca": {"input": "own-normalize", "fit": "one", "options": {"n_components": 7}},
    "white": {
        "transform": "pca",
        "input": "own-normalize",
        "fit": "one",
        "options": {"n_components": 0.9, "whiten": True},
    },
    "standardize": {"input": "own-pca", "fit": "one"},
    "patches": {"fit": "one", "options": PATCHES | {"power": 0.5}, "flip": True},
    "triangle": {
        "transform": "patches",
        "fit": "one",
        "options": PATCHES | {"encoding": "triangle", "threshold": None},
    },
    "components": {
        "transform": "patches",
        "fit": "one",
        "options": PATCHES | {"n_components": 9},
        "flip": True,
        "shift": 2,
    },
}
FEATURES = {
    f"own-{name}": {"dataset": "own", "input": "own-raw", "transform": name} | own
    for name, own in CHAINS.items()
}
OWN = DOCUMENT | {"features": FEATURES}
N = 130  # more than a block of `project`, and no multiple of one


def pictures(shape, n=2 * N):
    return np.random.default_rng(0).integers(0, 256, (n, *shape)).astype(np.uint8)


def write_raw(folder, shape):
    folder.mkdir()
    batches = {name: (pictures(shape)[rows], np.arange(N) % 3) for name, rows in ROWS.items()}
    split = Split(train=("first",), test=("second",))
    write_pictures(folder, join_batches(batches, list("abc"), {"one": split}))
    return folder


ROWS = {"first": slice(0, N), "second": slice(N, 2 * N)}
SHAPES = [(32, 32, 3), (20, 24, 3), (17, 16, 1)]


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", CHAINS)
def test_a_stored_chain_gives_the_bytes_of_its_features_for_any_pictures(tmp_path, name, shape):
    if name == "hog-colour" and shape[2] == 1:
        pytest.skip("grey pictures have no colours")
    raw = write_raw(tmp_path / "raw", shape)
    chain = preprocess_chain(tmp_path / "data", raw, OWN, f"own-{name}")
    features = open_samples(tmp_path / "data" / f"own-{name}")
    assert features.origin["transform"] == chain.steps[-1].origin.transform
    assert features.origin["params"] == chain.steps[-1].origin.params
    views = [pictures(shape), *chain.views_of(pictures(shape))]
    found = [features.values, *features.views]
    assert len(found) == len(views)
    for view, values in zip(views, found, strict=True):
        for rows in (slice(0, N), slice(N, 2 * N), slice(N + 3, N + 10), slice(5, 6)):
            assert chain.apply(view[rows]).tobytes() == np.asarray(values[rows]).tobytes()


@pytest.mark.parametrize("whiten", [False, True])
def test_pca_and_standardize_are_scikit_learns(tmp_path, whiten):
    raw = write_raw(tmp_path / "raw", (8, 8, 3))
    own = {"dataset": "own", "fit": "one"}
    pca = own | {"input": "own-normalize", "transform": "pca"}
    pca["options"] = {"n_components": 5, "whiten": whiten}
    scaled = own | {"input": "own-x", "transform": "standardize"}
    features = {"own-normalize": FEATURES["own-normalize"], "own-x": pca, "own-y": scaled}
    preprocess_chain(tmp_path / "data", raw, OWN | {"features": features}, "own-y")
    pixels = np.asarray(open_samples(tmp_path / "data" / "own-normalize").values)
    model = PCA(5, whiten=whiten, svd_solver="covariance_eigh").fit(pixels[:N].astype(float))
    wanted = model.transform(pixels.astype(float)).astype(np.float32)
    found = open_samples(tmp_path / "data" / "own-x").values
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-6)
    scaler = StandardScaler().fit(found[:N])
    scaled_rows = open_samples(tmp_path / "data" / "own-y").values
    assert scaled_rows.tobytes() == scaler.transform(found).tobytes()


@pytest.fixture
def stored(tmp_path):
    """Return the folder of a small chain of two transforms, normalize and PCA."""
    raw = write_raw(tmp_path / "raw", (8, 8, 3))
    preprocess_chain(tmp_path / "data", raw, OWN, "own-pca")
    return tmp_path / "data" / "transforms"


def change(path, header=(), arrays=(), leave_out=()):
    old_header, old_arrays = load_npz(path)
    kept = {name: array for name, array in old_arrays.items() if name not in leave_out}
    save_npz(path, old_header | dict(header), kept | dict(arrays))


@pytest.mark.parametrize(
    ("change_of", "parts"),
    {
        "another version": (
            {"header": {"format": "transform 0"}},
            ["another version", "'transform 0'"],
        ),
        "another input": ({"header": {"input_shape": [9]}}, ["components", "(7, 9)"]),
        "vectors for pictures": ({"header": {"input_shape": [8, 8, 3]}}, ["needs vectors"]),
        "unknown transform": ({"header": {"transform": "dct"}}, ["transform: 'dct'"]),
        "wrong parameter": (
            {"header": {"params": {"n_components": 0}}},
            ["params.n_components: 0"],
        ),
        "no mean": ({"leave_out": ["mean"]}, ["['components']", "['components', 'mean']"]),
        "more": ({"arrays": {"more": np.zeros(3)}}, ["more"]),
        "short mean": ({"arrays": {"mean": np.zeros(3)}}, ["mean is float64 of (3,)"]),
        "whole numbers": ({"arrays": {"mean": np.zeros(192, int)}}, ["mean is int64"]),
        "nan": ({"arrays": {"mean": np.full(192, np.nan)}}, ["mean is float64"]),
        "too few": (
            {"arrays": {"components": np.zeros((3, 192))}},
            ["components is float64"],
        ),
    }.values(),
)
def test_a_transform_that_is_not_what_it_says_is_refused(stored, change_of, parts):
    path = stored / "own-pca.npz"
    change(path, **change_of)
    with pytest.raises(PipelineError) as error:
        load_chain(stored, "own-pca")
    for part in [str(path), *parts, "dvc repro"]:
        assert part in str(error.value)
    assert "\n" not in str(error.value)


def test_pictures_of_another_shape_are_refused(stored):
    chain = load_chain(stored, "own-pca")
    with pytest.raises(PipelineError, match=r"8x8x1 do not fit .* 8x8x3: resize"):
        chain.apply(pictures((8, 8, 1), 2))


@pytest.mark.parametrize("length", [0, 10, 100, -1])
def test_a_cut_transform_is_one_error(stored, length):
    path = stored / "own-pca.npz"
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(PipelineError, match="is damaged"):
        load_step(path)


def test_a_missing_or_circular_chain_is_one_error(stored):
    (stored / "own-normalize.npz").unlink()
    with pytest.raises(PipelineError, match=r"own-normalize\.npz is missing"):
        load_chain(stored, "own-pca")
    change(stored / "own-pca.npz", header={"input": "own-pca"})
    with pytest.raises(PipelineError, match="is made from itself"):
        load_chain(stored, "own-pca")


def test_steps_that_do_not_fit_each_other_are_refused(stored):
    change(stored / "own-normalize.npz", header={"input_shape": [8, 9, 3]})
    with pytest.raises(PipelineError, match="gives 216 features, the next transform takes"):
        load_chain(stored, "own-pca")


# ---------------------------------------------------------------- the file's format


def test_a_file_has_no_fields_that_pythons_releases_write_differently(tmp_path):
    save_npz(tmp_path / "a.npz", {"x": 1}, {"values": np.arange(6).reshape(2, 3)})
    content = (tmp_path / "a.npz").read_bytes()
    assert content[4:6] == b"\x14\x00"  # version 2.0, that is without sizes above 4 GB
    assert content[28:30] == b"\x00\x00"  # no extra field
    with np.load(tmp_path / "a.npz", allow_pickle=False) as plain:
        assert plain["values"].tolist() == [[0, 1, 2], [3, 4, 5]]
        assert json.loads(plain["header"].tobytes()) == {"x": 1}


def test_a_file_that_lies_about_shapes_is_refused_before_anything_is_allocated(tmp_path):
    path = tmp_path / "a.npz"
    save_npz(path, {}, {"values": np.zeros((1000,))})
    content = path.read_bytes()
    path.write_bytes(content.replace(b"(1000,)", b"(10**9)")[: len(content)])
    with pytest.raises(PipelineError, match="is damaged"):
        load_npz(path)
    huge = np.lib.format.header_data_from_array_1_0(np.zeros(1)) | {"shape": (10**12,)}
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, huge)
    with pytest.raises(PipelineError, match="is damaged"):
        load_npz(path)
    np.savez_compressed(path, header=np.zeros(2, np.uint8))
    with pytest.raises(PipelineError, match="is compressed"):
        load_npz(path)
    np.savez(path, header=np.array([None]))
    with pytest.raises(PipelineError, match="is damaged"):
        load_npz(path)
