"""CIFAR-10's layout: five training batches, a test batch, and the names of the classes.

A batch file is a pickled dictionary. ``data`` is a (n, 3072) uint8 array; a row is a 32x32
picture, first its 1024 red values row by row, then green, then blue. ``labels`` is a list of n
class indices. See https://www.cs.toronto.edu/~kriz/cifar.html.
"""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stages.data.samples import Samples
from stages.data.unpickling import load_batch_file
from stages.params.batches import BATCH_NAMES
from stages.runtime.errors import PipelineError

META_NAME = "batches.meta"
SIDE = 32  # height and width of a picture
CHANNELS = 3
PICTURE_SHAPE = (SIDE, SIDE, CHANNELS)


def read_pictures(folder: Path) -> Samples:
    """Read all six batches.

    Returns
    -------
    Samples
        With values of shape (n, 32, 32, 3), uint8, rows from top to bottom, red-green-blue.

    Raises
    ------
    PipelineError
        If a file is missing, damaged, or not of the layout.
    """
    class_names = _read_class_names(folder / META_NAME)
    parts = [_read_batch(folder / name, len(class_names)) for name in BATCH_NAMES]
    ends = np.cumsum([len(labels) for _, labels in parts]).tolist()
    return Samples(
        values=np.concatenate([pictures for pictures, _ in parts]),
        labels=np.concatenate([labels for _, labels in parts]),
        batches=dict(zip(BATCH_NAMES, zip([0, *ends], ends, strict=False), strict=True)),
        class_names=class_names,
        picture_shape=PICTURE_SHAPE,
    )


def write_batch(path: Path, pictures: npt.NDArray[np.uint8], labels: list[int]) -> None:
    """Write (n, 32, 32, 3) pictures and their labels as one batch file."""
    rows = np.ascontiguousarray(pictures.transpose(0, 3, 1, 2)).reshape(len(pictures), -1)
    _write(path, {b"batch_label": path.name.encode(), b"labels": labels, b"data": rows})


def write_class_names(folder: Path, names: list[str], per_batch: int) -> None:
    """Write ``batches.meta``."""
    encoded = [name.encode() for name in names]
    meta = {b"num_cases_per_batch": per_batch, b"label_names": encoded, b"num_vis": 3072}
    _write(folder / META_NAME, meta)


def _write(path: Path, value: dict[bytes, object]) -> None:
    # Protocol 4 is the first that stores bytes without a detour through a codec's name.
    path.write_bytes(pickle.dumps(value, protocol=4))


def _read_class_names(path: Path) -> list[str]:
    names = load_batch_file(path).get(b"label_names")
    if not isinstance(names, list) or not all(isinstance(name, bytes) for name in names):
        raise PipelineError(f"{path} has no list of label_names: fetch it again")
    return [name.decode("utf-8", errors="replace") for name in names]


def _read_batch(path: Path, n_classes: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    batch = load_batch_file(path)
    data, labels = batch.get(b"data"), batch.get(b"labels")
    width = CHANNELS * SIDE * SIDE
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.shape[1:] != (width,):
        raise PipelineError(f"{path}: data is not an array of (n, {width}) bytes: fetch it again")
    if (
        not isinstance(labels, list)
        or len(labels) != len(data)
        or not all(isinstance(label, int) and 0 <= label < n_classes for label in labels)
    ):
        what = f"labels are not {len(data)} numbers from 0 to {n_classes - 1}"
        raise PipelineError(f"{path}: {what}: fetch it again")
    pictures = data.reshape(-1, CHANNELS, SIDE, SIDE).transpose(0, 2, 3, 1)
    return pictures, np.array(labels, dtype=np.int64)
