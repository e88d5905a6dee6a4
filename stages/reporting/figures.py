"""The first layer's weights as pictures, in PNG files whose bytes depend on the numbers alone."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stages.drawing.canvas import label, new_figure, save
from stages.evaluation.results import Result

GAP = 2  # pixels between two pictures
NARROW = 8  # characters below a picture of weights
MOST_NAMES = 16  # of classes that fit side by side


def has_pixel_weights(result: Result) -> bool:
    """Whether the first layer sees pixels, so that its weights are pictures."""
    return result.predictions.picture_shape is not None


def weights(result: Result, path: Path) -> None:
    """Draw what the units of the first layer look for, 64 at most, of the first seed's network.

    Grey is 0; each unit has its own scale, up to its largest weight of either sign.
    """
    units = result.predictions.first_layer / np.iinfo(np.int8).max
    shape = result.predictions.picture_shape or []
    pictures = (0.5 + 0.5 * units).reshape(-1, *shape)
    pictures = np.broadcast_to(pictures, (*pictures.shape[:3], 3))
    is_output = not (result.experiment.hidden_layer_sizes or result.experiment.layers)
    columns = min(len(pictures), MOST_NAMES) if is_output else 16
    image = montage(pictures, columns)
    height = 7.5 * image.shape[0] / image.shape[1] + 0.6
    figure = new_figure(7.5, height)
    axes = figure.subplots()
    axes.imshow(image, interpolation="nearest")
    axes.set_yticks([])
    axes.set_xticks([])
    if is_output and len(pictures) == columns:
        middles = (np.arange(columns) + 0.5) * (shape[1] + GAP) - GAP / 2
        axes.set_xticks(middles, [label(name, NARROW) for name in result.class_names], fontsize=8)
    elif is_output:
        axes.set_xlabel(_in_rows(result.class_names, columns), fontsize=7)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title(f"{result.name}: first layer", fontsize=10)
    save(figure, path)


def _in_rows(names: list[str], columns: int) -> str:
    """Return the names in the order of the pictures of a `montage`, a line for each row."""
    names = [label(name, NARROW) for name in names]
    rows = [names[start : start + columns] for start in range(0, len(names), columns)]
    return "\n".join(", ".join(row) for row in rows)


def montage(pictures: npt.NDArray[np.float64], columns: int) -> npt.NDArray[np.float64]:
    """Return (n, height, width, 3) pictures side by side, in rows of `columns`, white between."""
    n, height, width, _ = pictures.shape
    columns = min(columns, n)
    rows = math.ceil(n / columns)
    sheet = np.ones((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, 3))
    for number, picture in enumerate(pictures):
        top, left = number // columns * (height + GAP), number % columns * (width + GAP)
        sheet[top : top + height, left : left + width] = picture
    return sheet
