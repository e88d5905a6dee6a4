"""Batch files, the samples in them, and feature sets."""

from __future__ import annotations

import itertools
import os
import pickle
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages import fetch
from stages.data.batches import join_batches
from stages.data.samples import Samples, Split, open_samples, write_features, write_pictures
from stages.params.loading import read_params
from stages.runtime.errors import ParamsError, PipelineError
from stages.sources.base import Outline, Source, check_fetched, make_source
from stages.sources.cifar_layout import read_batches
from stages.sources.six_batches import BATCH_NAMES
from tests.helpers import (
    FETCHED,
    FILE_NAMES,
    LETTERS,
    ROOT,
    batch2,
    last_words,
    random_pictures,
    tree,
    write_batch,
    write_class_names,
    write_dataset,
    write_samples,
)

PARAMS = ROOT / "params.yaml"
ARCHIVE = os.environ.get("CIFAR10_ARCHIVE") or ROOT.parent / "shared" / "cifar-10-python.tar.gz"


@pytest.fixture
def dataset(tmp_path):
    return write_dataset(tmp_path / "raw")


def spotted_picture():
    picture = np.zeros((1, 32, 32, 3), dtype=np.uint8)
    picture[0, 0, 0] = (1, 2, 3)
    picture[0, 0, 1] = (4, 0, 0)
    picture[0, 1, 0] = (0, 5, 0)
    picture[0, 31, 31] = (0, 0, 6)
    return picture


def spotted_row():
    row = np.zeros((1, 3072), dtype=np.uint8)
    row[0, [0, 1024, 2048]] = (1, 2, 3)
    row[0, 1] = 4
    row[0, 1024 + 32] = 5
    row[0, 3071] = 6
    return row


def test_a_row_is_red_then_green_then_blue_each_line_by_line(tmp_path):
    write_batch(tmp_path / "test_batch", spotted_picture(), [7])
    batch = pickle.loads((tmp_path / "test_batch").read_bytes())  # noqa: S301
    assert batch[b"data"].dtype == np.uint8
    np.testing.assert_array_equal(batch[b"data"], spotted_row())
    assert batch[b"labels"] == [7]
    assert batch[b"batch_label"] == b"test_batch"


def test_an_official_row_becomes_a_picture(dataset):
    (dataset / "data_batch_3").write_bytes(batch2(spotted_row(), [7]))
    pictures, labels = read_batches(dataset).select(["data_batch_3"])
    np.testing.assert_array_equal(pictures, spotted_picture())
    assert labels.tolist() == [7]


@settings(max_examples=15)
@given(sizes=st.lists(st.integers(1, 3), min_size=6, max_size=6), data=st.data())
def test_what_is_written_is_read(sizes, data):
    labels = [data.draw(st.lists(st.integers(0, 9), min_size=n, max_size=n)) for n in sizes]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for batch, own in zip(BATCH_NAMES, labels, strict=True):
            write_batch(folder / batch, random_pictures(len(own), len(batch)), own)
        write_class_names(folder, LETTERS, 3)
        samples = read_batches(folder)
    assert samples.class_names == LETTERS
    assert list(samples.batches) == list(BATCH_NAMES)
    for batch, own in zip(BATCH_NAMES, labels, strict=True):
        pictures, found = samples.select([batch])
        assert (pictures.dtype, found.dtype) == (np.uint8, np.int64)
        np.testing.assert_array_equal(pictures, random_pictures(len(own), len(batch)))
        assert found.tolist() == own


