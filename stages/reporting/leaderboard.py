"""How far the networks get on the test batch, beside published figures, and what they cost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from stages.evaluation.results import Result
from stages.params.loading import Section, parse, read_params
from stages.reporting.cells import interval
from stages.reporting.figures import save
from stages.reporting.tables import DIGITS, accuracy_intervals, spread
from stages.runtime.errors import PipelineError
from stages.statistics.units import TO_PERCENT, plus_minus

Minutes = dict[str, float]
BESIDE = 1.6  # names of points whose minutes differ by a smaller factor could overlap,
LINE = 2.4  # and are so many points of accuracy apart
COLUMNS = [
    "experiment",
    "accuracy_mean",
    "accuracy_sd",
    "accuracy_low",
    "accuracy_high",
    "pictures_low",
    "pictures_high",
    "ensemble",
    "without_duplicates",
    "views",
    "features",
    "parameters",
    "minutes",
]


class Published(Section):
    """A figure that others have published: test accuracy in percent, and where it stands."""

    what: str
    accuracy: str
    source: str


def load_published(path: Path, dataset: str) -> pd.DataFrame:
    """Return what is published of a dataset, one row each; none if the file does not name it.

    Raises
    ------
    ParamsError
        With the path of the first wrong key, its value, and what is allowed.
    """
    listed = read_params(path).get(dataset, [])
    rows = [parse(Published, value, f"{dataset}.{i}") for i, value in enumerate(listed)]
    return pd.DataFrame([row.model_dump() for row in rows], columns=list(Published.model_fields))


def load_near_duplicates(folder: Path, dataset: str, n_pictures: int) -> list[int]:
    """Return the test pictures that have near-duplicates in training, from 0; none if not listed.

    Raises
    ------
    PipelineError
        If the list is damaged, or names pictures that the test batch does not have.
    """
    path = folder / f"{dataset}.csv"
    if not path.exists():
        return []
    try:
        listed: list[int] = pd.read_csv(path)["test_picture"].astype(int).tolist()
    except (KeyError, ValueError, UnicodeDecodeError) as error:
        raise PipelineError(f"{path} has no column test_picture of numbers ({error})") from None
    if listed and not 0 <= min(listed) <= max(listed) < n_pictures:
        raise PipelineError(
            f"{path}: test_picture goes from {min(listed)} to {max(listed)}, but the test has "
            f"{n_pictures} pictures, counted from 0: correct the list"
        )
    return listed


def leaderboard_table(
    results: list[Result], minutes: Minutes, near_duplicates: list[int]
) -> pd.DataFrame:
    """Return one row per experiment on all batches, best first; accuracies in percent.

    Only experiments that train on all other batches can be compared with what is published.

    Parameters
    ----------
    results : list of Result
    minutes : dict
        Of the experiments whose features and training were timed.
    near_duplicates : list of int
        Test pictures that are left out of `without_duplicates`, which is NaN if there are none.
    """
    rows = [
        {
            "experiment": result.short_name,
            **spread(result, "accuracy"),
            **accuracy_intervals(result),
        }
        | {
            "ensemble": TO_PERCENT * result.metrics["ensemble"]["accuracy"],
            "without_duplicates": _without(result, near_duplicates),
            "views": result.metrics["n_views"],
            "features": result.metrics["n_features"],
            "parameters": result.metrics["n_parameters"],
            "minutes": minutes.get(result.name, np.nan),
        }
        for result in results
        if result.predictions.is_complete
    ]
    table = pd.DataFrame(rows, columns=COLUMNS).round(DIGITS)
    return table.sort_values("accuracy_mean", ascending=False, kind="stable")


def leaderboard_cells(table: pd.DataFrame) -> pd.DataFrame:
    """Return the text of `leaderboard_table`, without columns that are empty."""
    cells = pd.DataFrame(
        {
            "experiment": row["experiment"],
            "accuracy %": plus_minus(row["accuracy_mean"], row["accuracy_sd"], 2),
            "95 %, seeds": interval(row["accuracy_low"], row["accuracy_high"]),
            "95 %, pictures": interval(row["pictures_low"], row["pictures_high"]),
            "without near-duplicates %": ""
            if pd.isna(row["without_duplicates"])
            else f"{row['without_duplicates']:.2f}",
            "ensemble %": f"{row['ensemble']:.2f}",
            "views averaged": str(row["views"]),
            "features": f"{row['features']:,}",
            "parameters": f"{row['parameters']:,}",
            "minutes": "" if pd.isna(row["minutes"]) else f"{row['minutes']:.1f}",
        }
        for row in table.to_dict("records")
    )
    empty = [name for name in cells if (cells[name] == "").all()]
    return cells.drop(columns=empty)


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
    """Return where names stand in `leaderboard_table`'s order: below those that are beside them."""
    placed: list[tuple[float, float]] = []
    for minutes, accuracy in zip(timed["minutes"], timed["accuracy_mean"], strict=True):
        beside = [y for other, y in placed if 1 / BESIDE < other / minutes < BESIDE]
        placed.append((minutes, min([accuracy, *(y - LINE for y in beside)])))
    return [y for _, y in placed]


def _without(result: Result, pictures: list[int]) -> float:
    """Return the mean accuracy in percent on all but these test pictures; NaN if there are none."""
    if not pictures:
        return np.nan
    return TO_PERCENT * float(np.delete(result.correct, pictures, axis=1).mean())
