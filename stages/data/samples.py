"""Samples in batches: pictures or feature vectors, their labels, and which batch is where."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from stages.params.loading import parse, suggestion
from stages.pixels.scaled import Scaled
from stages.runtime.errors import ParamsError, PipelineError
from stages.runtime.files import read_json, write_json

PictureShape = tuple[int, int, int]  # height, width, channels
Finite = Annotated[float, Field(allow_inf_nan=False)]
Names = Annotated[tuple[str, ...], Field(min_length=1)]


class Split(BaseModel):
    """Which batches to train on, and which to test on; no batch is in both."""

    model_config = ConfigDict(frozen=True)

    train: Names
    test: Names


@dataclass(frozen=True)
class Samples:
    """All batches of a dataset, one after the other.

    Attributes
    ----------
    values : ndarray of shape (n, height, width, channels), uint8, or (n, n_features), float32
        Pictures, of three channels or one, or feature vectors, which may be `Scaled` bytes.
    labels : ndarray of shape (n,), int64
        Indices into `class_names`.
    batches : dict of str to (int, int)
        First row and end row of each batch.
    splits : dict of str to Split
        What experiments train and test on, by the names that params.yaml has for it.
    class_names : list of str
    views : sequence of ndarray, like `values`
        The same features of the pictures mirrored or moved.
    picture_shape : tuple of int, optional
        Height, width and channels of a row of `values` that still is a picture.
    origin : dict, optional
        How features were made: their transform, its parameters, and what of.
    """

    values: Any
    labels: npt.NDArray[np.int64]
    batches: dict[str, tuple[int, int]]
    splits: dict[str, Split]
    class_names: list[str]
    views: Sequence[Any] = ()
    picture_shape: PictureShape | None = None
    origin: dict[str, Any] | None = None

    def split(self, name: str) -> Split:
        """Return a split; raise a ParamsError if there is none of this name."""
        if name not in self.splits:
            hint = suggestion(name, [*self.splits])
            raise ParamsError(f"split: the dataset has no split {name!r}{hint}")
        return self.splits[name]

    def select(self, names: Sequence[str]) -> tuple[Any, npt.NDArray[np.int64]]:
        """Return values and labels of the batches `names`, in that order.

        Batches that lie side by side come as a view of the file, without a copy.
        """
        rows = self._rows(names)
        return self.values[rows], self.labels[rows]

    def select_views(self, names: Sequence[str]) -> list[Any]:
        """Return the features of the mirrored and moved pictures likewise."""
        rows = self._rows(names)
        return [view[rows] for view in self.views]

    def _rows(self, names: Sequence[str]) -> slice | npt.NDArray[np.int64]:
        rows = [self.batches[name] for name in names]
        if all(end == start for (_, end), (start, _) in itertools.pairwise(rows)):
            return slice(rows[0][0], rows[-1][1])
        return np.concatenate([np.arange(start, end) for start, end in rows])


def write_pictures(folder: Path, samples: Samples) -> None:
    """Write the pictures of a dataset into the empty `folder`."""
    _write_header(folder, samples, _Kept(0, samples.picture_shape, None, None))
    np.save(folder / "values.npy", np.ascontiguousarray(samples.values))


def write_features(
    folder: Path,
    like: Samples,
    values: Iterable[npt.NDArray[Any]],
    views: Sequence[Iterable[npt.NDArray[Any]]] = (),
    picture_shape: PictureShape | None = None,
    origin: dict[str, Any] | None = None,
    scaling: tuple[float, float] | None = None,
) -> None:
    """Write a feature set of the samples of `like`.

    Parameters
    ----------
    folder : Path
        Empty.
    like : Samples
        Its labels, batches, splits and names of classes are the feature set's too.
    values : iterable of ndarray, shapes (any, n_features)
        The rows of `Samples.values`, in blocks.
    views : sequence of such iterables
        The rows of `Samples.views`.
    picture_shape : tuple of int, optional
    origin : dict, optional
        See `Samples`.
    scaling : (float, float), optional
        Factor and offset, if the rows are bytes.
    """
    _write_header(folder, like, _Kept(len(views), picture_shape, origin, scaling))
    dtype = "<f4" if scaling is None else "|u1"
    _write_array(folder / "values.npy", values, len(like.labels), dtype)
    for path, view in zip(_view_paths(folder, len(views)), views, strict=True):
        _write_array(path, view, len(like.labels), dtype)


def open_samples(folder: Path) -> Samples:
    """Map pictures or features read-only: processes that open the same share its memory.

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
        raise PipelineError(f"{folder} is damaged ({error}): delete it, run 'dvc repro'") from None
    if wrong := _mistake(header, values, labels, views):
        raise PipelineError(f"{folder} is damaged ({wrong}): delete it, run 'dvc repro'")
    if header.scaling is not None:
        values, *views = (Scaled(array, *header.scaling) for array in (values, *views))
    fields = header.model_dump(exclude={"n_views", "splits", "scaling"})
    return Samples(values, labels, views=views, splits=header.splits, **fields)


