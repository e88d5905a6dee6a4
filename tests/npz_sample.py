"""One file of arrays of every kind, and its digest, on whatever Python runs this.

It needs nothing but NumPy: other interpreters run it as ``python -m tests.npz_sample``.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import numpy as np

from stages.runtime.npz import save_npz

HEADER = {"format": "test 1", "name": "Zoë", "sizes": [1, 2]}
CURVE = np.dtype([("epoch", "<i4"), ("loss", "<f8"), ("net", "<f4", (2,))])
ARRAYS = {
    "small": np.arange(6, dtype="<f4").reshape(2, 3),
    "double": np.arange(6, dtype="<f8") / 3,
    "columns": np.asfortranarray(np.arange(6, dtype="<i8").reshape(2, 3)),
    "bytes": np.arange(256, dtype="u1"),
    "flags": np.array([True, False]),
    "text": np.array(["a", "bc"], dtype="<U2"),
    "number": np.array(1.5),
    "curve": np.array([(1, 0.1, (2, 3)), (4, 0.5, (6, 7))], dtype=CURVE),
    "none": np.zeros((0, 4), dtype="u1"),
}


def digest_of_file() -> str:
    """Return the digest of a file of `HEADER` and `ARRAYS`, written in the current folder."""
    with tempfile.TemporaryDirectory(dir=".") as name:
        path = Path(name) / "a.npz"
        save_npz(path, HEADER, ARRAYS)
        return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    print(digest_of_file())
