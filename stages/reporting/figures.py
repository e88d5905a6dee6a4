"""The report's pictures, as PNG files whose bytes depend on the numbers alone."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from stages.claims.schema import Group
from stages.drawing.canvas import Axes, label, new_figure, save, styles
from stages.evaluation.results import Result
from stages.statistics.units import TO_PERCENT

WIDTH = 14  # inches of the learning curves
GAP = 2  # pixels between two pictures
NARROW = 8  # characters below a picture of weights
MOST_NAMES = 16  # of classes that fit side by side


def learning_curves(groups: list[Group], results: list[Result], path: Path) -> None:
    """Draw losses of training and test, and test accuracy, a row a group, one for those of none.

    The two losses share an axis, so that they can be compared; and a row's names stand beside it.
    """
    filled = _members(groups, results)
    figure = new_figure(WIDTH, 3 * len(filled))
    rows = figure.subplots(len(filled), 4, squeeze=False, width_ratios=(1, 1, 1, 0.55))
    for (losses, test_losses, accuracies, names), (title, runs) in zip(
        rows, filled.items(), strict=True
    ):
        for result, style in zip(runs, styles(len(runs)), strict=True):
            values = result.predictions
            _draw(losses, values.net_loss, style, result.short_name)
            if result.experiment.penalty != "none":
                thin = {**style, "linewidth": 0.6}
                _draw(losses, values.loss, thin, f"{result.short_name}, penalty")
            _draw(test_losses, values.test_loss, style)
            _draw(accuracies, TO_PERCENT * values.test_accuracy, style)
        losses.sharey(test_losses)
        losses.set_ylim(bottom=0)
        losses.set_title(title, fontsize=10, loc="left")
        names.set_axis_off()
        names.legend(*losses.get_legend_handles_labels(), fontsize=8, loc="center left")
        for panel, what in (
            (losses, "training loss (nats)"),
            (test_losses, "test loss (nats)"),
            (accuracies, "test accuracy (%)"),
        ):
            panel.set_xlabel("epoch")
            panel.set_ylabel(what)
            panel.grid(alpha=0.3)
    save(figure, path)


def _members(groups: list[Group], results: list[Result]) -> dict[str, list[Result]]:
    """Return the results of each group that has any, and those that no group names."""
    names = {group.title: [group.baseline, *group.experiments] for group in groups}
    named = {name for members in names.values() for name in members}
    names["others"] = [result.short_name for result in results if result.short_name not in named]
    known = {result.short_name: result for result in results}
    members = {title: [known[n] for n in group if n in known] for title, group in names.items()}
    return {title: runs for title, runs in members.items() if runs}


def _draw(
    panel: Axes, values: npt.NDArray[np.float64], style: dict[str, Any], name: str | None = None
) -> None:
    """Draw mean and standard deviation over the seeds, at epochs that all of them have."""
    known = np.flatnonzero(~np.isnan(values).any(axis=0))
    seeds = values[:, known]
    mean, sd = seeds.mean(axis=0), seeds.std(axis=0, ddof=int(len(seeds) > 1))
    panel.plot(known + 1, mean, label=name, **{"linewidth": 1.2} | style)
    panel.fill_between(
        known + 1, mean - sd, mean + sd, alpha=0.2, color=style["color"], linewidth=0
    )


def confusion(result: Result, path: Path) -> None:
    """Draw the confusion matrix, each row as percent of its true class."""
    counts = np.array(result.scores["confusion_matrix"], dtype=float)
    percent = TO_PERCENT * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names = [label(name) for name in result.class_names]
    # Cells keep their size until the figure is as wide as a page shows it.
    growth = min(max(len(names) / 10, 1), 2.5)
    figure = new_figure(6.4 * growth, 5.6 * growth)
    axes = figure.subplots()
    image = axes.imshow(percent, cmap="Blues", vmin=0, vmax=100)
    turned = 45 if len(names) <= MOST_NAMES else 90
    axes.set_xticks(
        range(len(names)), names, rotation=turned, ha="right" if turned < 90 else "center"
    )
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true class")
    axes.set_title(f"{result.name}: % of each true class")
    size = 8 if len(names) <= MOST_NAMES else 6
    for (row, column), value in np.ndenumerate(percent):
        if len(names) <= MOST_NAMES or value >= 0.5:  # zeros of many classes hide the rest
            color = "white" if value > 50 else "black"
            text = f"{value:.0f}"
            axes.text(column, row, text, ha="center", va="center", fontsize=size, color=color)
    figure.colorbar(image, ax=axes, shrink=0.8)
    save(figure, path)


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
    is_output = not result.experiment.hidden_layer_sizes
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
