"""Download a file whose size and digest are known, from whichever address has it.

pooch and its like begin anew after a broken connection; 170 MB over a bad one never arrive then.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import requests
import urllib3
from tqdm import tqdm

from stages.runtime.errors import PipelineError

TIMEOUT = (10.0, 30.0)  # seconds to connect, and to wait for the next bytes
PATIENCE = 60.0  # seconds in which at least SLOWEST bytes must come
SLOWEST = 2**16
ANSWERS = 5  # that may break off, from one address
BLOCK = 2**18
OK, PARTIAL_CONTENT = 200, 206


class _MirrorError(Exception):
    """Why an address does not give the file; the next one may."""


class _DroppedError(_MirrorError):
    """The answer broke off; what came so far is kept."""


class _RangeError(_MirrorError):
    """The address does not go on in the middle of the file; it may still begin anew."""


def download(addresses: Iterable[str], path: Path, size: int, md5: str) -> None:
    """Put the file at `path`, unless it is there; it has exactly this size and digest.

    The addresses are asked in turn. What arrives is kept in ``.<name>.partial`` beside `path`: a
    broken or killed download goes on from there, at the next address too (HTTP Range, RFC 9110,
    section 14). If that file turns out wrong, or the address ignores or misunderstands the range,
    the download begins once more from zero. An address is given up

    - if it does not answer, or with another status than 200 and 206, or not within `TIMEOUT`;
    - if it announces another length, ends before it without an announced length, or sends
      another content;
    - if it breaks off without having sent anything, or `ANSWERS` times, or is slower than
      `SLOWEST` bytes in `PATIENCE` seconds.

    Never more than `size` bytes are read or written, whatever is sent.

    Raises
    ------
    PipelineError
        If no address gives the file, with the reason for each; if it cannot be written.
    """
    if _is_right(path, size, md5):
        return
    partial = path.with_name(f".{path.name}.partial")
    failures = []
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for address in addresses:
            try:
                _complete(address, partial, size, md5)
            except _MirrorError as error:
                failures.append(f"{address} ({error})")
            else:
                partial.replace(path)
                return
    except OSError as error:  # not the network's: those are failures of an address
        raise PipelineError(f"{partial} is not written: {error.strerror}") from None
    kept = _length(partial)
    hint = f"; {kept} bytes of {size} are kept for the next try" if kept else ""
    raise PipelineError(f"{path.name} is not downloaded. Tried: {'; '.join(failures)}{hint}")


def _complete(address: str, partial: Path, size: int, md5: str) -> None:
    """Bring `partial` to its end from one address; begin anew if the pieces do not fit."""
    in_pieces = False
    for _ in range(ANSWERS):
        start = _length(partial)
        in_pieces = in_pieces or start > 0
        try:
            if start < size:
                _receive(address, partial, start, size)
        except _DroppedError:
            if _length(partial) <= start:
                raise
        except _RangeError:
            break
        else:
            break
    else:
        raise _DroppedError(f"it broke off {ANSWERS} times")
    if _is_right(partial, size, md5):
        return
    if _length(partial) >= size:
        partial.unlink()
    if in_pieces:
        _receive(address, partial, 0, size)
        if _is_right(partial, size, md5):
            return
        partial.unlink()
    raise _MirrorError(f"its file is another one: the md5 is not {md5}")


def _receive(address: str, partial: Path, start: int, size: int) -> None:
    """Append bytes `start` to `size` to `partial`, or write all of them if that is what comes."""
    with _ask(address, start, size) as response:
        if response.status_code == OK:
            start = 0
        announced = response.headers.get("Content-Length")
        if announced not in (None, str(size - start)):
            raise _MirrorError(f"it announces {announced} bytes, expected are {size - start}")
        with (
            partial.open("ab" if start else "wb") as file,
            tqdm(
                total=size, initial=start, unit="B", unit_scale=True, disable=None, leave=False
            ) as bar,
        ):
            position = start
            for block in _blocks(response):
                wanted = block[: size - position]
                file.write(wanted)
                position += len(wanted)
                bar.update(len(wanted))
                if position == size:
                    return
    if start == 0 and announced is None:
        partial.unlink()  # it was sent as if it were all: a page about an error, perhaps
        raise _MirrorError(f"it sent {position} bytes, expected are {size}")
    raise _DroppedError(f"it broke off after {position} of {size} bytes")


def _ask(address: str, start: int, size: int) -> requests.Response:
    """Return the answer to a request for what follows the first `start` bytes."""
    # A server that compresses once more would send another length.
    headers = {"Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    try:
        response = requests.get(address, headers=headers, stream=True, timeout=TIMEOUT)
    except (OSError, ValueError, urllib3.exceptions.HTTPError) as error:
        raise _MirrorError(_cause(error)) from None
    status = response.status_code
    part = f"bytes {start}-{size - 1}/{size}"
    goes_on = status == PARTIAL_CONTENT and response.headers.get("Content-Range") == part
    if status == OK or (start and goes_on):
        return response
    response.close()
    raise (_RangeError if start else _MirrorError)(f"HTTP status {status}")


def _blocks(response: requests.Response) -> Iterator[bytes]:
    """Yield the body as it arrives, not decoded."""
    since, received = time.monotonic(), 0
    while True:
        try:
            block = response.raw.read1(BLOCK)
        except (OSError, urllib3.exceptions.HTTPError) as error:
            raise _DroppedError(_cause(error)) from None
        if not block:
            return
        yield block
        received += len(block)
        if time.monotonic() - since > PATIENCE:
            if received < SLOWEST:
                raise _DroppedError(f"it is slower than {SLOWEST} bytes in {PATIENCE:.0f} seconds")
            since, received = time.monotonic(), 0


def _cause(error: BaseException) -> str:
    """Return what began it: the error that requests and urllib3 wrapped, some 100 characters."""
    while error.__context__ is not None:
        error = error.__context__
    return f"{type(error).__name__}: {' '.join(str(error).split())[:100]}"


def _is_right(path: Path, size: int, md5: str) -> bool:
    if _length(path) != size:
        return False
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False))
    return digest.hexdigest() == md5


def _length(path: Path) -> int:
    """Return the number of bytes in a file, 0 if there is none."""
    return path.stat().st_size if path.is_file() else 0