@pytest.mark.parametrize("name", FILE_NAMES)
def test_a_missing_file_is_named(dataset, name):
    (dataset / name).unlink()
    with pytest.raises(PipelineError, match=f"{name} is missing.*dvc repro"):
        read_batches(dataset)


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        (b"data", np.zeros((3, 3072), dtype=np.int8), "of a kind that"),
        (b"data", np.zeros((3, 3072)), "of a kind that"),
        (b"data", np.zeros((3, 3071), dtype=np.uint8), "3072"),
        (b"data", np.zeros((3, 32, 96), dtype=np.uint8), "of a kind that"),
        (b"data", np.zeros(3 * 3072, dtype=np.uint8), "of a kind that"),
        (b"data", np.full((3, 3072), None), "of a kind that"),
        (b"data", [[0] * 3072] * 3, "not an array of"),
        (b"data", None, "not an array of"),
        (b"labels", [0, 1], "labels are not 3 numbers"),
        (b"labels", [0, 1, 2, 3], "labels are not 3 numbers"),
        (b"labels", [0, 1, 10], "from 0 to 9"),
        (b"labels", [0, 1, -1], "from 0 to 9"),
        (b"labels", [0, 1, 2.0], "labels are not"),
        (b"labels", [0, 1, "2"], "labels are not"),
        (b"labels", np.arange(3), "of a kind that"),
        (b"labels", None, "labels are not"),
    ],
)
def test_a_batch_of_another_layout_is_refused(dataset, key, value, reason):
    batch = {b"data": np.zeros((3, 3072), dtype=np.uint8), b"labels": [0, 1, 2], key: value}
    path = dataset / "data_batch_2"
    path.write_bytes(pickle.dumps(batch, protocol=4))
    with pytest.raises(PipelineError, match=reason) as error:
        read_batches(dataset)
    assert str(path) in str(error.value)


def test_a_label_needs_a_class_name(dataset):
    write_class_names(dataset, LETTERS[:9], 10)
    with pytest.raises(PipelineError, match="from 0 to 8"):
        read_batches(dataset)


@pytest.mark.parametrize("names", [None, "abc", ["a", 1]])
def test_class_names_must_be_a_list_of_names(dataset, names):
    (dataset / "batches.meta").write_bytes(pickle.dumps({b"label_names": names}, protocol=4))
    with pytest.raises(PipelineError, match=r"batches.meta has no list of label_names"):
        read_batches(dataset)


BATCHES = {"a": (0, 3), "b": (3, 4), "c": (4, 9)}
SPLITS = {"all": Split(train=("a", "b"), test=("c",))}
CLASSES = [f"class {number}" for number in range(109)]


def letters_samples():
    values = np.arange(18).reshape(9, 2)
    return Samples(values, np.arange(9) + 100, BATCHES, SPLITS, CLASSES)


@pytest.mark.parametrize(
    "names", [p for n in (1, 2, 3) for p in itertools.permutations("abc", n)], ids="".join
)
def test_selected_batches_come_in_the_order_of_their_names(names):
    samples = letters_samples()
    values, labels = samples.select(names)
    rows = [row for name in names for row in range(*BATCHES[name])]
    assert labels.tolist() == [row + 100 for row in rows]
    assert values.tolist() == [[2 * row, 2 * row + 1] for row in rows]
    side_by_side = "".join(names) in "abc"
    assert np.shares_memory(values, samples.values) == side_by_side
    assert np.shares_memory(labels, samples.labels) == side_by_side


@pytest.fixture
def features(tmp_path):
    values = np.float32(np.arange(36).reshape(9, 4) / 3)
    write_features(tmp_path, letters_samples(), [values[:4], values[4:]])
    return tmp_path


def test_a_feature_set_is_read_as_it_was_written(features):
    samples = open_samples(features)
    assert samples.values.dtype == np.float32
    np.testing.assert_array_equal(samples.values, np.float32(np.arange(36).reshape(9, 4) / 3))
    np.testing.assert_array_equal(samples.labels, np.arange(9) + 100)
    assert samples.batches == BATCHES
    assert samples.class_names == CLASSES
    assert samples.splits == SPLITS


