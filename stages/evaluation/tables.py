"""The CSV files that `dvc plots` draws."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from stages.runtime.files import write_text


def write_curves(path: Path, rows: list[dict[str, float | None]]) -> None:
    """Write learning curves, one row per epoch."""
    _write(path, rows)


def write_confusion(path: Path, counts: npt.NDArray[np.int64], class_names: list[str]) -> None:
    """Write a confusion matrix as rows of actual class, predicted class, count."""
    rows = [
        {"actual": actual, "predicted": predicted, "count": int(counts[i, j])}
        for i, actual in enumerate(class_names)
        for j, predicted in enumerate(class_names)
    ]
    _write(path, rows)


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    write_text(path, pd.DataFrame(rows).to_csv(index=False, lineterminator="\n"))
