"""Pictures as files in folders give the features and metrics of the same pictures as arrays."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from stages import evaluate, fetch, preprocess, train
from stages.data.batches import join_batches
from stages.data.samples import open_samples, write_pictures
from stages.sources.cifar10 import Cifar10
from stages.sources.digits import Digits
from stages.sources.folder import PARTS, SPLITS
from tests.helpers import ROOT, tree
from tests.mistakes import DOCUMENT

REAL = os.environ.get("REAL_CIFAR10_ARCHIVE", "")  # isolation hides the user's own setting
N_TRAINING = 5000  # of 6,000 pictures of CIFAR-10


def digits():
    source = Digits(source="digits", files=str(ROOT / "study" / "digits.sha256"), seed=0)
    samples = source.fetch()
    return samples, 300


def cifar10(monkeypatch):
    if not REAL:
        pytest.skip("REAL_CIFAR10_ARCHIVE names no copy of CIFAR-10")
    monkeypatch.setenv("CIFAR10_ARCHIVE", REAL)
    files = str(ROOT / "study" / "cifar10.sha256")
    samples = Cifar10(source="cifar10", files=files, pictures_per_batch=10_000).fetch()
    return samples, N_TRAINING


def digest_of(picture):
    """Return what a folder's pictures are put in order by."""
    channels = picture.shape[2]
    image = Image.fromarray(picture[..., 0] if channels == 1 else picture)
    shape = f"{image.width}x{image.height} ".encode()
    return hashlib.sha256(shape + image.convert("RGB").tobytes()).hexdigest()


def write_files(folder, pictures, labels, names, part, called):
    for number, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        path = folder / part / names[label] / f"{called(number)}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture[..., 0] if picture.shape[2] == 1 else picture).save(path)


def study(folder, raw, params):
    """Preprocess, train and evaluate; return the bytes of all that was written."""
    for name in ("own-normalize", "own-pca"):
        inputs = raw if name == "own-normalize" else folder / "own-normalize"
        preprocess.main(name, inputs, folder / name, folder / f"{name}.npz", params)
    train.main("own-pca", folder / "own-pca", folder / "models", params, code=params)
    evaluate.main("own-pca", folder / "own-pca", folder / "models", folder / "scores", folder)
    return {
        name: (folder / name).read_bytes()
        for name in tree(folder)
        if (folder / name).is_file() and not name.startswith("files")
    }


@pytest.mark.parametrize("dataset", ["digits", "cifar10"])
def test_files_give_the_bytes_of_arrays(tmp_path, monkeypatch, dataset):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    samples, n = digits() if dataset == "digits" else cifar10(monkeypatch)
    values, labels = np.array(samples.values[: 6 * n // 5]), samples.labels[: 6 * n // 5]
    parts = dict(zip(PARTS, np.split(np.arange(len(values)), [n]), strict=True))

    # By the digest of the picture, which is the order of a folder's.
    arrays = {}
    for part, rows in parts.items():
        order = sorted(rows, key=lambda row: digest_of(values[row]))
        arrays[part] = values[order], labels[order]
    (tmp_path / "arrays" / "raw").mkdir(parents=True)
    like = join_batches(arrays, samples.class_names, SPLITS)
    write_pictures(tmp_path / "arrays" / "raw", like)

    side, channels = values.shape[1], values.shape[3]
    own = {"source": "folder", "side": side, "colour": channels == 3}
    document = DOCUMENT | {
        "features": {
            "own-normalize": {"dataset": "own", "input": "own-raw", "transform": "normalize"},
            "own-pca": {"dataset": "own", "input": "own-normalize", "transform": "pca"}
            | {"fit": "all", "options": {"n_components": 20}},
        },
        "experiments": {
            "own-pca": {"dataset": "own", "preprocessing": "pca", "recipe": "relu"}
            | {"epochs": 3, "seeds": [0, 1]}
        },
    }
    found = {}
    names = {"numbered": "{:05}".format, "renamed": lambda k: hashlib.md5(b"%d" % k).hexdigest()}  # noqa: S324
    for way, called in names.items():
        folder = tmp_path / way
        for part, rows in parts.items():
            write_files(
                folder / "files", values[rows], labels[rows], samples.class_names, part, called
            )
        params = Path(f"{way}.yaml")
        entry = {"own": own | {"files": str(folder / "files")}}
        params.write_text(yaml.safe_dump(document | {"datasets": entry}, sort_keys=False))
        fetch.main("own", folder / "raw", params)
        found[way] = study(folder, folder / "raw", params)
    found["arrays"] = study(tmp_path / "arrays", tmp_path / "arrays" / "raw", params)
    assert open_samples(tmp_path / "arrays" / "raw").class_names == samples.class_names
    assert len(found["arrays"]) > 10
    for way in names:
        assert found[way].keys() == found["arrays"].keys()
        for name, content in found["arrays"].items():
            assert found[way][name] == content, (way, name)
