"""Samples in batches: pictures or feature vectors, their labels, and which batch is where."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, Field

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
    views : sequence of ndarray, like `values`
        The same features of the pictures mirrored or moved.
    picture_shape : tuple of int, optional
        Height, width and channels of a row of `values` that still is a picture.
    """

    values: npt.NDArray[np.generic]
    labels: npt.NDArray[np.int64]
    batches: dict[str, tuple[int, int]]
    class_names: list[str]
    views: Sequence[npt.NDArray[np.generic]] = ()
    picture_shape: tuple[int, int, int] | None = None

    def select(self, names: Sequence[str]) -> tuple[npt.NDArray[np.generic], npt.NDArray[np.int64]]:
        """Return values and labels of the batches `names`, in that order.

        Batches that lie side by side come as a view of the file, without a copy.
        """
        rows = self._rows(names)
        return self.values[rows], self.labels[rows]

    def select_views(self, names: Sequence[str]) -> list[npt.NDArray[np.generic]]:
        """Return the features of the mirrored and moved pictures likewise."""
        return [view[self._rows(names)] for view in self.views]

    def _rows(self, names: Sequence[str]) -> slice | npt.NDArray[np.int64]:
        rows = [self.batches[name] for name in names]
        if all(end == start for (_, end), (start, _) in itertools.pairwise(rows)):
            return slice(rows[0][0], rows[-1][1])
        return np.concatenate([np.arange(start, end) for start, end in rows])


def write_features(
    folder: Path,
    like: Samples,
    values: Iterable[npt.NDArray[np.float32]],
    views: Sequence[Iterable[npt.NDArray[np.float32]]] = (),
    picture_shape: tuple[int, int, int] | None = None,
) -> None:
    """Write a feature set of the samples of `like`.

    Parameters
    ----------
    folder : Path
        Empty.
    like : Samples
        Its labels, batches and names of classes are the feature set's too.
    values : iterable of ndarray, shapes (any, n_features)
        The rows of `Samples.values`, in blocks.
    views : sequence of such iterables
        The rows of `Samples.views`.
    picture_shape : tuple of int, optional
    """
    np.save(folder / "labels.npy", like.labels)
    header = _Header(
        batches=like.batches,
        class_names=like.class_names,
        n_views=len(views),
        picture_shape=picture_shape,
    )
    write_json(folder / "header.json", header.model_dump())
    _write_array(folder / "values.npy", values, len(like.labels))
    for path, view in zip(_view_paths(folder, len(views)), views, strict=True):
        _write_array(path, view, len(like.labels))


def _view_paths(folder: Path, n_views: int) -> list[Path]:
    return [folder / f"view_{number}.npy" for number in range(1, n_views + 1)]


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
        values, *views = (
            np.load(path, mmap_mode="r", allow_pickle=False)
            for path in (folder / "values.npy", *_view_paths(folder, header.n_views))
        )
        labels = np.load(folder / "labels.npy", allow_pickle=False)
    except Exception as error:  # a damaged .npy can raise nearly anything
        raise PipelineError(f"{folder} is no feature set ({error}): run 'dvc repro'") from None
    shapes = {values.shape, *(view.shape for view in views)}
    if values.ndim != 2 or len(values) != len(labels) or len(shapes) > 1:
        raise PipelineError(
            f"{folder} is damaged: {labels.shape} labels, and features of {sorted(shapes)}"
        )
    if any(not 0 <= start < end <= len(labels) for start, end in header.batches.values()):
        raise PipelineError(f"{folder} is damaged: its batches are not within {len(labels)} rows")
    return Samples(
        values,
        labels,
        header.batches,
        header.class_names,
        views,
        header.picture_shape,
    )


class _Header(BaseModel):
    """What ``header.json`` holds."""

    batches: dict[str, tuple[int, int]]
    class_names: list[str]
    n_views: int = Field(ge=0, le=1000)
    picture_shape: tuple[int, int, int] | None = None
