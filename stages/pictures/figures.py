"""Pictures of a dataset, drawn to PNG files."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy.typing as npt

from stages.data.samples import Samples
from stages.drawing.canvas import Axes, Figure, label, new_figure, save
from stages.pictures.drawings import Drawing, in_colour
from stages.pictures.mistakes import Mistake
from stages.transforms.base import Rows

MOST_COLUMNS = 12  # inches of a figure that a page shows in full
NARROW = 14  # characters above a picture
SIDE = 0.92  # inches of a picture, of the one that it has
TITLE, MARGIN, GAP = 0.3, 0.3, 0.05  # inches above pictures, at their left, and to a text


def draw_preprocessing(rows: dict[str, Drawing], titles: list[str], path: Path) -> None:
    """Draw one row for each preprocessing and one column for each picture, in bands of columns."""
    columns = min(len(titles), MOST_COLUMNS)
    band_height = len(rows) + TITLE
    figure, axes = _sheet(columns + MARGIN, math.ceil(len(titles) / columns) * band_height)
    for place, (name, pictures) in enumerate(rows.items()):
        for number, (picture, title) in enumerate(zip(pictures, titles, strict=True)):
            band, column = divmod(number, columns)
            left, top = MARGIN + column, band * band_height + TITLE + place
            _show(axes, picture, left, top)
            if column == 0:
                middle = (left - MARGIN / 2, top + SIDE / 2)
                axes.text(*middle, name, rotation=90, ha="center", va="center", fontsize=8)
            if place == 0:
                text = label(title, NARROW)
                axes.text(left + SIDE / 2, top - TITLE / 4, text, ha="center", fontsize=8)
    save(figure, path)


def draw_mistakes(mistakes: list[Mistake], pictures: Rows, samples: Samples, path: Path) -> None:
    """Draw mistakes, ten in a row, with the true class, the one that was given, and how surely."""
    columns, width, height = 10, 1.15, 1.55
    figure, axes = _sheet(columns * width, max(1, math.ceil(len(mistakes) / columns)) * height)
    for number, mistake in enumerate(mistakes):
        row, column = divmod(number, columns)
        left, top = column * width + (width - SIDE) / 2, (row + 1) * height - SIDE - GAP
        classes = (mistake.actual, mistake.predicted)
        actual, predicted = (label(samples.class_names[k], NARROW) for k in classes)
        _show(axes, in_colour(pictures[[mistake.row]] / 255)[0], left, top)
        text = f"{actual},\ntaken for\n{predicted} ({mistake.confidence:.0%})"
        axes.text(left + SIDE / 2, top - GAP, text, ha="center", fontsize=7)
    save(figure, path)


def _sheet(width: float, height: float) -> tuple[Figure, Axes]:
    """Return a figure of so many inches, and axes over all of it, in inches from the top left.

    (Axes for each picture take six times as long.)
    """
    figure = new_figure(width, height)
    figure.set_layout_engine("none")  # everything has its place
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set(xlim=(0, width), ylim=(height, 0), autoscale_on=False)
    return figure, axes


def _show(axes: Axes, picture: npt.NDArray[Any], left: float, top: float) -> None:
    """Draw a picture into a square of `SIDE` inches."""
    height, width = (SIDE * length / max(picture.shape[:2]) for length in picture.shape[:2])
    left, top = left + (SIDE - width) / 2, top + (SIDE - height) / 2
    extent = (left, left + width, top + height, top)
    axes.imshow(picture, extent=extent, interpolation="nearest", aspect="auto")
