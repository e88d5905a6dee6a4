"""Pictures of a dataset, drawn to PNG files."""

from __future__ import annotations

import math
from pathlib import Path

from stages.data.samples import Samples
from stages.drawing.canvas import label, new_figure, save
from stages.pictures.drawings import Drawing, in_colour
from stages.pictures.mistakes import Mistake
from stages.transforms.base import Rows

MOST_COLUMNS = 12  # inches of a figure that a page shows in full
NARROW = 14  # characters above a picture


def draw_preprocessing(rows: dict[str, Drawing], titles: list[str], path: Path) -> None:
    """Draw one row for each preprocessing and one column for each picture, in bands of columns."""
    columns = min(len(titles), MOST_COLUMNS)
    bands = math.ceil(len(titles) / columns)
    figure = new_figure(columns, bands * (len(rows) + 0.3))
    panels = figure.subplots(bands * len(rows), columns, squeeze=False)
    for axes in panels.ravel():
        axes.set_axis_off()
    for place, (name, pictures) in enumerate(rows.items()):
        for number, (picture, title) in enumerate(zip(pictures, titles, strict=True)):
            band, column = divmod(number, columns)
            axes = panels[band * len(rows) + place, column]
            axes.set_axis_on()
            axes.imshow(picture, interpolation="nearest")
            axes.set_xticks([])
            axes.set_yticks([])
            if column == 0:
                axes.set_ylabel(name, fontsize=8)
            if place == 0:
                axes.set_title(label(title, NARROW), fontsize=8)
    save(figure, path)


def draw_mistakes(mistakes: list[Mistake], pictures: Rows, samples: Samples, path: Path) -> None:
    """Draw mistakes, ten in a row, with the true class, the one that was given, and how surely."""
    columns = 10
    rows = max(1, math.ceil(len(mistakes) / columns))
    figure = new_figure(columns * 1.1, rows * 1.7)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in panels:
        axes.set_axis_off()
    for axes, mistake in zip(panels, mistakes, strict=False):
        classes = (mistake.actual, mistake.predicted)
        actual, predicted = (label(samples.class_names[k], NARROW) for k in classes)
        axes.imshow(in_colour(pictures[[mistake.row]] / 255)[0], interpolation="nearest")
        text = f"{actual},\ntaken for\n{predicted} ({mistake.confidence:.0%})"
        axes.set_title(text, fontsize=7)
    save(figure, path)
