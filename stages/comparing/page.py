"""What changed, as Markdown and as a drawing."""

from __future__ import annotations

import altair as alt
import pandas as pd

from stages.statistics.units import PERCENT, bracket, number
from stages.tables.markdown import markdown_table
from stages.webpage.chart import Chart, draw
from stages.webpage.theme import DATA_COLOURS, INK

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
    base = alt.Chart(known).encode(y=alt.Y("experiment:N", sort=None, title=None))
    title = "change of accuracy (points)"
    intervals = base.mark_rule(color=DATA_COLOURS[0], strokeWidth=3).encode(
        x=alt.X("low:Q", title=title), x2="high:Q"
    )
    points = base.mark_point(color=DATA_COLOURS[0], filled=True, size=60, opacity=1).encode(
        x=alt.X("difference:Q", title=title)
    )
    nought = alt.Chart(pd.DataFrame({"x": [0]})).mark_rule(color=INK).encode(x="x:Q")
    chart = alt.layer(nought, intervals, points).properties(width=420, height=alt.Step(22))
    return draw("changes", chart, "Changes of accuracy with 95 % intervals.", known)
