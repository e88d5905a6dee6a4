"""The report's pictures, as PNG files whose bytes depend on the numbers alone."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from stages.reporting.results import Result

mpl.use("Agg")
COLUMNS = 3


def learning_curves(results: list[Result], path: Path) -> None:
    """Draw both losses over the epochs, mean and standard deviation, a panel an experiment."""
    columns = min(COLUMNS, len(results))
    rows = math.ceil(len(results) / columns)
    figure = Figure(figsize=(4 * columns, 2.8 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel, result in zip(panels, results, strict=False):
        epochs = result.curves["epoch"]
        for field, label in (("loss", "loss"), ("net_loss", "net loss")):
            if field == "net_loss" and result.experiment.penalty == "none":
                continue  # it is the loss itself
            mean, sd = result.curves[field], result.curves[f"{field}_sd"]
            (line,) = panel.plot(epochs, mean, linewidth=1.2, label=label)
            panel.fill_between(epochs, mean - sd, mean + sd, alpha=0.25, color=line.get_color())
        panel.set_title(result.name, fontsize=10)
        panel.set_xlabel("epoch")
        panel.set_ylabel("training loss (nats)")
        panel.grid(alpha=0.3)
        panel.legend(fontsize=8)
    for panel in panels[len(results) :]:
        panel.set_axis_off()
    _save(figure, path)


def confusion(result: Result, path: Path) -> None:
    """Draw the confusion matrix, each row as percent of its true class."""
    counts = np.array(result.metrics["confusion_matrix"], dtype=float)
    percent = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names = result.class_names
    figure = Figure(figsize=(6.4, 5.6), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(percent, cmap="Blues", vmin=0, vmax=100)
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true class")
    axes.set_title(f"{result.name}: % of each true class")
    _write_numbers(axes, percent)
    figure.colorbar(image, ax=axes, shrink=0.8)
    _save(figure, path)


def _write_numbers(axes: Any, percent: npt.NDArray[np.float64]) -> None:
    for (row, column), value in np.ndenumerate(percent):
        color = "white" if value > 50 else "black"
        axes.text(column, row, f"{value:.0f}", ha="center", va="center", fontsize=8, color=color)


def _save(figure: Figure, path: Path) -> None:
    # Without the version of matplotlib, which would change the bytes at every upgrade.
    figure.savefig(path, dpi=110, metadata={"Software": None})
