"""What changed, as Markdown and as a drawing."""

from __future__ import annotations

import pandas as pd

from stages.statistics.units import PERCENT, bracket, number
from stages.tables.markdown import markdown_table
from stages.webpage.chart import Chart, draw
from stages.webpage.theme import DATA_COLOURS, INK
from stages.webpage.vega import data, mark, nominal, quantity, told

NOTHING = "Nothing."


def render(
    old: str, new: str, parameters: pd.DataFrame, accuracies: pd.DataFrame, verdicts: pd.DataFrame
) -> str:
    """Return the page: parameters, accuracies with intervals, verdicts that are others now."""
    parts = [f"# From {old} to {new}"]
    shown = (
        ("Parameters", parameters),
        ("Accuracies", _cells(accuracies)),
        ("Verdicts", verdicts),
    )
    for title, table in shown:
        parts += [f"## {title}", markdown_table(table) if len(table) else NOTHING]
    return "\n\n".join(parts) + "\n"


def _cells(accuracies: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for row in accuracies.to_dict("records"):
        cells = {"experiment": row["experiment"]}
        for name in ("old", "new"):
            cells[f"{name} %"] = "" if pd.isna(row[name]) else f"{row[name]:.2f}"
        change = "" if pd.isna(row["difference"]) else number(row["difference"], PERCENT, sign=True)
        if pd.notna(row["low"]):
            change += f" {bracket(row['low'], row['high'], PERCENT, sign=True)}"
        rows.append(cells | {"points, 95 %": change, "interval of": row["interval_of"]})
    return pd.DataFrame(rows).fillna("")


def draw_changes(accuracies: pd.DataFrame) -> Chart | None:
    """Return the differences with their intervals, or None where there are none."""
    known = accuracies[accuracies["difference"].notna()]
    if known.empty:
        return None
    y = nominal("experiment", sort=None)
    title = "change of accuracy (points)"
    interval = {"x": quantity("low", title), "x2": {"field": "high"}, "y": y}
    point = {"x": quantity("difference", title), "y": y, "tooltip": told(known.columns)}
    spec = {
        "data": data(known),
        "width": 420,
        "height": {"step": 22},
        "layer": [
            mark("rule", {"x": {"datum": 0}}, color=INK),
            mark("rule", interval, color=DATA_COLOURS[0], strokeWidth=3),
            mark("point", point, color=DATA_COLOURS[0], filled=True, size=60, opacity=1),
        ],
    }
    return draw("changes", spec, "Changes of accuracy with 95 % intervals.", known)
