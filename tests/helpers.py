"""What several test files need: small datasets, official-style pickles, a stage's last words."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import pickle
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from stages import preprocess
from stages.data.samples import Samples, Split, open_samples, write_features, write_pictures
from stages.runtime.command import run
from stages.runtime.processes import LOCKS
from stages.sources.cifar_layout import META_NAME, read_batches
from stages.sources.six_batches import BATCH_NAMES
from stages.transforms.chain import load_chain
from tests.project import write_params

ROOT = Path(__file__).parents[1]
FILE_NAMES = ("batches.meta", *BATCH_NAMES)
LETTERS = list("abcdefghij")


def write_vectors(folder, X, y, views=(), n_test=0):
    """Write a feature set of which all but the last `n_test` samples are to train on."""
    folder.mkdir(parents=True, exist_ok=True)
    n, names = len(X), [f"class {k}" for k in range(max(y) + 1)]
    n_test = n_test or 1
    batches = {"train": (0, n - n_test), "test": (n - n_test, n)}
    split = {"all": Split(train=("train",), test=("test",))}
    like = Samples(X, np.asarray(y), batches, split, names)
    write_features(folder, like, [X], [[view] for view in views])
    return folder


def random_pictures(n, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 32, 32, 3)).astype(np.uint8)


def write_dataset(folder, per_batch=10):
    """Write six batches of random pictures; the labels go from 0 to 9 and again."""
    folder.mkdir(parents=True, exist_ok=True)
    labels = [number % 10 for number in range(per_batch)]
    for seed, name in enumerate(BATCH_NAMES):
        write_batch(folder / name, random_pictures(per_batch, seed), labels)
    write_class_names(folder, LETTERS, per_batch)
    return folder


def write_batch(path, pictures, labels):
    """Write (n, 32, 32, 3) pictures and their labels as one of CIFAR-10's batch files."""
    rows = np.ascontiguousarray(pictures.transpose(0, 3, 1, 2)).reshape(len(pictures), -1)
    content = {b"batch_label": path.name.encode(), b"labels": labels, b"data": rows}
    path.write_bytes(pickle.dumps(content, protocol=4))


def write_class_names(folder, names, per_batch):
    encoded = [name.encode() for name in names]
    meta = {b"num_cases_per_batch": per_batch, b"label_names": encoded, b"num_vis": 3072}
    (folder / META_NAME).write_bytes(pickle.dumps(meta, protocol=4))


def write_samples(folder, per_batch=10):
    """Write the same pictures as fetch leaves them."""
    folder.mkdir(parents=True, exist_ok=True)
    batches = write_dataset(folder.with_name(f"{folder.name}-batches"), per_batch)
    write_pictures(folder, read_batches(batches))
    return folder


FETCHED = ["header.json", "labels.npy", "values.npy"]  # what fetch leaves in its folder


def assert_fetched(folder, wanted):
    """Assert that `folder` has the pictures, labels and names of these samples."""
    found = open_samples(folder)
    np.testing.assert_array_equal(found.values, wanted.values)
    np.testing.assert_array_equal(found.labels, wanted.labels)
    assert (found.class_names, found.batches) == (wanted.class_names, wanted.batches)


def digests_of(folder):
    """Write a list of the digests of a folder's batch files beside it; return its path."""
    lines = [
        f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n"
        for name in FILE_NAMES
    ]
    path = folder.with_name(f"{folder.name}.sha256")
    path.write_text("".join(lines))
    return str(path)


def text2(value):
    """Pickle a Python 2 str, as Python 2 did."""
    return b"U" + bytes([len(value)]) + value


def dtype2(code, state=b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"):
    return b"cnumpy\ndtype\n" + text2(code) + b"K\x00K\x01\x87R" + state


def array2(shape, dtype, content):
    """Pickle an array of two dimensions: an empty one, then its state."""
    sides = b"".join(b"J" + struct.pack("<i", side) for side in shape) + b"\x86"
    empty = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
    return empty + b"(K\x01" + sides + dtype + b"\x89" + content + b"tb"


def batch2(rows, labels):
    """Pickle (n, 3072) bytes and labels as the official files are: protocol 2, by Python 2."""
    content = rows.tobytes()
    data = array2(rows.shape, dtype2(b"u1"), b"T" + struct.pack("<i", len(content)) + content)
    numbers = b"](" + b"".join(b"K" + bytes([label]) for label in labels) + b"e"
    parts = [text2(b"labels"), numbers, text2(b"data"), data]
    return b"\x80\x02}(" + b"".join(parts) + b"u."


def last_words(module, *arguments):
    """Run a stage in this process to its failure; return its exit code and its one line."""
    code, said = run_here(module, *arguments)
    (line,) = said.splitlines()
    return code, line


def run_here(module, *arguments):
    """Run a stage in this process; return its exit code and what it says on standard error."""
    errors = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stderr(errors):
        patch.setattr(sys, "argv", [module.__name__, *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            run(module.app)
    return stop.value.code, errors.getvalue()


def tree(folder):
    """Return every path below `folder` but the locks, which outlive what they guarded."""
    paths = (path.relative_to(folder) for path in folder.rglob("*"))
    return sorted(str(path) for path in paths if LOCKS.name not in path.parts)


def fitted(transform, samples):
    """Return what a transform makes of rows once it has learned from `samples`."""
    return functools.partial(transform.apply, learned=transform.learn(samples))


def preprocess_chain(folder, raw, document, name):
    """Run preprocess for the feature set `name` of the pictures in `raw`, and for what it needs.

    Feature sets come into ``folder/<name>``, transforms into ``folder/transforms``.
    """
    feature = document["features"][name]
    source = raw
    if feature["input"] in document["features"]:
        preprocess_chain(folder, raw, document, feature["input"])
        source = folder / feature["input"]
    params = folder / "params.yaml"
    params.parent.mkdir(parents=True, exist_ok=True)
    write_params(params, document)
    stored = folder / "transforms" / f"{name}.npz"
    preprocess.main(name, source, folder / name, stored, params, folder / "timings")
    return load_chain(folder / "transforms", name)
