"""What the readings say of the published figures: a table, a ranking, and sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from stages.readings.fitting import BEST, LAST, LAST_EPOCHS, MEAN, MEASURED_AT, Figure, Fit
from stages.readings.storage import ReadingRuns

SHOWN = 3  # readings that a sentence names
WIDE = 2.0  # times the plain reading's intervals; within wider ones, a figure says little
DIGITS = {"accuracy": 2, "loss": 3, "net_loss": 3}
PLACES = {
    LAST: "at the last epoch",
    BEST: "at the best epoch",
    MEAN: f"as the mean of the last {LAST_EPOCHS} epochs",
}
PLACE = "accuracy measured at"  # the column
Row = tuple[str, str]


class Score(NamedTuple):
    """How many figures one reading fits at once.

    Attributes
    ----------
    reading, measured_at : str
        The latter is where accuracies are measured.
    fits, tried : int
        Figures that it fits, and all that it was tried on but those it was inferred from.
    inferred : list of str
        Figures that it was inferred from, which count as neither.
    width : float
        How wide its intervals are next to those of the plain reading, the median over the figures
        that it fits; NaN if it fits none.
    """

    reading: str
    measured_at: str
    fits: int
    tried: int
    inferred: list[str]
    width: float


def rows_of(fits: Sequence[Fit]) -> dict[Row, dict[str, Fit]]:
    """Return the fits by reading and place, and there by figure; fewest changes first.

    A loss is the same wherever accuracies are measured.
    """
    rows: dict[Row, dict[str, Fit]] = {}
    for fit in sorted(fits, key=lambda fit: len(fit.changes)):
        for place in MEASURED_AT:
            row = rows.setdefault((fit.reading, place), {})
            if fit.figure.measure != "accuracy" or fit.measured_at == place:
                row[fit.figure.id] = fit
    return rows


def scores_of(fits: Sequence[Fit]) -> list[Score]:
    """Return the score of every row: most fits first, then fewest misses, then fewest changes."""
    rows = rows_of(fits)
    scores = [
        Score(
            reading,
            place,
            sum(fit.fits for fit in row.values()),
            sum(not fit.inferred for fit in row.values()),
            [name for name, fit in row.items() if fit.inferred],
            _width(row, rows["plain", place]),
        )
        for (reading, place), row in rows.items()
    ]
    return sorted(scores, key=lambda score: (-score.fits, score.tried - score.fits))


def _width(row: dict[str, Fit], plain: dict[str, Fit]) -> float:
    """Return the median ratio of two rows' intervals over the figures that the first one fits."""
    pairs = [(fit, plain[name]) for name, fit in row.items() if fit.fits]
    ratios = [(fit.high - fit.low) / (p.high - p.low) for fit, p in pairs if p.high > p.low]
    return float(np.median(ratios)) if ratios else math.nan


def fits_table(fits: Sequence[Fit]) -> pd.DataFrame:
    """Return a row for each reading and place, and a column of text for each figure."""
    figures = {fit.figure.id: fit.figure for fit in fits}
    scores = {(score.reading, score.measured_at): score for score in scores_of(fits)}
    rows = []
    for row, cells in rows_of(fits).items():
        texts = {column_name(f): _cell(cells.get(name)) for name, f in figures.items()}
        score = scores[row]
        start = {"reading": row[0], PLACE: row[1]}
        rows.append(start | texts | {"fits": f"{score.fits} of {score.tried}"})
    return pd.DataFrame(rows, columns=None if rows else ["reading", PLACE])


def column_name(figure: Figure) -> str:
    """Return a figure's name and what the report gives for it."""
    return f"{figure.id} ({number(figure.claimed, figure)})"


def _cell(fit: Fit | None) -> str:
    if fit is None:
        return ""
    if math.isnan(fit.value):
        return "diverged"
    half = (fit.high - fit.low) / 2
    value = f"{number(fit.value, fit.figure)} ± {number(half, fit.figure)}"
    if fit.inferred:
        return f"{value}, inferred"
    if fit.fits:
        return f"{value}, fits"
    return f"{value}, misses by {number(fit.miss, fit.figure, sign=True)}"


def number(value: float, figure: Figure, *, sign: bool = False) -> str:
    """Return a value in the unit of a figure with as many digits as make sense."""
    text = f"{value:{'+' if sign else ''}.{DIGITS[figure.measure]}f}"
    return text.replace("-", "\N{MINUS SIGN}")


def conclusion(fits: Sequence[Fit]) -> list[str]:
    """Return sentences: the best reading, what none explains, then one for each figure."""
    if not fits:
        return []
    by_figure: dict[str, list[Fit]] = {}
    for fit in fits:
        by_figure.setdefault(fit.figure.id, []).append(fit)
    return [
        _best_sentence(scores_of(fits)),
        _unexplained_sentence(unexplained(fits)),
        *(_figure_sentence(name, of) for name, of in by_figure.items()),
    ]


