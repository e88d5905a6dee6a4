"""Accuracy against minutes, as a picture."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from stages.drawing.canvas import COLOURS, LogLocator, new_figure, save
from stages.drawing.labels import place_labels


def draw_cost(table: pd.DataFrame, path: Path) -> None:
    """Draw accuracy against minutes, with the standard deviation over the seeds, if any has both.

    One seed has no spread, and is drawn without.
    """
    timed = table[table["minutes"].notna()]
    if timed.empty:
        return
    minutes, means = timed["minutes"], timed["accuracy_mean"]
    figure = new_figure(7, 4.5)
    axes = figure.subplots()
    spread = timed["accuracy_sd"].fillna(0)
    axes.errorbar(minutes, means, spread, fmt="o", ms=4, color=COLOURS[0])
    axes.set_xscale("log")
    axes.margins(x=0.18, y=0.1)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("")
    axes.set_xlabel("minutes for features and training, all seeds, cold")
    axes.set_ylabel("test accuracy (%)")
    axes.grid(alpha=0.3)
    place_labels(figure, axes, list(timed["experiment"]), list(zip(minutes, means, strict=True)))
    save(figure, path)
