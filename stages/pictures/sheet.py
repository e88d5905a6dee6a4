"""Test pictures of each class side by side, and what a page must know of them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

PER_CLASS = 10
MOST_CLASSES = 50


def rows_of_classes(labels: npt.NDArray[np.integer[Any]], n_classes: int) -> list[list[int]]:
    """Return the first test pictures of each of the first classes, as places in the test batch."""
    classes = range(min(n_classes, MOST_CLASSES))
    return [np.flatnonzero(labels == k)[:PER_CLASS].tolist() for k in classes]


def draw_sheet(pixels: npt.NDArray[Any], rows: list[list[int]], path: Path) -> None:
    """Write a PNG with a line for each class, without gaps; black where there is no picture.

    Parameters
    ----------
    pixels : ndarray of shape (n, height, width, 1 or 3), uint8
    rows : list of list of int
    path : Path
    """
    height, width, channels = pixels.shape[1:]
    sheet = np.zeros((len(rows), PER_CLASS, height, width, channels), dtype=np.uint8)
    for line, places in zip(sheet, rows, strict=True):
        line[: len(places)] = pixels[places]
    joined = sheet.swapaxes(1, 2).reshape(len(rows) * height, PER_CLASS * width, channels)
    Image.fromarray(joined.squeeze(axis=2) if channels == 1 else joined).save(path, format="png")


def about_pictures(folder: Path, rows: list[list[int]], shape: tuple[int, ...]) -> dict[str, Any]:
    """Return what a page needs of the figures in `folder`: their digests, too.

    By them DVC notices another picture, though a page may have to do without the files.
    """
    digests = {
        file.stem: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.glob("*.png"))
    }
    sheet = {"rows": rows, "columns": PER_CLASS, "height": shape[0], "width": shape[1]}
    return {"sha256": digests, "sheet": sheet}
