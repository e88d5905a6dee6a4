"""The charts of a dataset's page, made of its results."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from stages.claims.schema import Group
from stages.evaluation.results import Result
from stages.statistics.units import TO_PERCENT
from stages.tables.measures import accuracy_intervals
from stages.webpage.chart import Chart, draw
from stages.webpage.theme import DASHES, DATA_COLOURS, FAINT, INK
from stages.webpage.vega import Spec, data, mark, nominal, quantity, told

MOST_EPOCHS = 60  # of a curve that are drawn
MOST_NAMES = 16  # of classes whose shares are written into the cells of a confusion matrix
WIDTH = 420  # pixels of a chart's inner part
DIGITS = 4
FREE = {"zero": False}  # an axis that need not begin at 0
LOSSES = ["training loss", "test loss", "training loss without the penalty"]


def accuracies(results: Sequence[Result], file: str, text: str) -> Chart:
    """Return every seed's accuracy, beside the mean and both intervals, a line an experiment."""
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

    def along(field: str, end: str = "") -> Spec:
        x = quantity(field, "accuracy on the test pictures (%)", scale=FREE)
        ends = {"x2": {"field": end}} if end else {}
        return {"x": x, "tooltip": told(numbers.columns)} | ends

    of_seed = along("accuracy") | {"tooltip": told(points.columns)}
    spec = {
        "data": data(numbers),
        "width": WIDTH,
        "height": {"step": 22},
        "encoding": {"y": nominal("experiment", sort=numbers["experiment"].tolist())},
        "layer": [
            mark("rule", along("pictures_low", "pictures_high"), color=INK, opacity=0.45),
            mark(
                "rule",
                along("accuracy_low", "accuracy_high"),
                color=DATA_COLOURS[0],
                strokeWidth=5,
                opacity=0.6,
            ),
            mark("tick", along("accuracy"), color=INK, thickness=2, size=14),
            {
                "data": data(points),
                **mark("circle", of_seed, color=DATA_COLOURS[1], size=22, opacity=0.9),
            },
        ],
    }
    merged = points.merge(numbers, on="experiment", suffixes=("_of_seed", "_mean"))
    return draw(file, spec, text, merged)


def cost(leaderboard: pd.DataFrame) -> Chart | None:
    """Return accuracy against minutes, or None where no minutes are known."""
    columns = ["experiment", "minutes", "accuracy_mean", "accuracy_sd", "parameters"]
    timed = leaderboard.loc[leaderboard["minutes"].notna(), columns].round(DIGITS)
    if timed.empty:
        return None
    encoding = {
        "x": quantity("minutes", "minutes, all seeds, cold", scale={"type": "log"}),
        "y": quantity("accuracy_mean", "accuracy (%)", scale=FREE),
        "tooltip": told(columns),
    }
    points = mark("circle", encoding, size=60, color=DATA_COLOURS[0], opacity=1)
    text = "Accuracy against the minutes for features and training; point at one for its name."
    return draw("cost", {"data": data(timed), "width": WIDTH, "height": 260, **points}, text, timed)


def learning_curves(groups: list[Group], results: list[Result]) -> list[Chart]:
    """Return losses and test accuracy by epoch, one chart for each group of experiments."""
    charts = []
    for place, (title, runs) in enumerate(_members(groups, results).items(), 1):
        numbers = pd.concat([_curves(result) for result in runs], ignore_index=True)
        text = (
            f"Learning curves, {title}: mean over the seeds, the band is one standard deviation. "
            "Solid: loss of the training batches, with the penalty if there is one; dotted: "
            "without it; dashed: loss of the test pictures. What lies beyond an axis is in the CSV."
        )
        charts.append(draw(f"curves-{place}", _curve_spec(numbers, title), text, numbers))
    return charts


def _members(groups: list[Group], results: list[Result]) -> dict[str, list[Result]]:
    """Return the results of each group that has any, and those that no group names."""
    names = {group.title: [group.baseline, *group.experiments] for group in groups}
    named = {name for members in names.values() for name in members}
    names["others"] = [result.short_name for result in results if result.short_name not in named]
    known = {result.short_name: result for result in results}
    members = {title: [known[n] for n in group if n in known] for title, group in names.items()}
    return {title: runs for title, runs in members.items() if runs}


