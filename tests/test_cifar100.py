"""CIFAR-100, from small archives in its official layout."""

from __future__ import annotations

import hashlib
import shutil
import struct
import tarfile
from pathlib import Path

import numpy as np
import pytest
import yaml

from stages import check, fetch
from stages.data.samples import open_samples
from stages.sources import cifar100
from tests.helpers import ROOT, array2, dtype2, last_words, run_here, text2
from tests.mistakes import DOCUMENT

FINE, COARSE = [b"apple", b"baby", b"bear"], [b"fruit", b"people"]
SIZES = {"train": 30, "test": 12}


def batch(rows, **labels):
    """Pickle rows and lists of labels with names of files, as Python 2 did."""
    content = rows.tobytes()
    data = array2(rows.shape, dtype2(b"u1"), b"T" + struct.pack("<i", len(content)) + content)
    names = b"](" + b"".join(text2(b"%d.png" % number) for number in range(len(rows))) + b"e"
    parts = [text2(b"data"), data, text2(b"filenames"), names]
    for name, values in labels.items():
        numbers = b"](" + b"".join(b"K" + bytes([value]) for value in values) + b"e"
        parts += [text2(name.encode()), numbers]
    return b"\x80\x02}(" + b"".join(parts) + b"u."


@pytest.fixture
def official(tmp_path, monkeypatch):
    """Return a folder of made-up official files, and the list of their digests."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "official" / "cifar-100-python"
    folder.mkdir(parents=True)
    generator = np.random.default_rng(0)
    for name, n in SIZES.items():
        rows = generator.integers(256, size=(n, 3072), dtype=np.uint8)
        fine = np.arange(n) % len(FINE)
        content = batch(rows, fine_labels=fine, coarse_labels=(fine > 0).astype(int))
        (folder / name).write_bytes(content)
    lists = [
        text2(key) + b"](" + b"".join(map(text2, names)) + b"e"
        for key, names in ((b"fine_label_names", FINE), (b"coarse_label_names", COARSE))
    ]
    (folder / "meta").write_bytes(b"\x80\x02}(" + b"".join(lists) + b"u.")
    write_list(folder)
    return folder


def write_list(folder):
    lines = [
        f"{hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()}  {file.name}\n"
        for file in sorted(folder.iterdir())
    ]
    Path("cifar100.md5").write_text("".join(lines))
    entry = {"source": "cifar100", "files": "cifar100.md5", "labels": "fine"}
    for labels in ("fine", "coarse"):
        Path(f"{labels}.yaml").write_text(
            yaml.safe_dump({"datasets": {"things": entry | {"labels": labels}}})
        )


def fetched(labels="fine"):
    fetch.main("things", Path("raw"), Path(f"{labels}.yaml"))
    return open_samples(Path("raw"))


def refused(*parts):
    code, line = last_words(fetch, "things", "--output", "raw", "--params", "fine.yaml")
    assert code == 1
    assert all(part in line for part in parts), line
    assert not Path("raw").exists()


@pytest.mark.parametrize("labels", ["fine", "coarse"])
@pytest.mark.parametrize("kind", ["folder", "folder above", "archive"])
def test_its_pictures_and_either_labels_are_read(official, monkeypatch, labels, kind):
    place = official if kind == "folder" else official.parent
    if kind == "archive":
        place = Path("things.tar.gz")
        with tarfile.open(place, "w:gz") as tar:
            tar.add(official, official.name)
    monkeypatch.setenv("CIFAR100_ARCHIVE", str(place))
    samples = fetched(labels)
    names = {"fine": FINE, "coarse": COARSE}[labels]
    assert samples.class_names == [name.decode() for name in names]
    assert samples.batches == {"train": (0, 30), "test": (30, 42)}
    fine = np.concatenate([np.arange(n) % len(FINE) for n in SIZES.values()])
    np.testing.assert_array_equal(samples.labels, fine if labels == "fine" else fine > 0)
    generator = np.random.default_rng(0)
    rows = np.concatenate(
        [generator.integers(256, size=(n, 3072), dtype=np.uint8) for n in (30, 12)]
    )
    wanted = rows.reshape(-1, 3, 32, 32)[:, 1, 4, 7]  # green, line 4, column 7
    np.testing.assert_array_equal(np.array(samples.values)[:, 4, 7, 1], wanted)


def test_every_split_trains_on_all_but_the_test_file(official, monkeypatch):
    monkeypatch.setenv("CIFAR100_ARCHIVE", str(official))
    samples = fetched()
    for split in ("one", "all"):
        found = samples.split(split)
        assert (found.train, found.test) == (("train",), ("test",))


def test_what_is_not_the_official_file_is_refused(official, monkeypatch):
    monkeypatch.setenv("CIFAR100_ARCHIVE", str(official))
    (official / "test").write_bytes((official / "test").read_bytes() + b" ")
    refused("CIFAR-100", "md5", cifar100.VERSION.md5)


@pytest.mark.parametrize("content", [b"cposix\nsystem\n(U\x04true\x85R.", b"}", b"\x80\x02]."])
def test_a_pickle_that_has_the_digest_is_still_not_trusted(official, monkeypatch, content):
    monkeypatch.setenv("CIFAR100_ARCHIVE", str(official))
    (official / "train").write_bytes(content)
    write_list(official)
    refused("train", "fetch it again" if content.startswith((b"c", b"}")) else "no batch file")


def test_cifar10_in_its_place_is_named(official, monkeypatch):
    shutil.rmtree(official)
    official.mkdir()
    for name in ("batches.meta", "data_batch_1", "test_batch"):
        (official / name).touch()
    monkeypatch.setenv("CIFAR100_ARCHIVE", str(official))
    refused("is CIFAR-10:", cifar100.VERSION.archive)


@pytest.mark.usefixtures("official")
def test_without_network_the_line_says_what_can_be_done(monkeypatch):
    monkeypatch.setenv("CIFAR100_MIRRORS", "http://127.0.0.1:9/none.tar.gz")
    refused("http://127.0.0.1:9/none.tar.gz", "CIFAR100_ARCHIVE=/path/to")


def test_the_published_digests_are_those_of_the_list():
    lines = (ROOT / "study" / "cifar100.md5").read_text().split()
    published = dict(zip(lines[1::2], lines[::2], strict=True))
    assert published.keys() == set(cifar100.VERSION.files)
    assert published["train"] == "16019d7e3df5f24257cddd939b257f8d"


@pytest.mark.usefixtures("official")
@pytest.mark.parametrize(("labels", "code"), [("fine", 0), ("middle", 2)])
def test_an_entry_is_checked_before_anything_is_fetched(labels, code):
    own = {"source": "cifar100", "files": "study/cifar100.md5", "labels": labels}
    experiment = {"dataset": "things", "preprocessing": "normalize", "recipe": "linear"}
    features = {"dataset": "things", "input": "things-raw", "transform": "normalize"}
    document = DOCUMENT | {
        "datasets": {"things": own},
        "features": {"things-normalize": features},
        "experiments": {"things-linear": experiment},
        "forensics": {},
    }
    Path("params.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    found, said = run_here(check, "--params", "params.yaml", "--output", "right.txt")
    assert found == code, said
    assert ("datasets.things.labels" in said) == (code == 2)
