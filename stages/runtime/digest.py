"""Digests of files and folders, kept as long as they are the same."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from stages.runtime.errors import PipelineError


def digest_of(path: Path, pattern: str = "*") -> str:
    """Return a SHA-256 of a file, or of those in a folder that match, by names and content."""
    inside = path.glob(pattern) if path.is_dir() else [path]
    stats = [(file, file.stat()) for file in sorted(inside) if file.is_file()]
    return _digest(path, tuple((file, s.st_mtime_ns, s.st_size) for file, s in stats))


def kept_by(checkpoints: Path, code: Path) -> Path:
    """Return where a stage keeps what it has done: other code, another folder.

    Raises
    ------
    PipelineError
        If `code`, which says what the stage runs, is not there.
    """
    if not code.exists():
        raise PipelineError(f"{code} is missing, which says what code runs: run 'dvc repro code'")
    return checkpoints / digest_of(code)[:16]


@lru_cache(maxsize=16)
def _digest(top: Path, files: tuple[tuple[Path, int, int], ...]) -> str:
    digest = hashlib.sha256()
    for path, _, size in files:
        digest.update(f"{path.relative_to(top).as_posix()} {size} ".encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