def _curve_spec(numbers: pd.DataFrame, title: str) -> Spec:
    names = list(dict.fromkeys(numbers["experiment"]))
    kinds = {"domain": LOSSES, "range": [DASHES[0], DASHES[1], DASHES[3]]}
    # Colour alone must not tell curves apart.
    own = {"domain": names, "range": [DASHES[k % len(DASHES)] for k in range(len(names))]}
    panels = [
        _panel(numbers, LOSSES, "loss (nats)", nominal("measure", scale=kinds, legend=None)),
        _panel(
            numbers,
            ["test accuracy"],
            "test accuracy (%)",
            nominal("experiment", scale=own, legend=None),
        ),
    ]
    picked = {"type": "point", "fields": ["experiment"]}
    panels[0]["layer"][0]["name"] = "picking"
    return {
        "title": title,
        "hconcat": panels,
        # By its first panel alone: it has one legend, and picks in both.
        "params": [{"name": "picked", "select": picked, "bind": "legend", "views": ["picking"]}],
        "resolve": {"scale": {"strokeDash": "independent"}},
    }


def _panel(numbers: pd.DataFrame, measures: list[str], what: str, dash: Spec) -> Spec:
    """Return mean and spread of some measures, coloured by experiment."""
    names = list(dict.fromkeys(numbers["experiment"]))
    colours = [DATA_COLOURS[k % len(DATA_COLOURS)] for k in range(len(names))]
    shown = numbers[numbers["measure"].isin(measures)]
    scale = _scale(shown)
    shared = {
        "x": quantity("epoch", "epoch"),
        "color": nominal(
            "experiment",
            scale={"domain": names, "range": colours},
            legend={"symbolType": "stroke", "symbolStrokeWidth": 3, "symbolOpacity": 1},
        ),
    }
    band = shared | {
        "y": quantity("low", what, scale=scale),
        "y2": {"field": "high"},
        "detail": nominal("measure"),
    }
    lines = shared | {
        "y": quantity("mean", what, scale=scale),
        "strokeDash": dash,
        "opacity": {"condition": {"param": "picked", "value": 1}, "value": 0.12},
        "tooltip": told(("experiment", "measure", "epoch", "mean")),
    }
    layers = [
        mark("area", band, opacity=0.15, clip=True),
        mark("line", lines, strokeWidth=1.8, clip=True),
    ]
    return {"data": data(shown), "width": 300, "height": 230, "layer": layers}


def _scale(numbers: pd.DataFrame) -> Spec:
    """Return an axis for curves; what one network does must leave room for the others."""
    usual = float(numbers["mean"].median())
    return {"domain": [0, 5 * usual]} if numbers["high"].max() > 20 * usual else FREE


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
    few = len(names) <= MOST_NAMES
    numbers = pd.DataFrame(
        {
            "actual": names[row],
            "predicted": names[column],
            "answers": int(counts[row, column]),
            "percent": round(float(share), 2),
        }
        for (row, column), share in np.ndenumerate(shares)
    )
    scale = {"domain": [0, 100], "range": ["#f7fbff", "#08306b"]}
    written = {
        "text": quantity("percent", format=".0f"),
        "color": {"condition": {"test": "datum.percent > 50", "value": "white"}, "value": "black"},
    }
    step = {"step": 34 if few else 16}
    spec = {
        "data": data(numbers),
        "width": step,
        "height": step,
        "encoding": {
            "x": nominal("predicted", "predicted", sort=names),
            "y": nominal("actual", "true class", sort=names),
            "tooltip": told(numbers.columns),
        },
        "layer": [
            mark("rect", {"color": quantity("percent", "%", scale=scale)}),
            *([mark("text", written, fontSize=10)] if few else []),
        ],
    }
    text = (
        f"Confusion matrix of {result.name}: of each true class, in rows, the percentage of "
        "answers that name each class, in columns."
    )
    return draw("confusion", spec, text, numbers)


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
    share = {"domain": [0, 1]}
    both = {
        "x": quantity("confidence", "confidence of the answer", scale=share),
        "y": quantity("right", "share of such answers that are right", scale=share),
    }
    legend = {"symbolType": "stroke", "symbolStrokeWidth": 3}
    kinds = both | {
        "color": nominal("probabilities", legend=legend),
        "tooltip": told(numbers.columns),
    }
    ideal = data(pd.DataFrame({"confidence": [0, 1], "right": [0, 1]}))
    dash, shape = (nominal("probabilities", legend=None) for _ in range(2))
    spec = {
        "width": 300,
        "height": 300,
        "data": data(numbers),
        "layer": [
            {"data": ideal, **mark("line", both, color=FAINT, strokeDash=DASHES[3])},
            mark("line", kinds | {"strokeDash": dash}),
            mark("point", kinds | {"shape": shape}, filled=True, size=50, opacity=1),
        ],
    }
    text = (
        f"Reliability of {result.name}, all networks' answers: on the dotted diagonal, answers "
        "given with a confidence of 70 % are right in 70 % of cases; below it they are too certain."
    )
    return draw("reliability", spec, text, numbers)
