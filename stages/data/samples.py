"""Samples in batches: pictures or feature vectors, their labels, and which batch is where."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

from stages.params.loading import parse
from stages.runtime.errors import PipelineError
from stages.runtime.files import read_json, write_json


@dataclass(frozen=True)
class Samples:
    """All batches of a dataset, one after the other.

    Attributes
    ----------
    values : ndarray of shape (n, 32, 32, 3), uint8, or (n, n_features), float32
        Pictures, or feature vectors.
    labels : ndarray of shape (n,), int64
        Indices into `class_names`.
    batches : dict of str to (int, int)
        First row and end row of each batch.
    class_names : list of str
        The ten classes.
    """

    values: npt.NDArray[np.generic]
    labels: npt.NDArray[np.int64]
    batches: dict[str, tuple[int, int]]
    class_names: list[str]

    def select(self, names: Sequence[str]) -> tuple[npt.NDArray[np.generic], npt.NDArray[np.int64]]:
        """Return values and labels of the batches `names`, in that order.

        Batches that lie side by side come as a view of the file, without a copy.
        """
        rows = [self.batches[name] for name in names]
        if all(end == start for (_, end), (start, _) in itertools.pairwise(rows)):
            span = slice(rows[0][0], rows[-1][1])
            return self.values[span], self.labels[span]
        index = np.concatenate([np.arange(start, end) for start, end in rows])
        return self.values[index], self.labels[index]


def create_features(folder: Path, like: Samples, n_features: int) -> npt.NDArray[np.float32]:
    """Start a feature set of the same samples; return its (n, n_features) array to be filled."""
    np.save(folder / "labels.npy", like.labels)
    header = {"batches": like.batches, "class_names": like.class_names}
    write_json(folder / "header.json", header)
    shape = (len(like.labels), n_features)
    file = folder / "values.npy"
    return np.lib.format.open_memmap(file, mode="w+", dtype=np.float32, shape=shape)


def open_features(folder: Path) -> Samples:
    """Map a feature set read-only: processes that open the same one share its memory.

    Raises
    ------
    PipelineError
        If a file is missing or they do not fit each other.
    """
    header = parse(_Header, read_json(folder / "header.json"), f"{folder}/header.json")
    try:
        values = np.load(folder / "values.npy", mmap_mode="r", allow_pickle=False)
        labels = np.load(folder / "labels.npy", allow_pickle=False)
    except Exception as error:  # a damaged .npy can raise nearly anything
        raise PipelineError(f"{folder} is no feature set ({error}): run 'dvc repro'") from None
    if values.ndim != 2 or len(values) != len(labels):
        raise PipelineError(f"{folder} is damaged: {values.shape} values, {labels.shape} labels")
    if any(not 0 <= start < end <= len(labels) for start, end in header.batches.values()):
        raise PipelineError(f"{folder} is damaged: its batches are not within {len(labels)} rows")
    return Samples(values, labels, header.batches, header.class_names)


class _Header(BaseModel):
    """What ``header.json`` holds."""

    batches: dict[str, tuple[int, int]]
    class_names: list[str]
