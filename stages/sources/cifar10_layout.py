"""CIFAR-10's layout: five training batches, a test batch, and the names of the classes.

A batch file is a pickled dictionary. ``data`` is a (n, 3072) uint8 array; a row is a 32x32
picture, first its 1024 red values row by row, then green, then blue. ``labels`` is a list of n
class indices. See https://www.cs.toronto.edu/~kriz/cifar.html.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from stages.data.batches import join_batches
from stages.data.samples import Samples
from stages.runtime.errors import PipelineError
from stages.sources.cifar10_pickles import load_batch_file
from stages.sources.six_batches import BATCH_NAMES, SPLITS

META_NAME = "batches.meta"
SIDE = 32  # height and width of a picture
CHANNELS = 3
PICTURE_SHAPE = (SIDE, SIDE, CHANNELS)


def read_batches(folder: Path) -> Samples:
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
    batches = {name: _read_batch(folder / name, len(class_names)) for name in BATCH_NAMES}
    return join_batches(batches, class_names, SPLITS)


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
