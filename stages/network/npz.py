"""Arrays and a JSON header in one .npz file: no pickles, the same content in the same bytes."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from stages.runtime.errors import PipelineError
from stages.runtime.files import new_file

HEADER = "header"


def save_npz(path: Path, header: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> None:
    """Write `header` and `arrays` atomically."""
    text = json.dumps(header, ensure_ascii=False, allow_nan=False).encode()
    with new_file(path) as partial, partial.open("wb") as file:
        np.savez(file, allow_pickle=False, **{HEADER: np.frombuffer(text, np.uint8)}, **arrays)


def load_npz(path: Path) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """Read what `save_npz` wrote.

    Raises
    ------
    PipelineError
        If the file is missing, damaged, or holds anything but numbers and text.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as content:
            arrays = {name: content[name] for name in content.files}
        header = json.loads(arrays.pop(HEADER).tobytes())
    except FileNotFoundError:
        raise PipelineError(f"{path} is missing: run 'dvc repro' to make it") from None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise PipelineError(f"{path} is damaged ({error}): delete it, run 'dvc repro'") from None
    if not isinstance(header, dict):
        raise PipelineError(f"{path} is damaged (its header is no mapping): delete it")
    return header, arrays
