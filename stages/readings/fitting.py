"""Compare published figures with readings: does each lie where one more run would fall."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

from stages.readings.design import Inferred
from stages.readings.factors import Value
from stages.readings.storage import ReadingRuns
from stages.runtime.errors import ParamsError

LEVEL = 0.95  # the share of further runs that fall into an interval
LEAST_DOF = 4  # of a pool; with fewer, Student's quantile grows beyond any use
LAST_EPOCHS = 20
LAST, BEST, MEAN = "last epoch", "best epoch", f"mean of the last {LAST_EPOCHS} epochs"
MEASURED_AT = (LAST, BEST, MEAN)
UNPOOLED = ("pixels", "raw")  # their spread is of another order, see `fit_figures`


class Figure(NamedTuple):
    """A number that the course report prints of one run.

    Attributes
    ----------
    id : str
        What the tables call it.
    run : str
        The published run, by the name of its experiment without the dataset.
    measure : {"accuracy", "loss", "net_loss"}
        In percent, or in nats.
    claimed : float
    epoch : int, optional
        Of a loss, counted from 0.
    since : int, optional
        With it, the figure is the loss at `epoch` minus that at `since`: negative in a decline.
    rounding : float
        Half a unit of the last printed digit, which widens the interval.
    """

    id: str
    run: str
    measure: str
    claimed: float
    epoch: int | None = None
    since: int | None = None
    rounding: float = 0.0


class Fit(NamedTuple):
    """A figure against a reading.

    Attributes
    ----------
    figure : Figure
    reading : str
        Its name.
    changes : dict
        How it differs from the plain reading.
    measured_at : str
        One of `MEASURED_AT` for an accuracy, `LAST` for losses, whose epoch the figure names.
    value : float
        The mean over the seeds.
    low, high : float
        Ends of the prediction interval for one run.
    miss : float
        By how much the claimed value lies above the interval, below it if negative; 0 within.
    inferred : bool
        Whether the reading was chosen to fit this figure, and so proves nothing by fitting it.
    fits : bool
        Whether the claimed value lies within the interval, and was not inferred.

    Notes
    -----
    The numbers are NaN if the reading diverged under any seed.
    """

    figure: Figure
    reading: str
    changes: dict[str, Value]
    measured_at: str
    value: float
    low: float
    high: float
    miss: float
    inferred: bool
    fits: bool


def fit_figures(
    runs: Sequence[ReadingRuns], figures: Sequence[Figure], inferred: Sequence[Inferred]
) -> list[Fit]:
    r"""Compare every figure with every reading of its run.

    Parameters
    ----------
    runs : sequence of ReadingRuns
    figures : sequence of Figure
        Those of runs without readings are left out.
    inferred : sequence of Inferred
        Values that were chosen to fit a figure.

    Returns
    -------
    list of Fit
        By figure, then by reading, then by where an accuracy is measured.

    Raises
    ------
    ParamsError
        If an inferred value belongs to no figure, or a figure to an epoch that was not run.

    Notes
    -----
    The interval is where one further run of the reading falls with a probability of 95 %: with n
    seeds of mean m, :math:`m \pm t_{df} s_p \sqrt{1 + 1/n}` (Hahn and Meeker, Statistical
    Intervals, 1991, section 4.7). Two seeds tell little of a spread. So the variance
    :math:`s_p^2` is pooled over all readings of the same run and the same ``last_batch``, with
    df the sum of their n - 1: it takes the spread over seeds to be the same whatever else is
    changed, but not across last batches, since a short one widens it severalfold. Where that
    leaves fewer than 4 degrees of freedom, readings of the other runs with the same last batch
    join the pool. Readings with raw pixels, with losses in the hundred thousands or with dead
    units, and readings that diverged have no part in it.
    """
    tried = [figure for figure in figures if any(r.run == figure.run for r in runs)]
    _check_inferred(inferred, tried)
    return [fit for figure in tried for fit in _fits(figure, runs, inferred)]


def measured(reading: ReadingRuns, figure: Figure, measured_at: str) -> npt.NDArray[np.float64]:
    """Return what a reading gives for a figure, one value for each seed.

    Raises
    ------
    ParamsError
        If the figure belongs to an epoch that was not run.
    """
    curves: npt.NDArray[np.float64] = getattr(reading, figure.measure)
    if figure.epoch is not None:
        n_epochs = curves.shape[1]
        if max(figure.epoch, figure.since or 0) >= n_epochs:
            raise ParamsError(
                f"{figure.id}: epoch {figure.epoch} is not there: run {figure.run} has only "
                f"{n_epochs} epochs in forensics: of params.yaml, and they count from 0"
            )
        start = 0.0 if figure.since is None else curves[:, figure.since]
        return np.asarray(curves[:, figure.epoch] - start)
    if measured_at == BEST:
        return np.asarray(curves.max(axis=1))
    return np.asarray(
        curves[:, -LAST_EPOCHS:].mean(axis=1) if measured_at == MEAN else curves[:, -1]
    )


def _fits(figure: Figure, runs: Sequence[ReadingRuns], inferred: Sequence[Inferred]) -> list[Fit]:
    places = MEASURED_AT if figure.epoch is None else (LAST,)
    return [
        _fit(figure, reading, place, _half_width(reading, runs, figure, place), inferred)
        for reading in runs
        if reading.run == figure.run
        for place in places
    ]


def _half_width(
    reading: ReadingRuns, runs: Sequence[ReadingRuns], figure: Figure, place: str
) -> float:
    """Return half the width of a reading's interval; NaN where there is no spread to pool."""
    factor, unpooled = UNPOOLED
    alike = [
        r
        for r in runs
        if r.changes.get("last_batch") == reading.changes.get("last_batch")
        and r.changes.get(factor) != unpooled
        and r.loss.shape[1] > (figure.epoch or 0)
    ]
    pool = _Pool.of([measured(r, figure, place) for r in alike if r.run == reading.run])
    if pool.dof < LEAST_DOF:
        pool = _Pool.of([measured(r, figure, place) for r in alike])
    if not pool.dof:
        return math.nan
    quantile = float(stats.t.ppf((1 + LEVEL) / 2, pool.dof))
    return quantile * math.sqrt(pool.squares / pool.dof * (1 + 1 / len(reading.loss)))


