"""The state of a long training on disk, from which it resumes after a kill."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from stages.network.losses import Floats
from stages.runtime.errors import PipelineError
from stages.runtime.npz import load_npz, save_npz

ROWS = 1024  # hashed at a time, so that a memory map is never read as a whole


class Stateful(Protocol):
    """What can be stored and restored."""

    def state(self) -> tuple[dict[str, Floats], dict[str, Any]]:
        """Return arrays, under names of its own, and a value for JSON."""

    def restore(self, arrays: dict[str, Floats], rest: dict[str, Any]) -> None:
        """Restore what `state` returned; `arrays` may hold those of others too."""


class Checkpoint:
    """A file that holds the state of one training.

    Parameters
    ----------
    path : Path
    every_seconds : float
        How long to train between two writes; when it is written changes no result.
    """

    def __init__(self, path: Path, every_seconds: float = 10.0) -> None:
        self.path = path
        self.every_seconds = every_seconds
        self._written = time.monotonic()

    @property
    def due(self) -> bool:
        """Whether it is time to write again."""
        return time.monotonic() - self._written >= self.every_seconds

    def save(self, identity: str, parts: Sequence[Stateful]) -> None:
        """Replace the file by the state of `parts`, atomically."""
        states = [part.state() for part in parts]
        arrays = {name: array for own, _ in states for name, array in own.items()}
        save_npz(self.path, {"identity": identity, "rest": [rest for _, rest in states]}, arrays)
        self._written = time.monotonic()

    def restore(self, identity: str, parts: Sequence[Stateful]) -> None:
        """Bring `parts` to the stored state; do nothing if there is no file.

        Raises
        ------
        PipelineError
            If the file belongs to other parameters or other data, or is damaged.
        """
        if not self.path.exists():
            return
        header, arrays = load_npz(self.path)
        if header.get("identity") != identity:
            raise PipelineError(
                f"{self.path} belongs to other parameters or other data: delete it to start anew"
            )
        for part, rest in zip(parts, header["rest"], strict=True):
            part.restore(arrays, rest)

    def remove(self) -> None:
        """Delete the file, if there is one."""
        self.path.unlink(missing_ok=True)


def identify(
    params: dict[str, Any],
    *arrays: npt.NDArray[Any],
    rows: npt.NDArray[np.int64] | None = None,
    others: Sequence[npt.NDArray[Any]] = (),
) -> str:
    """Return a SHA-256 of everything that a training's result depends on.

    Parameters
    ----------
    params : dict
    *arrays : ndarray
        Of as many rows each.
    rows : ndarray of int64, optional
        Those of the arrays that count; all, if it is not given.
    others : sequence of ndarray
    """
    digest = hashlib.sha256(json.dumps(params, sort_keys=True).encode())
    for array, chosen in (*((array, rows) for array in arrays), *((one, None) for one in others)):
        n = len(array) if chosen is None else len(chosen)
        digest.update(f"{(n, *array.shape[1:])} {array.dtype.str}".encode())
        for start in range(0, n, ROWS):
            part = slice(start, start + ROWS)
            some = array[part] if chosen is None else array[chosen[part]]
            digest.update(np.ascontiguousarray(some).data)
    return digest.hexdigest()
