"""CIFAR's layout: of CIFAR-10 five training batches, a test batch, and the names of the classes.

A batch file is a pickled dictionary. ``data`` is a (n, 3072) uint8 array; a row is a 32x32
picture, first its 1024 red values row by row, then green, then blue. ``labels`` is a list of n
class indices, in CIFAR-100 ``fine_labels`` and ``coarse_labels`` are. See https://www.cs.toronto.edu/~kriz/cifar.html.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from stages.data.batches import join_batches
from stages.data.samples import Samples
from stages.runtime.errors import PipelineError
from stages.sources.cifar_pickles import LIMITS, Limits, load_batch_file
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
    class_names = read_class_names(folder / META_NAME, "label_names")
    batches = {name: read_batch(folder / name, "labels", len(class_names)) for name in BATCH_NAMES}
    return join_batches(batches, class_names, SPLITS)


def read_class_names(path: Path, key: str) -> list[str]:
    """Return the names that a file with other facts has under `key`.

    Raises
    ------
    PipelineError
        If the file is missing, damaged, or has none.
    """
    names = load_batch_file(path).get(key.encode())
    if not isinstance(names, list) or not all(isinstance(name, bytes) for name in names):
        raise PipelineError(f"{path} has no list of {key}: fetch it again")
    return [name.decode("utf-8", errors="replace") for name in names]


def read_batch(
    path: Path, key: str, n_classes: int, limits: Limits = LIMITS
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Return the (n, 32, 32, 3) pictures of a file, and the labels that it has under `key`.

    Raises
    ------
    PipelineError
        If the file is missing, damaged, or not of the layout.
    """
    batch = load_batch_file(path, limits)
    data, labels = batch.get(b"data"), batch.get(key.encode())
    width = CHANNELS * SIDE * SIDE
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.shape[1:] != (width,):
        raise PipelineError(f"{path}: data is not an array of (n, {width}) bytes: fetch it again")
    if (
        not isinstance(labels, list)
        or len(labels) != len(data)
        or not all(isinstance(label, int) and 0 <= label < n_classes for label in labels)
    ):
        what = f"{key} are not {len(data)} numbers from 0 to {n_classes - 1}"
        raise PipelineError(f"{path}: {what}: fetch it again")
    pictures = data.reshape(-1, CHANNELS, SIDE, SIDE).transpose(0, 2, 3, 1)
    return pictures, np.array(labels, dtype=np.int64)