def test_a_feature_set_is_a_read_only_map_of_its_file(features):
    values = open_samples(features).values
    assert isinstance(values, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        values[0] = 1


def test_views_come_with_the_features_in_their_order(tmp_path):
    values = np.float32(np.arange(36).reshape(9, 4))
    views = [[-values[:3], -values[3:]], [2 * values]]
    write_features(tmp_path, letters_samples(), [values], views, (2, 2, 1))
    samples = open_samples(tmp_path)
    assert samples.picture_shape == (2, 2, 1)
    chosen, _ = samples.select(["c", "a"])
    np.testing.assert_array_equal(samples.select_views(["c", "a"]), [-chosen, 2 * chosen])
    for content in (values[:8], values[:, :3]):
        np.save(tmp_path / "view_2.npy", content)
        assert_damaged(tmp_path)
    (tmp_path / "view_2.npy").unlink()
    assert_damaged(tmp_path)


def assert_damaged(folder):
    with pytest.raises(PipelineError) as error:
        open_samples(folder)
    assert str(folder) in str(error.value)


@pytest.mark.parametrize("name", ["header.json", "values.npy", "labels.npy"])
@pytest.mark.parametrize("length", [None, 0, 1, 20, -1], ids=lambda n: f"cut-{n}")
def test_a_feature_set_with_a_missing_or_short_file_is_refused(features, name, length):
    content = (features / name).read_bytes()
    (features / name).unlink()
    if length is not None:
        (features / name).write_bytes(content.rstrip()[:length])
    assert_damaged(features)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("header.json", lambda _: b"[]"),
        ("header.json", lambda text: text.replace(b"batches", b"butches")),
        ("header.json", lambda text: text.replace(b"class_names", b"glass_names")),
        ("header.json", lambda text: text.replace(b"   9\n", b"   99\n")),
        ("values.npy", lambda content: b"no array" + content[8:]),
        ("values.npy", lambda content: content.replace(b"'descr'", b"(descr'")),
    ],
    ids=["list", "no-batches", "no-classes", "batch-past-the-end", "no-magic", "bad-header"],
)
def test_a_feature_set_with_an_altered_file_is_refused(features, name, change):
    content = (features / name).read_bytes()
    (features / name).write_bytes(change(content))
    assert (features / name).read_bytes() != content
    assert_damaged(features)


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("values.npy", np.zeros(9, dtype=np.float32)),
        ("values.npy", np.zeros((8, 4), dtype=np.float32)),
        ("values.npy", np.full((9, 4), None)),
        ("labels.npy", np.arange(10)),
        ("labels.npy", np.full(9, None)),
        ("labels.npy", np.arange(9) + 101),
        ("labels.npy", np.arange(9) - 1),
        ("labels.npy", np.arange(9) / 2),
    ],
)
def test_arrays_that_do_not_fit_each_other_are_refused(features, name, array):
    np.save(features / name, array)
    assert_damaged(features)


@pytest.mark.slow
@pytest.mark.skipif(
    not Path(ARCHIVE).exists(), reason="no CIFAR-10 archive: set CIFAR10_ARCHIVE to run this test"
)
def test_the_real_cifar10_is_what_params_yaml_says(monkeypatch):
    monkeypatch.setenv("CIFAR10_ARCHIVE", str(ARCHIVE))
    samples = make_source(read_params(PARAMS), "cifar10").fetch()
    wanted = "airplane automobile bird cat deer dog frog horse ship truck"
    assert samples.class_names == wanted.split()
    assert [end - start for start, end in samples.batches.values()] == [10_000] * 6
    _, labels = samples.select(["test_batch"])
    assert np.bincount(labels).tolist() == [1000] * 10


WIDTHS = (np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64)
KINDS = (*WIDTHS, list)


class MadeUp(Source):
    """A source of other pictures, classes and batches than the project's own."""

    files: str = "made up"
    shape: tuple[int, ...] = (20, 24)
    n_classes: int = 37
    kind: Any = np.int64
    sizes: ClassVar = {"first": 5, "second": 1, "third": 40}
    splits: ClassVar = {"only": Split(train=("first", "third"), test=("second",))}

    def outline(self):
        return Outline((*self.shape, 1)[:3], self.sizes | {"third": None}, self.splits)

    def arrays(self):
        generator = np.random.default_rng(0)
        for name, size in self.sizes.items():
            pictures = generator.integers(0, 256, (size, *self.shape)).astype(np.uint8)
            labels = np.resize(generator.permutation(self.n_classes), size)
            yield name, (pictures, labels.tolist() if self.kind is list else labels)

    def fetch(self):
        batches = {
            name: (pictures, labels if self.kind is list else labels.astype(self.kind))
            for name, (pictures, labels) in self.arrays()
        }
        names = [f"class {number}" for number in range(self.n_classes)]
        return join_batches(batches, names, self.splits)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(20, 24), (20, 24, 1), (64, 64), (64, 48, 3)])
