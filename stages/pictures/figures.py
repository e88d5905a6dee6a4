"""Pictures of a dataset, drawn to PNG files."""

from __future__ import annotations

import math
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from stages.data.samples import Samples
from stages.pictures.drawings import Drawing
from stages.pictures.mistakes import Mistake
from stages.transforms.base import Rows

mpl.use("Agg")


def draw_preprocessing(rows: dict[str, Drawing], titles: list[str], path: Path) -> None:
    """Draw one row for each preprocessing, one column for each picture."""
    figure = Figure(figsize=(len(titles), len(rows) + 0.3), layout="constrained")
    panels = figure.subplots(len(rows), len(titles), squeeze=False)
    for line, (name, pictures) in zip(panels, rows.items(), strict=True):
        for axes, picture in zip(line, pictures, strict=True):
            axes.imshow(picture, interpolation="nearest")
            axes.set_xticks([])
            axes.set_yticks([])
        line[0].set_ylabel(name, fontsize=8)
    for axes, title in zip(panels[0], titles, strict=True):
        axes.set_title(title, fontsize=8)
    _save(figure, path)


def draw_mistakes(
    mistakes: list[Mistake], pictures: Rows, samples: Samples, n_networks: int, path: Path
) -> None:
    """Draw mistakes, ten in a row, with the true class and the one that was given."""
    columns = 10
    rows = max(1, math.ceil(len(mistakes) / columns))
    figure = Figure(figsize=(columns * 1.1, rows * 1.7), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in panels:
        axes.set_axis_off()
    for axes, mistake in zip(panels, mistakes, strict=False):
        actual, predicted = (samples.class_names[k] for k in (mistake.actual, mistake.predicted))
        axes.imshow(pictures[mistake.row], interpolation="nearest")
        text = f"{actual},\ntaken for\n{predicted} ({mistake.n_networks}/{n_networks})"
        axes.set_title(text, fontsize=7)
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    # Without the version of matplotlib, which would change the bytes at every upgrade.
    figure.savefig(path, dpi=110, metadata={"Software": None})
