"""Downloads from a local server that behaves badly in every way of `tests.mirrors`.

``trials(lengths=400)`` makes 1 or 2 downloads for each of the 33 ways, and 6 for each of `lengths`
lengths at which an earlier one broke off: 2,452 downloads in half a minute.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from stages.runtime.errors import PipelineError
from stages.sources import download
from tests.mirrors import CONTENT, MD5, OTHER, SIZE, WAYS, Server, serving
from tests.soak.row import Row

# Where the server is silent or drips, no test waits as long as a user would. Where it answers it
# has all the time that a user gives it: the machine may be busy.
HASTE: dict[str, dict[str, Any]] = {
    "silent": {"TIMEOUT": (10.0, 0.3)},
    "silent-after-10000": {"TIMEOUT": (10.0, 3.0)},
    "drips": {"PATIENCE": 0.3},
}
WHOLE = "the file is there, with the right digest, and nothing beside it"


def trials(lengths: int = 400) -> Iterator[Row]:
    """Try every way to answer, and `lengths` lengths of what an earlier download left."""
    bad = [way for way, good in WAYS.items() if not good]
    cuts = np.linspace(1, SIZE, lengths, dtype=int).tolist()
    with serving() as server:
        yield _row(
            "refused, errors, redirects, wrong contents and lengths, silence; then a good mirror",
            (lambda way=way: arrives(server, [way, "ranges"]) for way in WAYS),
            WHOLE,
        )
        yield _row(
            "the same with no other mirror",
            (lambda way=way: fails(server, [way]) for way in bad),
            "one error names the address; no file",
        )
        for what, way in (
            ("with Range", "ranges"),
            ("without Range", "no-ranges"),
            ("with Range for another part", "wrong-part"),
        ):
            yield _row(
                f"broken off after any number of bytes, taken up {what}",
                (lambda n=n, way=way: arrives(server, [way], CONTENT[:n]) for n in cuts),
                WHOLE,
            )
        yield _row(
            "a part of another file of any length, taken up",
            (lambda n=n: arrives(server, ["ranges"], OTHER[:n]) for n in cuts),
            WHOLE,
        )
        yield _row(
            "dropped after any number of bytes, another mirror goes on",
            (lambda n=n: arrives(server, [f"drops-after-{n}", "ranges"]) for n in cuts),
            WHOLE,
        )
        yield _row(
            "dropped after any number of bytes, run again",
            (lambda n=n: arrives_at_last(server, n) for n in cuts[:-1]),
            "an error, then " + WHOLE,
        )


def arrives(server: Server, ways: list[str], left: bytes = b"") -> bool:
    """Return whether one of `ways` gives the file, where an earlier download left `left`."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "file"
        if left:
            (Path(name) / ".file.partial").write_bytes(left)
        fetch(server, ways, path)
        return path.read_bytes() == CONTENT and list(Path(name).iterdir()) == [path]


def fails(server: Server, ways: list[str]) -> bool:
    """Return whether all of `ways` end in one error that names them, and in no file."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "file"
        try:
            fetch(server, ways, path)
        except PipelineError as error:
            named = all(f"{server.address}/{way} (" in str(error) for way in ways)
            return named and "\n" not in str(error) and not path.exists()
        return False


def arrives_at_last(server: Server, cut: int) -> bool:
    """Return whether a broken download is one error, and the next one asks for the rest."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "file"
        try:
            fetch(server, [f"drops-after-{cut}", "404"], path)
        except PipelineError:
            kept = (Path(name) / ".file.partial").stat().st_size
            fetch(server, ["ranges"], path)
            return path.read_bytes() == CONTENT and server.asked[-1] == ("ranges", kept)
        return (cut * download.ANSWERS) >= SIZE


def fetch(server: Server, ways: list[str], path: Path) -> None:
    with mock.patch.object(download, "_receive", _hastily(download._receive)):
        download.download([f"{server.address}/{way}" for way in ways], path, SIZE, MD5)


def _hastily(receive: Callable[..., None]) -> Callable[..., None]:
    """Return `receive`, with the little patience of `HASTE` for some."""

    def receive_from(address: str, *rest: Any) -> None:
        with contextlib.ExitStack() as stack:
            for name, value in HASTE.get(address.rpartition("/")[2], {}).items():
                stack.enter_context(mock.patch.object(download, name, value))
            receive(address, *rest)

    return receive_from


def _row(what: str, attempts: Iterator[Callable[[], bool]], meaning: str) -> Row:
    outcomes = [_survives(attempt) for attempt in attempts]
    return Row("Network", what, len(outcomes), sum(outcomes), meaning)


def _survives(attempt: Callable[[], bool]) -> bool:
    try:
        return attempt()
    except Exception:  # whatever it is, it is what must not happen
        return False