class _Pool(NamedTuple):
    """Squared deviations from the readings' means, and their degrees of freedom."""

    squares: float
    dof: int

    @classmethod
    def of(cls, samples: list[npt.NDArray[np.float64]]) -> _Pool:
        finite = [values for values in samples if np.isfinite(values).all()]
        squares = sum(float(np.square(values - values.mean()).sum()) for values in finite)
        return cls(squares, sum(len(values) - 1 for values in finite))


def _fit(
    figure: Figure,
    reading: ReadingRuns,
    place: str,
    half_width: float,
    inferred: Sequence[Inferred],
) -> Fit:
    mean = float(measured(reading, figure, place).mean())
    half = half_width + figure.rounding
    low, high = mean - half, mean + half
    within = low <= figure.claimed <= high  # never with NaN
    miss = 0.0 if within else figure.claimed - (high if figure.claimed > high else low)
    factors = {**reading.values, **reading.changes}
    chosen = any(
        _is_of(item, figure) and factors.get(item.factor) == item.value for item in inferred
    )
    return Fit(
        figure,
        reading.reading,
        reading.changes,
        place,
        mean,
        low,
        high,
        miss,
        inferred=chosen,
        fits=within and not chosen,
    )


def _is_of(item: Inferred, figure: Figure) -> bool:
    same = (item.run, item.measure, item.epoch) == (figure.run, figure.measure, figure.epoch)
    return same and figure.since is None


def _check_inferred(inferred: Sequence[Inferred], figures: Sequence[Figure]) -> None:
    for number, item in enumerate(inferred):
        if figures and not any(_is_of(item, figure) for figure in figures):
            epoch = "" if item.epoch is None else f" at epoch {item.epoch}"
            raise ParamsError(
                f"forensics: inferred.{number}: no published figure is the {item.measure} of "
                f"{item.run}{epoch}: name one that the claims have, or leave it out"
            )
