"""The charts of a dataset's page, made of its results."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from stages.claims.schema import Group
from stages.evaluation.results import Result
from stages.statistics.units import TO_PERCENT
from stages.tables.measures import accuracy_intervals
from stages.webpage.chart import Chart, draw
from stages.webpage.theme import DASHES, DATA_COLOURS, FAINT, INK

MOST_EPOCHS = 60  # of a curve that are drawn
MOST_NAMES = 16  # of classes whose shares are written into the cells of a confusion matrix
WIDTH = 420  # pixels of a chart's inner part
DIGITS = 4


def accuracies(results: Sequence[Result], name: str, text: str) -> Chart:
    """Return every seed's accuracy, beside the mean and both intervals, a line an experiment."""
    order = list(dict.fromkeys(result.short_name for result in results))
    rows, seeds = [], []
    for result in {one.short_name: one for one in results}.values():
        about = {"experiment": result.short_name, "accuracy": TO_PERCENT * result.accuracy}
        rows.append(about | accuracy_intervals(result))
        per_seed = zip(result.experiment.seeds, result.per_seed("accuracy"), strict=True)
        seeds += [
            {"experiment": result.short_name, "seed": seed, "accuracy": value}
            for seed, value in per_seed
        ]
    numbers, points = pd.DataFrame(rows).round(DIGITS), pd.DataFrame(seeds).round(DIGITS)
    y = alt.Y("experiment:N", sort=order, title=None)
    base = alt.Chart(numbers).encode(y=y, tooltip=list(numbers.columns))

    def x(field: str) -> alt.X:
        title = "accuracy on the test pictures (%)"
        return alt.X(f"{field}:Q", scale=alt.Scale(zero=False), title=title)

    pictures = base.mark_rule(color=INK, opacity=0.45).encode(
        x=x("pictures_low"), x2="pictures_high:Q"
    )
    over_seeds = base.mark_rule(color=DATA_COLOURS[0], strokeWidth=5, opacity=0.6).encode(
        x=x("accuracy_low"), x2="accuracy_high:Q"
    )
    mean = base.mark_tick(color=INK, thickness=2, size=14).encode(x=x("accuracy"))
    dots = (
        alt.Chart(points)
        .mark_circle(color=DATA_COLOURS[1], size=22, opacity=0.9)
        .encode(x=x("accuracy"), y=y, tooltip=["experiment", "seed", "accuracy"])
    )
    chart = alt.layer(pictures, over_seeds, mean, dots).properties(width=WIDTH, height=alt.Step(22))
    merged = points.merge(numbers, on="experiment", suffixes=("_of_seed", "_mean"))
    return draw(name, chart, text, merged)


def cost(leaderboard: pd.DataFrame) -> Chart | None:
    """Return accuracy against minutes, or None where no minutes are known."""
    columns = ["experiment", "minutes", "accuracy_mean", "accuracy_sd", "parameters"]
    timed = leaderboard.loc[leaderboard["minutes"].notna(), columns].round(DIGITS)
    if timed.empty:
        return None
    chart = (
        alt.Chart(timed)
        .mark_circle(size=60, color=DATA_COLOURS[0], opacity=1)
        .encode(
            x=alt.X("minutes:Q", scale=alt.Scale(type="log"), title="minutes, all seeds, cold"),
            y=alt.Y("accuracy_mean:Q", scale=alt.Scale(zero=False), title="accuracy (%)"),
            tooltip=columns,
        )
        .properties(width=WIDTH, height=260)
    )
    text = "Accuracy against the minutes for features and training; point at one for its name."
    return draw("cost", chart, text, timed)


def learning_curves(groups: list[Group], results: list[Result]) -> list[Chart]:
    """Return losses and test accuracy by epoch, one chart for each group of experiments."""
    charts = []
    for number, (title, runs) in enumerate(_members(groups, results).items(), 1):
        numbers = pd.concat([_curves(result) for result in runs], ignore_index=True)
        text = (
            f"Learning curves, {title}: mean over the seeds, the band is one standard deviation. "
            "Solid: loss of the training batches, with the penalty if there is one; dotted: "
            "without it; dashed: loss of the test pictures. What lies beyond an axis is in the CSV."
        )
        charts.append(draw(f"curves-{number}", _curve_chart(numbers, title), text, numbers))
    return charts


