"""The page of a dataset: the report's own text, with charts, drawings and pictures in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from stages.evaluation.results import Result, best_result
from stages.reporting.page import render
from stages.tables.base import Outcome
from stages.tables.questions import questions_asked
from stages.tables.writing import Written
from stages.webpage import charts
from stages.webpage.chart import Chart
from stages.webpage.filters import filters
from stages.webpage.intervals import intervals_html
from stages.webpage.manner import PageManner
from stages.webpage.markdown import to_html
from stages.webpage.network import network_html
from stages.webpage.sheet import sheet_html
from stages.webpage.skeleton import skeleton
from stages.webpage.theme import PAPER_COLOURS

UP = (("../index.html", "All datasets"),)


class Shown(NamedTuple):
    """What gallery says of its pictures, and whether they are put into the page."""

    about: dict[str, Any]
    carried: bool


def charts_of(outcome: Outcome, tables: Mapping[str, Written]) -> dict[str, list[Chart]]:
    """Return the charts by the names of the figures in whose place they stand."""
    groups = [group for question in outcome.study.questions for group in question.groups]
    best = best_result(outcome.results)
    found = {
        "learning-curves": charts.learning_curves(groups, outcome.results),
        "confusion": [charts.confusion(best)],
        "reliability": [charts.reliability(best)],
    }
    if chart := filters(best):
        found["filters"] = [chart]
    about = (
        "Every seed's accuracy (points), their mean and its 95 % interval (bar), and the interval "
        "that other test pictures would give (line)."
    )
    for question, pairs in questions_asked(outcome):
        name = f"accuracies-{question}"
        found[name] = [charts.accuracies([result for result, _ in pairs], name, about)]
    if "leaderboard" in tables:
        chart = charts.cost(tables["leaderboard"].numbers)
        found |= {"cost": [chart]} if chart else {}
    return found


def write_charts(folder: Path, found: Mapping[str, list[Chart]]) -> None:
    """Write the numbers of each chart as CSV, and its drawing as SVG."""
    for several in found.values():
        for one in several:
            text = one.numbers.to_csv(index=False, lineterminator="\n")
            (folder / f"{one.name}.csv").write_text(text, encoding="utf-8")
            svg = one.drawing(PAPER_COLOURS, 'style="background: white"')
            (folder / f"{one.name}.svg").write_text(svg, encoding="utf-8")


def render_page(
    folder: Path,
    outcome: Outcome,
    found: Mapping[str, list[Chart]],
    shown: Shown,
    script: str,
    values: dict[str, Any],
) -> str:
    """Return the page; `values` are those of the report's template."""
    best: Result = best_result(outcome.results)
    drawn = {"claims": [intervals_html(judgement) for judgement in outcome.judgements]}
    manner = PageManner(folder, found, {}, drawn)
    manner.parts = {"network": network_html(best)}
    if shown.carried:
        manner.parts["sheet"] = sheet_html(best, shown.about["sheet"], manner.source("sheet"))
    text = render(manner, **(values | {"redistributable": shown.carried}))
    return skeleton(text.splitlines()[0].removeprefix("# "), to_html(text), script, UP)