@pytest.mark.parametrize("n_classes", [2, 37])
def test_what_a_source_fetches_is_read_as_it_was(tmp_path, monkeypatch, kind, shape, n_classes):
    source = MadeUp(source="made-up", shape=shape, n_classes=n_classes, kind=kind)
    monkeypatch.setattr(fetch, "make_source", lambda *_: source)
    fetch.main("mine", tmp_path / "mine-raw", PARAMS)
    assert tree(tmp_path / "mine-raw") == FETCHED
    samples = open_samples(tmp_path / "mine-raw")
    assert (samples.values.dtype, samples.labels.dtype) == (np.uint8, np.int64)
    assert samples.picture_shape == (*shape, 1)[:3]
    assert samples.splits == source.splits
    assert samples.class_names == [f"class {number}" for number in range(n_classes)]
    assert samples.batches == {"first": (0, 5), "second": (5, 6), "third": (6, 46)}
    for name, (pictures, labels) in source.arrays():
        found, own = samples.select([name])
        np.testing.assert_array_equal(found.reshape(pictures.shape), pictures)
        assert own.tolist() == list(labels)
    together, _ = samples.select(samples.split("only").train)
    assert together.shape == (45, *samples.picture_shape)


def test_what_a_source_fetches_has_the_same_bytes_whatever_type_its_labels_have(tmp_path):
    written = set()
    for kind in KINDS:
        folder = tmp_path / kind.__name__
        folder.mkdir()
        write_pictures(folder, MadeUp(source="made-up", kind=kind).fetch())
        written.add(tuple((folder / name).read_bytes() for name in FETCHED))
    assert len(written) == 1


def test_a_split_that_does_not_exist_is_named(tmp_path):
    samples = open_samples(write_samples(tmp_path / "raw"))
    with pytest.raises(ParamsError, match="no split 'al'; did you mean 'all'"):
        samples.split("al")


OUTLINE = Outline((4, 4, 3), {"a": 2, "b": None}, {"only": Split(train=("a",), test=("b",))})


