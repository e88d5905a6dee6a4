"""Read a batch file's pickle without running anything that it asks for.

CIFAR-10's batch files are pickles, and unpickling calls whatever the file names. Here only
what the official files need is known: a NumPy array's reconstruction and its dtype. Everything
else is refused before it is imported.
"""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from stages.runtime.errors import PipelineError

# The official files are about 31 MB; no batch file of this layout is larger than this.
MAX_BYTES = 64 * 2**20


def load_batch_file(path: Path) -> dict[bytes, Any]:
    """Return the dictionary pickled in `path`, keys as bytes.

    Raises
    ------
    PipelineError
        If the file is missing, too large, truncated, no pickle, or asks for anything but
        arrays, numbers, text and plain containers.
    """
    if not path.is_file():
        raise PipelineError(f"{path} is missing: run 'dvc repro' on its fetch stage")
    if path.stat().st_size > MAX_BYTES:
        raise PipelineError(f"{path} is larger than any batch file ({MAX_BYTES} bytes)")
    try:
        value = _Reader(io.BytesIO(path.read_bytes()), encoding="bytes").load()
    except PipelineError as error:
        raise PipelineError(f"{path} is not read: {error}") from None
    except Exception as error:  # a broken pickle can raise nearly anything
        reason = f"{type(error).__name__}: {error}"
        raise PipelineError(f"{path} is no batch file ({reason}): fetch it again") from None
    if not isinstance(value, dict):
        raise PipelineError(f"{path} is no batch file: it holds a {type(value).__name__}")
    return value


def _reconstruct(kind: type, shape: tuple[int, ...], _typecode: bytes) -> np.ndarray:
    """Stand in for NumPy's function of that name; only the empty start it is used for."""
    if kind is not np.ndarray or shape != (0,):
        raise PipelineError("it asks for an array of a kind that batch files do not have")
    return np.ndarray.__new__(np.ndarray, (0,), np.dtype(np.uint8))


class _Reader(pickle.Unpickler):
    _ALLOWED: ClassVar[dict[tuple[str, str], Any]] = {
        ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
        ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
    }

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self._ALLOWED[module, name]
        except KeyError:
            raise PipelineError(f"it asks for {module}.{name}, which batch files do not") from None

    def persistent_load(self, pid: Any) -> Any:
        raise PipelineError("it asks for a persistent object, which batch files do not")