def _mistake(
    header: _Header,
    values: npt.NDArray[Any],
    labels: npt.NDArray[Any],
    views: Sequence[npt.NDArray[Any]],
) -> str:
    """Return what does not fit; nothing if all does."""
    n, shape = len(labels), header.picture_shape
    if {view.shape for view in views} - {values.shape} or len(values) != n:
        return f"{n} labels, and values of {sorted({values.shape, *(v.shape for v in views)})}"
    if values.ndim != 2 and values.shape[1:] != shape:
        return f"values of {values.shape}, and pictures of {shape}"
    if header.scaling is not None and {values.dtype, *(v.dtype for v in views)} != {
        np.dtype(np.uint8)
    }:
        return f"a scaling, and values of {values.dtype}"
    if labels.dtype.kind not in "iu" or (n and not _within(labels, len(header.class_names))):
        return f"labels are not numbers from 0 to {len(header.class_names) - 1}"
    if any(not 0 <= start < end <= n for start, end in header.batches.values()):
        return f"batches are not within {n} rows"
    used = {batch for split in header.splits.values() for batch in (*split.train, *split.test)}
    return f"no batch {min(used - set(header.batches))}" if used - set(header.batches) else ""


def _within(labels: npt.NDArray[Any], n_classes: int) -> bool:
    return bool(labels.min() >= 0 and labels.max() < n_classes)


class _Header(BaseModel):
    """What ``header.json`` holds."""

    batches: dict[str, tuple[int, int]]
    splits: dict[str, Split]
    class_names: list[str]
    n_views: int = Field(ge=0, le=1000)
    picture_shape: PictureShape | None
    origin: dict[str, Any] | None
    scaling: tuple[Finite, Finite] | None = None


class _Kept(NamedTuple):
    """What a header says of the arrays."""

    n_views: int
    picture_shape: PictureShape | None
    origin: dict[str, Any] | None
    scaling: tuple[float, float] | None


def _write_header(folder: Path, like: Samples, kept: _Kept) -> None:
    header = _Header(
        batches=like.batches,
        splits=like.splits,
        class_names=like.class_names,
        **kept._asdict(),
    )
    write_json(folder / "header.json", header.model_dump(mode="json"))
    np.save(folder / "labels.npy", like.labels)


def _view_paths(folder: Path, n_views: int) -> list[Path]:
    return [folder / f"view_{number}.npy" for number in range(1, n_views + 1)]


def _write_array(path: Path, blocks: Iterable[npt.NDArray[Any]], n: int, dtype: str) -> None:
    """Write blocks of rows as one array, never in memory as a whole.

    (A memory map would end the process without a message when the disk is full.)
    """
    with path.open("wb") as file:
        for number, block in enumerate(blocks):
            if number == 0:
                header = {"descr": dtype, "fortran_order": False, "shape": (n, block.shape[1])}
                np.lib.format.write_array_header_1_0(file, header)
            file.write(np.ascontiguousarray(block, dtype=dtype).data)
