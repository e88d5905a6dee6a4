"""Read a batch file's pickle without running anything that it asks for.

CIFAR-10's batch files are pickles, and unpickling calls whatever the file names. Here only
what the official files need is known: a NumPy array's reconstruction and its dtype. Everything
else is refused before it is imported.
"""

from __future__ import annotations

import io
import pickle
import pickletools
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from stages.runtime.errors import PipelineError

# The official files are about 31 MB; no batch file of this layout is larger than this.
MAX_BYTES = 64 * 2**20
MAX_OPCODES = 200_000
MAX_TUPLES = 1_000


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
    content = path.read_bytes()
    try:
        _check_opcodes(content)
        value = _Reader(io.BytesIO(content), encoding="bytes").load()
    except PipelineError as error:
        raise PipelineError(f"{path} is not read: {error}") from None
    except Exception as error:  # a broken pickle can raise nearly anything
        reason = f"{type(error).__name__}: {error}"
        raise PipelineError(f"{path} is no batch file ({reason}): fetch it again") from None
    if not isinstance(value, dict):
        raise PipelineError(f"{path} is no batch file: it holds a {type(value).__name__}")
    return {key: getattr(item, "rows", item) for key, item in value.items()}


def _check_opcodes(content: bytes) -> None:
    """Refuse what would exhaust memory or the C stack while it is read.

    An official file has about 30,000 opcodes, a handful of which make tuples. Tuples can be
    nested so deep that hashing them overflows the stack; a memo index makes a table as long.
    """
    n_tuples = 0
    for number, (opcode, argument, _) in enumerate(pickletools.genops(content)):
        n_tuples += opcode.name.startswith("TUPLE")
        if number > MAX_OPCODES or n_tuples > MAX_TUPLES:
            raise PipelineError("it is more complicated than any batch file")
        if isinstance(argument, int) and "PUT" in opcode.name and argument > MAX_OPCODES:
            raise PipelineError("it asks for more memory than any batch file")


class _Dtype:
    """Stands in for numpy.dtype: the real one can be led to read any memory."""

    def __init__(self, name: object, *_: object) -> None:
        if name not in (b"u1", "u1"):
            raise PipelineError("it asks for numbers of a kind that batch files do not have")

    def __setstate__(self, _: object) -> None:
        pass  # byte order and the like mean nothing for bytes


class _Array:
    """Stands in for numpy.ndarray: takes the state of an array of bytes and nothing else."""

    def __setstate__(self, state: object) -> None:
        match state:
            case (1, (int(height), int(width)), _Dtype(), False | 0, bytes(content)):
                rows = np.frombuffer(content, dtype=np.uint8)
                self.rows = rows.reshape(height, width)
            case _:
                raise PipelineError("it asks for an array of a kind that batch files do not have")


def _reconstruct(kind: object, shape: object, _: object) -> _Array:
    """Stand in for NumPy's function of that name, which makes the empty array to fill."""
    if kind is not _Array or shape != (0,):
        raise PipelineError("it asks for an array of a kind that batch files do not have")
    return _Array()


class _Reader(pickle.Unpickler):
    _ALLOWED: ClassVar[dict[tuple[str, str], Any]] = {
        ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
        ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
        ("numpy", "ndarray"): _Array,
        ("numpy", "dtype"): _Dtype,
    }

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self._ALLOWED[module, name]
        except KeyError:
            raise PipelineError(f"it asks for {module}.{name}, which batch files do not") from None

    def persistent_load(self, pid: Any) -> Any:
        raise PipelineError(f"it asks for the persistent object {pid!r}, which batch files do not")
