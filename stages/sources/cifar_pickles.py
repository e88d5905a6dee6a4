"""Read a batch file's pickle without running anything that it asks for.

CIFAR's batch files are pickles, and unpickling calls whatever the file names. Here only
what the official files need is known: the opcodes that they are written with, a NumPy array's
reconstruction and its dtype, for which harmless classes of our own stand in. Everything else is
refused before it is imported, and what would take much memory or time before it is built.
"""

from __future__ import annotations

import io
import pickle
import pickletools
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np

from stages.runtime.errors import PipelineError

# CIFAR-10's files have 31.0 MB, 30,000 opcodes, 6 tuples and no reference back to an earlier
# value; a file that today's NumPy writes has up to 10 tuples and 6 references.
MAX_TUPLES = 16
MAX_REFERENCES = 16
OPCODES = frozenset(
    "PROTO FRAME STOP MARK PUT BINPUT LONG_BINPUT MEMOIZE "  # noqa: SIM905 - one per line fills a screen
    "GET BINGET LONG_BINGET NONE NEWTRUE NEWFALSE INT BININT BININT1 BININT2 FLOAT BINFLOAT "
    "STRING BINSTRING SHORT_BINSTRING "
    "BINBYTES SHORT_BINBYTES UNICODE BINUNICODE SHORT_BINUNICODE "
    "EMPTY_LIST LIST APPEND APPENDS EMPTY_DICT DICT SETITEM SETITEMS "
    "TUPLE TUPLE1 TUPLE2 TUPLE3 GLOBAL STACK_GLOBAL REDUCE BUILD".split()
)
MAX_REASON = 100  # characters: an error may quote the whole file


class Limits(NamedTuple):
    """The most that a file may have of bytes, and of a pickle's opcodes."""

    n_bytes: int
    n_opcodes: int


LIMITS = Limits(n_bytes=32 * 2**20, n_opcodes=100_000)


def load_batch_file(path: Path, limits: Limits = LIMITS) -> dict[bytes, Any]:
    """Return the dictionary pickled in `path`, keys as bytes.

    Nothing that the file names is imported or called. Reading takes at most a few times
    the largest size of memory.

    Raises
    ------
    PipelineError
        If the file is missing, too large, truncated, no pickle, or asks for anything but
        arrays of bytes, numbers, text and plain containers.
    """
    if not path.is_file():
        raise PipelineError(f"{path} is missing: run 'dvc repro' on its fetch stage")
    with path.open("rb") as file:
        content = file.read(limits.n_bytes + 1)
    if len(content) > limits.n_bytes:
        raise PipelineError(f"{path} is larger than any batch file ({limits.n_bytes} bytes)")
    try:
        _check_opcodes(content, limits.n_opcodes)
        value = _Reader(io.BytesIO(content), encoding="bytes").load()
    except PipelineError as error:
        raise PipelineError(f"{path} is not read: {error}: fetch it again") from None
    except Exception as error:  # a broken pickle can raise nearly anything
        reason = f"{type(error).__name__}: {_printable(str(error))}"
        raise PipelineError(f"{path} is no batch file ({reason}): fetch it again") from None
    if not isinstance(value, dict):
        raise PipelineError(f"{path} is no batch file: it holds a {type(value).__name__}")
    return {key: getattr(item, "rows", item) for key, item in value.items()}


def _check_opcodes(content: bytes, most: int) -> None:
    """Refuse what would exhaust memory, time or the C stack while it is read.

    A memo index makes a table as long as itself. Tuples can be nested so deep that hashing one
    overflows the stack, and, where each refers twice to the one before, so that hashing it takes
    forever: few tuples or few references prevent both.
    """
    counts = Counter[str]()
    for opcode, argument, _ in pickletools.genops(content):
        kind = opcode.name
        if kind not in OPCODES:
            raise PipelineError(f"it asks for the opcode {kind}, which batch files do not have")
        counts["all"] += 1
        counts["tuples"] += kind.startswith("TUPLE")
        counts["references"] += kind.endswith("GET")
        if (
            counts["all"] > most
            or counts["tuples"] > MAX_TUPLES
            or counts["references"] > MAX_REFERENCES
        ):
            raise PipelineError("it is more complicated than any batch file")
        if isinstance(argument, int) and kind.endswith("PUT") and argument > most:
            raise PipelineError("it asks for more memory than any batch file")


def _printable(text: str) -> str:
    """Return the beginning of `text` without line ends and control sequences."""
    shown = ascii(text[:MAX_REASON])[1:-1]
    return shown if len(text) <= MAX_REASON else f"{shown}..."


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


class _Reconstruct:
    """Stands in for NumPy's function of that name, which makes the empty array to fill."""

    def __new__(cls, kind: object, shape: object, _: object) -> _Array:  # type: ignore[misc]
        """Return what takes an array's state."""
        if kind is not _Array or shape != (0,):
            raise PipelineError("it asks for an array of a kind that batch files do not have")
        return _Array()

    def __setstate__(self, _: object) -> None:
        pass  # without it, a pickle could set this class's own attributes


class _Reader(pickle.Unpickler):
    _ALLOWED: ClassVar[dict[tuple[str, str], Any]] = {
        ("numpy.core.multiarray", "_reconstruct"): _Reconstruct,
        ("numpy._core.multiarray", "_reconstruct"): _Reconstruct,
        ("numpy", "ndarray"): _Array,
        ("numpy", "dtype"): _Dtype,
    }

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self._ALLOWED[module, name]
        except KeyError:
            wanted = _printable(f"{module}.{name}")
            raise PipelineError(f"it asks for {wanted}, which batch files do not") from None
