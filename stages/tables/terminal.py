"""Experiments as a table for a terminal."""

from __future__ import annotations

from typing import Any, NamedTuple, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from stages.statistics.units import TO_PERCENT, plus_minus

WIDTH = 80


class Row(NamedTuple):
    """An experiment as it stands.

    Attributes
    ----------
    name : str
    metrics : dict
        Its headline numbers; empty if it has not run.
    minutes : float or None
        What features and networks took, if that is known.
    settings : str
        What differs from the defaults.
    """

    name: str
    metrics: dict[str, Any]
    minutes: float | None
    settings: str


def print_experiments(rows: list[Row], file: TextIO) -> None:
    """Print them in 80 columns, the best first, and last those that have not run."""
    table = Table(box=None, pad_edge=False)
    table.add_column("experiment", max_width=27, overflow="fold")
    table.add_column("accuracy %", justify="right", no_wrap=True)
    table.add_column("minutes", justify="right", no_wrap=True)
    table.add_column("differs from the defaults in", overflow="fold")
    for row in sorted(rows, key=lambda row: -row.metrics.get("accuracy", -1)):
        minutes = "" if row.minutes is None else f"{row.minutes:.1f}"
        cells = (row.name, _accuracy(row.metrics), minutes, row.settings)
        table.add_row(*map(Text, cells))
    # No colours and no more columns on a wide terminal: it looks the same wherever it goes.
    Console(file=file, width=WIDTH, no_color=True).print(table)


def _accuracy(metrics: dict[str, Any]) -> str:
    if not metrics:
        return "not run"
    sd = float("nan") if metrics["sd"] is None else TO_PERCENT * metrics["sd"]
    return plus_minus(TO_PERCENT * metrics["accuracy"], sd, 2)
