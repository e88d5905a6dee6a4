"""The curves of all readings in one .npz file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stages.readings.factors import Value
from stages.runtime.errors import PipelineError
from stages.runtime.npz import load_npz, save_npz

FORMAT = "readings 1"
CURVES = ("loss", "net_loss", "accuracy")


@dataclass(frozen=True)
class ReadingRuns:
    """One reading of one published run, for each seed.

    Attributes
    ----------
    run : str
        The published run, by the name of its experiment without the dataset.
    reading : str
        How it differs from the plain reading, or ``plain``.
    changes : dict
        The factors in which it differs, and their values.
    loss, net_loss : ndarray of shape (n_seeds, n_epochs), float64
        On the training pictures, in nats, with and without the penalty.
    accuracy : ndarray of shape (n_seeds, n_epochs), float64
        On the test pictures after each epoch, in percent.
    values : dict
        All factors and their values; None for a factor that the run lacks.

    Notes
    -----
    All three curves of a seed that diverged are NaN.
    """

    run: str
    reading: str
    changes: dict[str, Value]
    loss: npt.NDArray[np.float64]
    net_loss: npt.NDArray[np.float64]
    accuracy: npt.NDArray[np.float64]
    values: dict[str, Value | None] = field(default_factory=dict)


def save_readings(path: Path, runs: list[ReadingRuns]) -> None:
    """Write the readings, in the order given, atomically."""
    names = [
        {"run": r.run, "reading": r.reading, "changes": r.changes, "values": r.values} for r in runs
    ]
    arrays = {
        f"{curve}_{number}": getattr(reading, curve)
        for number, reading in enumerate(runs)
        for curve in CURVES
    }
    save_npz(path, {"format": FORMAT, "readings": names}, arrays)


def load_readings(path: Path) -> list[ReadingRuns]:
    """Return what `save_readings` wrote.

    Raises
    ------
    PipelineError
        If the file is missing, damaged, or holds something else.
    """
    header, arrays = load_npz(path)
    try:
        if header["format"] != FORMAT:
            raise ValueError(f"format {header['format']!r}")
        return [
            ReadingRuns(**{**names, **{curve: arrays[f"{curve}_{number}"] for curve in CURVES}})
            for number, names in enumerate(header["readings"])
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise PipelineError(f"{path} has no readings ({error}): run 'dvc repro'") from None