@pytest.mark.parametrize(
    ("sizes", "shape", "labels", "parts"),
    [
        ((3, 2), (4, 4, 3), [0, 1], ["a has 3 pictures", "says 2"]),
        ((2, 2), (4, 5, 3), [0, 1], ["(4, 5, 3)", "(4, 4, 3)"]),
        ((2, 2), (4, 4), [0, 1], ["(4, 4, 1)", "(4, 4, 3)"]),
        ((2, 2), (4, 4, 3), [0, 2], ["0 to 2", "2 classes"]),
        ((2, 2), (4, 4, 3), [-1, 1], ["-1 to 1", "2 classes"]),
    ],
)
def test_a_dataset_that_is_not_as_its_source_says_is_refused(sizes, shape, labels, parts):
    batches = {
        name: (np.zeros((size, *shape), dtype=np.uint8), np.resize(labels, size))
        for name, size in zip("ab", sizes, strict=True)
    }
    with pytest.raises(PipelineError) as error:
        check_fetched(join_batches(batches, ["x", "y"], OUTLINE.splits), OUTLINE, "mine")
    for part in ["mine", *parts]:
        assert part in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("kind", "names", "class_names", "parts"),
    [
        (np.uint8, "a", "xy", ["b has no pictures"]),
        (np.uint8, "ac", "xy", ["b has no pictures"]),
        (np.float32, "ab", "xy", ["float32", "says uint8"]),
        (np.uint16, "ab", "xy", ["uint16", "says uint8"]),
        (np.uint8, "ab", "x", ["1 classes", "two or more"]),
        (np.uint8, "ab", "", ["0 classes", "two or more"]),
    ],
)
def test_missing_batches_other_numbers_and_too_few_classes_are_refused(
    kind, names, class_names, parts
):
    batches = {name: (np.zeros((2, 4, 4, 3), dtype=kind), [0, 0]) for name in names}
    with pytest.raises(PipelineError) as error:
        check_fetched(join_batches(batches, [*class_names], OUTLINE.splits), OUTLINE, "mine")
    for part in ["mine", *parts]:
        assert part in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("pictures", "labels", "parts"),
    [
        (np.zeros((3, 4, 4, 3), np.uint8), [0, 1], ["batch b", "3 pictures", "(2,)"]),
        (np.zeros((2, 4, 4, 3), np.uint8), [0, 1, 1], ["batch b", "2 pictures", "(3,)"]),
        (np.zeros((2, 4, 4, 3), np.uint8), [[0], [1]], ["batch b", "(2, 1)"]),
        (np.zeros((2, 4, 4, 3), np.uint8), [0.0, 1.9], ["batch b", "float64"]),
        (np.zeros((2, 4, 4, 3), np.uint8), [False, True], ["batch b", "bool"]),
        (np.zeros((2, 4, 4, 3), np.uint8), ["0", "1"], ["batch b", "integers"]),
        (np.zeros((2, 4, 5, 3), np.uint8), [0, 1], ["batch b", "(4, 5, 3)", "(4, 4, 3)"]),
        (np.zeros((2, 4, 4), np.uint8), [0, 1], ["batch b", "(4, 4, 1)", "(4, 4, 3)"]),
        (np.zeros((2, 48), np.uint8), [0, 1], ["batch b", "(2, 48)"]),
    ],
)
def test_arrays_of_a_batch_that_do_not_fit_are_named(pictures, labels, parts):
    good = np.zeros((2, 4, 4, 3), np.uint8), [0, 1]
    with pytest.raises(PipelineError) as error:
        join_batches({"a": good, "b": (pictures, labels)}, ["x", "y"], OUTLINE.splits)
    for part in parts:
        assert part in str(error.value)


def test_a_dataset_without_batches_or_pictures_is_refused():
    with pytest.raises(PipelineError, match="one batch or more"):
        join_batches({}, ["x", "y"], {})
    nothing = np.zeros((0, 4, 4, 3), np.uint8), []
    samples = join_batches({"a": nothing, "b": nothing}, ["x", "y"], OUTLINE.splits)
    unknown = Outline((4, 4, 3), {"a": None, "b": None}, OUTLINE.splits)
    with pytest.raises(PipelineError, match="mine: a has no pictures"):
        check_fetched(samples, unknown, "mine")


def test_other_batches_and_splits_than_the_outline_says_are_refused():
    good = np.zeros((2, 4, 4, 3), np.uint8), [0, 1]
    more = join_batches(dict.fromkeys("abc", good), ["x", "y"], OUTLINE.splits)
    with pytest.raises(PipelineError, match="mine: there is a batch c"):
        check_fetched(more, OUTLINE, "mine")
    others = {"only": Split(train=("b",), test=("a",))}
    with pytest.raises(PipelineError, match="mine: its splits"):
        check_fetched(join_batches(dict.fromkeys("ab", good), ["x", "y"], others), OUTLINE, "mine")
    fits = join_batches(dict.fromkeys("ab", good), ["x", "y"], OUTLINE.splits)
    check_fetched(fits, OUTLINE, "mine")
    with pytest.raises(PipelineError, match="mine: it has 4 pictures and 3 labels"):
        check_fetched(replace(fits, labels=fits.labels[:3]), OUTLINE, "mine")


def test_what_is_refused_is_not_written(tmp_path, monkeypatch):
    source = MadeUp(source="made-up", n_classes=1)
    monkeypatch.setattr(fetch, "make_source", lambda *_: source)
    code, line = last_words(fetch, "mine", "--output", tmp_path / "x", "--params", PARAMS)
    assert code == 1
    assert "1 classes" in line
    assert tree(tmp_path) == []
