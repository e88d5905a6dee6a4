"""Archives and folders handed over: the seven right files are taken, nothing else is touched."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from pathlib import Path

import pytest
import yaml

from stages import fetch
from stages.runtime.errors import PipelineError
from stages.sources.cifar_layout import read_batches
from tests.helpers import FETCHED, assert_fetched, digests_of, last_words, tree, write_dataset
from tests.hostile_archives import GREEDY, HARMLESS, REFUSED
from tests.soak import archives


@pytest.fixture
def official(tmp_path, monkeypatch):
    """Make a small CIFAR-10, name it in params.yaml, and work in an empty folder."""
    folder = write_dataset(tmp_path / "copy")
    monkeypatch.chdir(tmp_path)
    entry = {"source": "cifar10", "pictures_per_batch": 10, "files": digests_of(folder)}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump({"datasets": {"small": entry}}))
    return folder


@pytest.fixture
def refused(tmp_path, monkeypatch):
    """Return what hands a place over and returns the one line about it; nothing is written."""

    def hand_over(place):
        monkeypatch.setenv("CIFAR10_ARCHIVE", str(place))
        before = tree(tmp_path)
        code, line = last_words(fetch, "small", "--output", "raw")
        assert code == 1
        assert str(place) in line
        assert tree(tmp_path) == before
        return line

    return hand_over


@pytest.mark.parametrize("name", HARMLESS)
def test_the_seven_files_are_read_and_nothing_else_is_touched(official, monkeypatch, name):
    place = official.parent / "archive"
    HARMLESS[name](official, place)
    monkeypatch.setenv("CIFAR10_ARCHIVE", str(place))
    before = tree(official.parent)
    fetch.main("small", official.parent / "raw", official.parent / "params.yaml")
    assert_fetched(official.parent / "raw", read_batches(official))
    files = {"raw", *(f"raw/{name}" for name in FETCHED)}
    assert set(tree(official.parent)) - set(before) == files


@pytest.mark.parametrize(
    ("name", "reason"),
    {
        "a symbolic link instead": "has no test_batch",
        "a hard link instead": "has no test_batch",
        "a fifo instead": "has no test_batch",
        "a wrong file before the right one": "data_batch_3 in ",
        "an empty file before the right one": "test_batch in ",
        "a gzip cut in the middle": "EOFError",
        "a gzip of text": "ReadError",
        "nothing": "empty file",
        "a member of a terabyte": "unpacks to more than 268435456 bytes",
        "a bomb with the right name": "unpacks to more than 268435456 bytes",
        "a name of a terabyte": "headers are longer than 2097152 bytes",
        "a pax header of a terabyte": "headers are longer than 2097152 bytes",
        "a map of holes without end": "headers are longer than 2097152 bytes",
        "a hundred thousand members": "headers are longer than 2097152 bytes",
    }.items(),
)
def test_an_archive_without_them_is_one_error_with_the_reason(official, refused, name, reason):
    place = official.parent / "archive"
    REFUSED[name](official, place)
    line = refused(place)
    assert reason in line
    assert "get the archive again, md5 c58f30108f718f92721af3b95e74349a" in line


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds a process's memory")
def test_nothing_takes_long_or_much_and_nothing_is_written():
    rows = list(archives.trials())
    assert sum(row.tried for row in rows) == len(HARMLESS) + len(REFUSED) + len(GREEDY)
    for row in rows:
        assert row.survived == row.tried, row


def test_damage_is_found_or_harmless():
    for row in archives.damage(tries=30):
        assert row.survived == row.tried, row


@pytest.mark.usefixtures("official")
@pytest.mark.parametrize("place", ["/dev/zero", "/dev/null", "pipe", "loop", "dangling"])
def test_what_is_neither_a_file_nor_a_folder_is_not_opened(refused, place):
    os.mkfifo("pipe")
    Path("loop").symlink_to("loop")
    Path("dangling").symlink_to("nowhere")
    assert "is neither an archive nor a folder" in refused(place)


def test_links_in_a_folder_are_followed_to_the_right_files(official, monkeypatch):
    shutil.move(official / "test_batch", official.parent / "elsewhere")
    (official / "test_batch").symlink_to("../elsewhere")
    monkeypatch.setenv("CIFAR10_ARCHIVE", str(official))
    fetch.main("small", official.parent / "raw", official.parent / "params.yaml")
    assert_fetched(official.parent / "raw", read_batches(official))


@pytest.mark.parametrize(
    ("target", "reason"),
    {
        "/etc/passwd": "is not CIFAR-10's: sha256",
        "/dev/zero": "has no test_batch",
        "..": "has no test_batch",
        "test_batch": "has no test_batch",
        "../nowhere": "has no test_batch",
    }.items(),
)
def test_a_link_in_a_folder_to_anything_else_is_one_error(official, refused, target, reason):
    (official / "test_batch").unlink()
    (official / "test_batch").symlink_to(target)
    assert reason in refused(official)


def test_of_a_large_file_in_a_folder_only_a_batch_is_read(official, refused):
    with (official / "test_batch").open("wb") as file:
        file.truncate(2**40)
    assert "is not CIFAR-10's: sha256" in refused(official)


def test_a_pipe_in_a_folder_is_not_waited_for(official, refused):
    (official / "test_batch").unlink()
    os.mkfifo(official / "test_batch")
    assert "has no test_batch" in refused(official)


@pytest.mark.parametrize("kind", ["folder", "archive"])
def test_a_full_disk_is_not_taken_for_damage(official, monkeypatch, kind):
    place = official
    if kind == "archive":
        HARMLESS["plain tar"](official, place := official.parent / "archive")

    def no_space(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", no_space)
    monkeypatch.setenv("CIFAR10_ARCHIVE", str(place))
    with pytest.raises(PipelineError, match=r"batches\.meta is not written: No space left"):
        fetch.main("small", Path("raw"), Path("params.yaml"))