def _members(groups: list[Group], results: list[Result]) -> dict[str, list[Result]]:
    """Return the results of each group that has any, and those that no group names."""
    names = {group.title: [group.baseline, *group.experiments] for group in groups}
    named = {name for members in names.values() for name in members}
    names["others"] = [result.short_name for result in results if result.short_name not in named]
    known = {result.short_name: result for result in results}
    members = {title: [known[n] for n in group if n in known] for title, group in names.items()}
    return {title: runs for title, runs in members.items() if runs}


def _curve_chart(numbers: pd.DataFrame, title: str) -> Any:
    picked = alt.selection_point(fields=["experiment"], bind="legend", name="picked")
    names = list(dict.fromkeys(numbers["experiment"]))
    colours = [DATA_COLOURS[k % len(DATA_COLOURS)] for k in range(len(names))]
    colours_of = alt.Scale(domain=names, range=colours)
    legend = alt.Legend(symbolType="stroke", symbolStrokeWidth=3, symbolOpacity=1)
    colour = alt.Color("experiment:N", scale=colours_of, title=None, legend=legend)
    kinds = ["training loss", "test loss", "training loss without the penalty"]
    dash = alt.StrokeDash(
        "measure:N",
        scale=alt.Scale(domain=kinds, range=[DASHES[0], DASHES[1], DASHES[3]]),
        legend=None,  # the caption says it
    )
    faded = alt.condition(picked, alt.value(1), alt.value(0.12))
    panels = []
    for measures, what in ((kinds, "loss (nats)"), (["test accuracy"], "test accuracy (%)")):
        shown = alt.Chart(numbers[numbers["measure"].isin(measures)])
        x = alt.X("epoch:Q", title="epoch")
        scale = _scale(numbers[numbers["measure"].isin(measures)])
        y = alt.Y("mean:Q", title=what, scale=scale)
        lines = shown.mark_line(strokeWidth=1.8, clip=True).encode(
            x=x,
            y=y,
            color=colour,
            opacity=faded,
            tooltip=["experiment", "measure", "epoch", "mean"],
        )
        if len(measures) > 1:
            lines = lines.encode(strokeDash=dash)
        else:  # colour alone must not tell them apart
            own = [DASHES[k % len(DASHES)] for k in range(len(names))]
            dashes = alt.Scale(domain=names, range=own)
            lines = lines.encode(
                strokeDash=alt.StrokeDash("experiment:N", scale=dashes, legend=None)
            )
        band = shown.mark_area(opacity=0.15, clip=True).encode(
            x=x,
            y=alt.Y("low:Q", title=what, scale=scale),
            y2="high:Q",
            color=colour,
            detail="measure:N",
        )
        panels.append(alt.layer(band, lines).properties(width=300, height=230))
    joined = alt.hconcat(*panels, title=title).resolve_scale(strokeDash="independent")
    with warnings.catch_warnings():  # of the selection becoming one for all panels, as it should
        warnings.filterwarnings("ignore", "Automatically deduplicated")
        return joined.add_params(picked)


def _scale(numbers: pd.DataFrame) -> alt.Scale:
    """Return an axis for curves; what one network does must leave room for the others."""
    usual = float(numbers["mean"].median())
    if numbers["high"].max() > 20 * usual:
        return alt.Scale(domain=[0, 5 * usual])
    return alt.Scale(zero=False)


