"""Accuracy against minutes, as a picture."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from stages.reporting.figures import save

BESIDE = 1.6  # names of points whose minutes differ by a smaller factor could overlap,
LINE = 2.4  # and are so many points of accuracy apart


def draw_cost(table: pd.DataFrame, path: Path) -> None:
    """Draw accuracy against minutes, with the standard deviation over the seeds, if any has both.

    One seed has no spread, and is drawn without.
    """
    timed = table[table["minutes"].notna()]
    if timed.empty:
        return
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.errorbar(
        timed["minutes"], timed["accuracy_mean"], timed["accuracy_sd"].fillna(0), fmt="o", ms=4
    )
    for name, x, y in zip(timed["experiment"], timed["minutes"], _heights(timed), strict=True):
        axes.annotate(
            name, (x, y), xytext=(5, 0), textcoords="offset points", va="center", fontsize=8
        )
    axes.set_xscale("log")
    axes.margins(x=0.18)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("")
    axes.set_xlabel("minutes for features and training, all seeds, cold")
    axes.set_ylabel("test accuracy (%)")
    axes.grid(alpha=0.3)
    save(figure, path)


def _heights(timed: pd.DataFrame) -> list[float]:
    """Return where names stand in the leaderboard's order: below those that are beside them."""
    placed: list[tuple[float, float]] = []
    for minutes, accuracy in zip(timed["minutes"], timed["accuracy_mean"], strict=True):
        beside = [y for other, y in placed if 1 / BESIDE < other / minutes < BESIDE]
        placed.append((minutes, min([accuracy, *(y - LINE for y in beside)])))
    return [y for _, y in placed]
