"""Samples in batches: pictures or feature vectors, their labels, and which batch is where."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
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
    flipped : ndarray, like `values`, optional
        The same features of the pictures mirrored left to right.
    picture_shape : tuple of int, optional
        Height, width and channels of a row of `values` that still is a picture.
    """

    values: npt.NDArray[np.generic]
    labels: npt.NDArray[np.int64]
    batches: dict[str, tuple[int, int]]
    class_names: list[str]
    flipped: npt.NDArray[np.generic] | None = None
    picture_shape: tuple[int, int, int] | None = None

    def select(self, names: Sequence[str]) -> tuple[npt.NDArray[np.generic], npt.NDArray[np.int64]]:
        """Return values and labels of the batches `names`, in that order.

        Batches that lie side by side come as a view of the file, without a copy.
        """
        rows = self._rows(names)
        return self.values[rows], self.labels[rows]

    def select_flipped(self, names: Sequence[str]) -> npt.NDArray[np.generic] | None:
        """Return the features of the mirrored pictures likewise, if there are any."""
        return None if self.flipped is None else self.flipped[self._rows(names)]

    def _rows(self, names: Sequence[str]) -> slice | npt.NDArray[np.int64]:
        rows = [self.batches[name] for name in names]
        if all(end == start for (_, end), (start, _) in itertools.pairwise(rows)):
            return slice(rows[0][0], rows[-1][1])
        return np.concatenate([np.arange(start, end) for start, end in rows])


def write_features(
    folder: Path,
    like: Samples,
    values: Iterable[npt.NDArray[np.float32]],
    flipped: Iterable[npt.NDArray[np.float32]] | None = None,
    picture_shape: tuple[int, int, int] | None = None,
) -> None:
    """Write a feature set of the samples of `like`.

    Parameters
    ----------
    folder : Path
        Empty.
    like : Samples
        Its labels, batches and names of classes are the feature set's too.
    values, flipped : iterables of ndarray, shapes (any, n_features)
        The rows of `Samples.values` and `Samples.flipped`, in blocks.
    picture_shape : tuple of int, optional
    """
    np.save(folder / "labels.npy", like.labels)
    header = _Header(
        batches=like.batches, class_names=like.class_names, picture_shape=picture_shape
    )
    write_json(folder / "header.json", header.model_dump())
    _write_array(folder / "values.npy", values, len(like.labels))
    if flipped is not None:
        _write_array(folder / "flipped.npy", flipped, len(like.labels))


def _write_array(path: Path, blocks: Iterable[npt.NDArray[np.float32]], n: int) -> None:
    """Write blocks of rows as one array, never in memory as a whole.

    (A memory map would end the process without a message when the disk is full.)
    """
    with path.open("wb") as file:
        for number, block in enumerate(blocks):
            if number == 0:
                header = {"descr": "<f4", "fortran_order": False, "shape": (n, block.shape[1])}
                np.lib.format.write_array_header_1_0(file, header)
            file.write(np.ascontiguousarray(block, dtype="<f4").data)


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
        file = folder / "flipped.npy"
        flipped = np.load(file, mmap_mode="r", allow_pickle=False) if file.exists() else values
        labels = np.load(folder / "labels.npy", allow_pickle=False)
    except Exception as error:  # a damaged .npy can raise nearly anything
        raise PipelineError(f"{folder} is no feature set ({error}): run 'dvc repro'") from None
    if values.ndim != 2 or len(values) != len(labels) or flipped.shape != values.shape:
        raise PipelineError(
            f"{folder} is damaged: {values.shape} values, {flipped.shape} flipped, "
            f"{labels.shape} labels"
        )
    if any(not 0 <= start < end <= len(labels) for start, end in header.batches.values()):
        raise PipelineError(f"{folder} is damaged: its batches are not within {len(labels)} rows")
    return Samples(
        values,
        labels,
        header.batches,
        header.class_names,
        None if flipped is values else flipped,
        header.picture_shape,
    )


class _Header(BaseModel):
    """What ``header.json`` holds."""

    batches: dict[str, tuple[int, int]]
    class_names: list[str]
    picture_shape: tuple[int, int, int] | None = None
