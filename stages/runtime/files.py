"""Write files and folders whole or not at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stages.runtime.errors import PipelineError
from stages.runtime.processes import sole_writer


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside `path`; rename it to `path` if the block succeeds.

    A block that raises leaves neither the temporary file nor a new `path`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = _partial(path)
    with _naming(path), sole_writer(path):
        try:
            yield partial
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder beside `path`; rename it to `path` if the block succeeds.

    An older output at `path` is replaced. A block that raises leaves it untouched.

    Raises
    ------
    PipelineError
        If `path` is a folder with other things in it than are to be written there, or if
        another process is writing it.
    """
    partial = _partial(path)
    with _naming(path), sole_writer(path):
        shutil.rmtree(partial, ignore_errors=True)  # left by a run that was killed
        partial.mkdir(parents=True)
        try:
            yield partial
            if path.exists():
                _refuse_foreign(path, partial)
                shutil.rmtree(path)
            partial.rename(path)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 with Unix line ends, atomically."""
    with new_file(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, keys in the order given; NaN is refused."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file that another stage wrote.

    Raises
    ------
    PipelineError
        If the file is missing or is no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PipelineError(f"{path} is missing: run 'dvc repro' to make it") from None
    except ValueError as error:
        raise PipelineError(f"{path} is no JSON ({error}): delete it, run 'dvc repro'") from None


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Name `path` where an error does not: a write to a full disk fails without a name."""
    try:
        yield
    except OSError as error:
        if error.filename is not None:
            raise
        raise PipelineError(
            f"{path} is not written ({error.strerror or error}): see whether the disk is full"
        ) from None


def _refuse_foreign(old: Path, new: Path) -> None:
    """Raise an error unless `old` has only files, of the kinds that `new` has."""
    kinds = {file.suffix for file in new.iterdir()}
    for item in old.iterdir() if old.is_dir() else [old]:
        if not item.is_file() or item.suffix not in kinds:
            raise PipelineError(f"{old} is not replaced, it holds {item.name}: name a new folder")


def _partial(path: Path) -> Path:
    if path.name in ("", ".."):
        raise PipelineError(f"{path} is no name for an output: name a new file or folder")
    return path.with_name(f".{path.name}.partial")