def _curves(result: Result) -> pd.DataFrame:
    """Return one row for each measure and epoch, with mean and standard deviation."""
    values = result.predictions
    has_penalty = result.experiment.penalty != "none"
    curves = {
        "training loss": values.loss if has_penalty else values.net_loss,
        "training loss without the penalty": values.net_loss if has_penalty else None,
        "test loss": values.test_loss,
        "test accuracy": TO_PERCENT * values.test_accuracy,
    }
    tables = []
    for measure, of_seeds in curves.items():
        if of_seeds is None:
            continue
        known = np.flatnonzero(np.isfinite(of_seeds).all(axis=0))
        if len(known) > MOST_EPOCHS:
            known = known[
                np.unique(np.linspace(0, len(known) - 1, MOST_EPOCHS).round().astype(int))
            ]
        mean = of_seeds[:, known].mean(axis=0)
        sd = of_seeds[:, known].std(axis=0, ddof=int(len(of_seeds) > 1))
        about = {"experiment": result.short_name, "measure": measure, "epoch": known + 1}
        tables.append(pd.DataFrame(about | {"mean": mean, "low": mean - sd, "high": mean + sd}))
    return pd.concat(tables, ignore_index=True).round(DIGITS)


def confusion(result: Result) -> Chart:
    """Return the confusion matrix, each row as percent of its true class."""
    counts = np.array(result.scores["confusion_matrix"])
    shares = TO_PERCENT * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names = result.class_names
    numbers = pd.DataFrame(
        {
            "actual": names[row],
            "predicted": names[column],
            "answers": int(counts[row, column]),
            "percent": round(float(share), 2),
        }
        for (row, column), share in np.ndenumerate(shares)
    )
    base = alt.Chart(numbers).encode(
        x=alt.X("predicted:N", sort=names, title="predicted"),
        y=alt.Y("actual:N", sort=names, title="true class"),
        tooltip=list(numbers.columns),
    )
    scale = alt.Scale(domain=[0, 100], range=["#f7fbff", "#08306b"])
    chart = base.mark_rect().encode(color=alt.Color("percent:Q", scale=scale, title="%"))
    if len(names) <= MOST_NAMES:
        ink = alt.condition("datum.percent > 50", alt.value("white"), alt.value("black"))
        chart += base.mark_text(fontSize=10).encode(
            text=alt.Text("percent:Q", format=".0f"), color=ink
        )
    step = 34 if len(names) <= MOST_NAMES else 16
    text = (
        f"Confusion matrix of {result.name}: of each true class, in rows, the percentage of "
        "answers that name each class, in columns."
    )
    chart = chart.properties(width=alt.Step(step), height=alt.Step(step))
    return draw("confusion", chart, text, numbers)


def reliability(result: Result) -> Chart:
    """Return how often answers of each confidence are right, with and without the temperature."""
    rows = [
        {
            "probabilities": kind,
            "confidence": row[f"{prefix}confidence"],
            "right": row[f"{prefix}accuracy"],
            "answers": row[f"{prefix}n"],
        }
        for prefix, kind in (("", "as trained"), ("calibrated_", "with the temperature"))
        for row in result.scores["reliability"]
        if row[f"{prefix}n"]
    ]
    numbers = pd.DataFrame(rows).round(DIGITS)
    x = alt.X("confidence:Q", scale=alt.Scale(domain=[0, 1]), title="confidence of the answer")
    y = alt.Y(
        "right:Q", scale=alt.Scale(domain=[0, 1]), title="share of such answers that are right"
    )
    ideal = (
        alt.Chart(pd.DataFrame({"confidence": [0, 1], "right": [0, 1]}))
        .mark_line(color=FAINT, strokeDash=DASHES[3])
        .encode(x=x, y=y)
    )
    legend = alt.Legend(symbolType="stroke", symbolStrokeWidth=3)
    kind = alt.Color("probabilities:N", title=None, legend=legend)
    dash = alt.StrokeDash("probabilities:N", legend=None)
    shape = alt.Shape("probabilities:N", legend=None)
    base = alt.Chart(numbers).encode(x=x, y=y, color=kind, tooltip=list(numbers.columns))
    lines = base.mark_line().encode(strokeDash=dash)
    points = base.mark_point(filled=True, size=50, opacity=1).encode(shape=shape)
    chart = alt.layer(ideal, lines, points).properties(width=300, height=300)
    text = (
        f"Reliability of {result.name}, all networks' answers: on the dotted diagonal, answers "
        "given with a confidence of 70 % are right in 70 % of cases; below it they are too certain."
    )
    return draw("reliability", chart, text, numbers)