def unexplained(fits: Sequence[Fit]) -> list[str]:
    """Return the figures that no reading fits, in their order."""
    explained = {fit.figure.id for fit in fits if fit.fits}
    return list(dict.fromkeys(f.figure.id for f in fits if f.figure.id not in explained))


def _best_sentence(scores: list[Score]) -> str:
    plain = next(score for score in scores if score.reading == "plain")
    best = scores[0]
    if not best.fits:
        return "No reading fits any figure."
    text = f"The reading that fits the most figures at once is {_score(best)}"
    text += "." if best == plain else f"; the plain reading fits {plain.fits} of {plain.tried}."
    equals = [s for s in scores if (s.fits, s.tried) == (best.fits, best.tried)]
    names = dict.fromkeys(f"*{s.reading}*" for s in equals if s.reading != best.reading)
    if names:
        text += f" As many fit under {_listed([*names])}."
    if best.width > WIDE:
        narrow = next((score for score in scores if score.width <= WIDE), plain)
        text += (
            f" Its intervals are {best.width:.0f} times as wide as those of the plain reading, "
            f"so this is weak evidence. Of the readings whose intervals are at most {WIDE:g} times "
            f"as wide, {_score(narrow)}, is the one that fits the most."
        )
    return text


def _score(score: Score) -> str:
    tried = f"{score.fits} of the {score.tried} figures that it was tried on"
    left_out = f" (not counted: {' and '.join(score.inferred)}, from which it was inferred)"
    return f"*{_row_name(score)}*, {tried}{left_out if score.inferred else ''}"


def _row_name(score: Score) -> str:
    return f"{score.reading}, accuracy {PLACES[score.measured_at]}"


def _unexplained_sentence(names: list[str]) -> str:
    if not names:
        return "Every figure fits under at least one reading, if not all under the same."
    return f"No reading that was tried explains {' or '.join(names)}."


def _figure_sentence(name: str, fits: list[Fit]) -> str:
    figure = fits[0].figure
    start = f"{name}, {number(figure.claimed, figure)} in the report: "
    judged = [fit for fit in fits if not fit.inferred]
    n_tried = len({fit.reading for fit in judged})
    fitting: dict[str, list[str]] = {}
    for fit in judged:
        if fit.fits:
            fitting.setdefault(fit.reading, []).append(fit.measured_at)
    if fitting:
        names = [f"*{reading}*" for reading in fitting]
        text = f"fits under {len(fitting)} of {n_tried} readings, {_listed(names)}"
        if figure.epoch is None and not any(LAST in places for places in fitting.values()):
            text += ", but under none at the last epoch"
    else:
        text = f"fits under none of {n_tried} readings" + _nearest(judged)
    n_inferred = len({fit.reading for fit in fits if fit.inferred})
    return f"{start}{text}{f'; {n_inferred} more were inferred from it' if n_inferred else ''}."


def _nearest(fits: list[Fit]) -> str:
    finite = [fit for fit in fits if not math.isnan(fit.miss)]
    if not finite:
        return ", which all diverged"
    fit = min(finite, key=lambda fit: abs(fit.miss))
    place = f" {PLACES[fit.measured_at]}" if fit.figure.epoch is None else ""
    value, miss = number(fit.value, fit.figure), number(abs(fit.miss), fit.figure)
    return (
        f"; the nearest is *{fit.reading}*{place} with {value}, whose interval misses it by {miss}"
    )


def _listed(names: list[str]) -> str:
    """Return the first names, and how many more there are."""
    more = len(names) - SHOWN
    shown = ", ".join(names[:SHOWN])
    return f"{shown} and {more} more" if more > 0 else shown


def last_batch_table(runs: Sequence[ReadingRuns]) -> pd.DataFrame:
    """Return what the last batch alone does to the accuracy, a row for each run and value."""
    rows = []
    for reading in runs:
        if set(reading.changes) <= {"last_batch"}:
            late = reading.accuracy[:, -LAST_EPOCHS:]
            within = math.sqrt(float(np.mean(late.var(axis=1))))
            ends = reading.accuracy[:, -1]
            spread = float(ends.std(ddof=1)) if len(ends) > 1 else math.nan
            rows.append(
                {
                    "run": reading.run,
                    "last batch": str(reading.values["last_batch"]),
                    "accuracy at the last epoch, %": f"{ends.mean():.2f} ± {spread:.2f}",
                    f"over the last {LAST_EPOCHS} epochs, %": f"{late.mean():.2f} ± {within:.2f}",
                    "lowest and highest of them, %": f"{late.min():.2f} to {late.max():.2f}",
                }
            )
    return pd.DataFrame(rows)
