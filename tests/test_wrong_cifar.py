"""What people hand over instead of CIFAR-10's version for Python: the line says what it is."""

from __future__ import annotations

import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest
import yaml

from stages import fetch
from stages.sources.cifar_layout import read_batches
from tests.helpers import assert_fetched, digests_of, last_words, tree, write_dataset
from tests.hostile_archives import tar

RIGHT = "cifar-10-python.tar.gz"
FIVE = range(1, 6)
# The files of each version, from its archive; what the line says of it.
VERSIONS = {
    "cifar-10-batches-bin": (
        ["batches.meta.txt", *(f"data_batch_{n}.bin" for n in FIVE), "test_batch.bin"],
        "CIFAR-10's binary version",
    ),
    "cifar-10-batches-mat": (
        ["batches.meta.mat", *(f"data_batch_{n}.mat" for n in FIVE), "test_batch.mat"],
        "CIFAR-10's version for Matlab",
    ),
    "cifar-100-python": (["file.txt~", "train", "test", "meta"], "CIFAR-100:"),
    "cifar-100-binary": (
        ["coarse_label_names.txt", "fine_label_names.txt", "train.bin", "test.bin"],
        "CIFAR-100's binary version",
    ),
    "cifar-100-matlab": (["meta.mat", "train.mat", "test.mat"], "CIFAR-100's version for Matlab"),
}


@pytest.fixture
def official(tmp_path, monkeypatch):
    """Make a small CIFAR-10, name it in params.yaml, and work in a folder of its own."""
    folder = write_dataset(tmp_path / "copy" / "cifar-10-batches-py")
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    entry = {"source": "cifar10", "pictures_per_batch": 10, "files": digests_of(folder)}
    Path("params.yaml").write_text(yaml.safe_dump({"datasets": {"small": entry}}))
    return folder


@pytest.fixture
def says(official, monkeypatch):
    """Return what hands a value over and returns the one line about it; nothing is written."""

    def hand_over(value):
        monkeypatch.setenv("CIFAR10_ARCHIVE", str(value))
        before = tree(official.parents[1])
        code, line = last_words(fetch, "small", "--output", "raw")
        assert code == 1
        assert tree(official.parents[1]) == before
        assert "damaged" not in line
        assert "again" not in line
        return line

    return hand_over


@pytest.mark.parametrize("kind", ["archive", "folder", "folder above"])
@pytest.mark.parametrize("version", VERSIONS)
def test_another_version_is_named_and_which_to_get(tmp_path, says, version, kind):
    names, called = VERSIONS[version]
    folder = tmp_path / "other" / version
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).write_bytes(b"anything")
    place = {"archive": tmp_path / "other.tar.gz", "folder": folder, "folder above": folder.parent}
    with tarfile.open(place["archive"], "w:gz") as archive:
        archive.add(folder, version)
    line = says(place[kind])
    assert f"{place[kind]} is {called}" in line
    assert f"get the version for Python, {RIGHT}" in line


@pytest.mark.parametrize(
    ("beginning", "called"),
    {
        b"7z\xbc\xaf'\x1c": "a 7z archive",
        b"Rar!\x1a\x07\x01": "a rar archive",
        b"PAR1": "a Parquet file",
        b"<!DOCTYPE html>": "a web page",
    }.items(),
)
def test_a_file_of_another_kind_is_named_and_which_to_get(tmp_path, says, beginning, called):
    place = tmp_path / RIGHT
    place.write_bytes(beginning + b"anything" * 1000)
    line = says(place)
    assert f"{place} is {called}" in line
    assert RIGHT in line.partition(called)[2]


def test_a_zip_archive_is_named_and_which_to_get(official, tmp_path, says):
    place = tmp_path / "cifar-10-python.zip"
    with zipfile.ZipFile(place, "w") as archive:
        for file in official.iterdir():
            archive.write(file, f"{official.name}/{file.name}")
    assert f"{place} is a zip archive: get the version for Python, {RIGHT}" in says(place)


def test_a_tar_archive_whose_first_name_begins_like_a_zip_is_read(official, tmp_path, monkeypatch):
    place = tmp_path / "own.tar"
    tar(place, official, [(tarfile.TarInfo("PK"), b"")], mode="w:")
    monkeypatch.setenv("CIFAR10_ARCHIVE", str(place))
    fetch.main("small", Path("raw"), Path("params.yaml"))
    assert_fetched(Path("raw"), read_batches(official))


def test_the_archive_in_an_extracted_folder_is_pointed_to(official, tmp_path, says):
    tar(tmp_path / RIGHT, official)
    shutil.rmtree(official)
    official.mkdir()
    shutil.move(tmp_path / RIGHT, official)
    for place in (official, official.parent):
        line = says(place)
        assert f"'{RIGHT}' is inside: name that" in line


def test_the_archive_in_an_archive_is_pointed_to(official, tmp_path, says):
    tar(tmp_path / RIGHT, official)
    with tarfile.open(tmp_path / "outer.tar", "w") as outer:
        outer.add(tmp_path / RIGHT, f"mine/{RIGHT}")
    assert f"'{RIGHT}' is inside: name that" in says(tmp_path / "outer.tar")


def test_of_a_folder_far_above_the_right_one_is_told(official, says):
    assert "'cifar-10-batches-py' is inside: name that" in says(official.parents[1])


@pytest.mark.parametrize("kind", ["folder", "archive"])
@pytest.mark.parametrize("around", ["{} ", " {}", '"{}"', "'{}'", "{}\n", "{}\r"])
def test_what_is_around_a_path_stays_visible(official, tmp_path, says, around, kind):
    tar(tmp_path / RIGHT, official)
    place = official if kind == "folder" else tmp_path / RIGHT
    value = around.format(place)
    line = says(value)
    assert f"CIFAR10_ARCHIVE={value!r} " in line
    assert f"did you mean {str(place)!r}?" in line


@pytest.mark.parametrize("value", [" ", '""', "'", "/nowhere/x "])
def test_a_path_to_nothing_is_shown_and_what_to_name(says, value):
    line = says(value)
    assert f"CIFAR10_ARCHIVE={value!r} " in line
    assert f"name {RIGHT} or the folder cifar-10-batches-py" in line


@pytest.mark.usefixtures("official")
def test_an_empty_path_is_none_as_everywhere_in_a_shell(monkeypatch):
    monkeypatch.setenv("CIFAR10_ARCHIVE", "")
    code, line = last_words(fetch, "small", "--output", "raw")
    assert code == 1
    assert "http://127.0.0.1:9/none.tar.gz" in line  # it is asked, as if nothing were set
    assert "set CIFAR10_ARCHIVE=/path/to/" in line
