"""The plain files of a tar archive that may be hostile, compressed or not."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

# The files of each version have 187 MB or less; other members and copies of them may come to the
# rest.
MAX_UNPACKED = 2**28
MAX_HEADERS = 2**21  # bytes of all headers: some thousand members
UNPACKERS: dict[bytes, Callable[..., Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}


def plain_files(place: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield the last part of the name, and the content, of an archive's plain files.

    Nothing is extracted, so that members outside, links, devices and folders do nothing.

    Raises
    ------
    Exception
        Nearly anything, of a broken archive; ValueError, if it unpacks to too much.
    """
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


def _unpack(place: Path) -> IO[bytes]:
    """Open an archive, decompressed if need be; tarfile would decompress in unbounded blocks."""
    with place.open("rb") as file:
        beginning = file.read(6)
    unpackers = (unpack for magic, unpack in UNPACKERS.items() if beginning.startswith(magic))
    unpacked: IO[bytes] = next(unpackers, Path.open)(place, mode="rb")
    return unpacked
