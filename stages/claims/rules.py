"""Rules that decide a claim: pure functions of the seeds' results and of stated thresholds.

All intervals are at 95 %. A sentence "holds" or "does not hold" where the whole interval lies on
that side of the threshold, and is "undecided" where the interval includes it. A number of one
published run "reproduces" where it lies within the interval in which one more run would fall.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from stages.statistics.comparisons import Difference, Runs, difference, seeds_to_decide
from stages.statistics.intervals import prediction_interval, t_interval
from stages.statistics.units import Unit, bracket, number, threshold

Verdict = Literal["holds", "does not hold", "undecided", "reproduces", "does not reproduce"]
Limits = tuple[float, float]  # of what a number can be: its intervals end there
SHARE: Limits = (0.0, 100.0)  # in percent
ANY: Limits = (-math.inf, math.inf)
ONE_SEED = "one seed gives no interval"


class Drawn(NamedTuple):
    """An interval and the number that it is held against, in one unit."""

    mean: float
    low: float
    high: float
    claimed: float


class Finding(NamedTuple):
    """What a rule found.

    Attributes
    ----------
    measured : str
        The number and its interval.
    verdict : Verdict
    why : str
        One sentence, without a full stop.
    p : float or None
        Of a comparison: of the hypothesis that the difference is the margin.
    drawn : Drawn or None
        The same as numbers; None where a single seed has no interval.
    """

    measured: str
    verdict: Verdict
    why: str
    p: float | None = None
    drawn: Drawn | None = None


def published(
    values: npt.NDArray[np.float64],
    claimed: float,
    rounding: float,
    unit: Unit,
    limits: Limits = ANY,
) -> Finding:
    """Decide whether a published run could be one more run of this experiment.

    Parameters
    ----------
    values : ndarray of shape (n_seeds,)
    claimed : float
        The published number, in the unit of the values, as all thresholds below.
    rounding : float
        Half a unit of its last printed digit: the interval reaches so much further.
    unit : Unit
    limits : tuple of float
    """
    interval = prediction_interval(values)
    mean = f"{number(float(values.mean()), unit)} {unit.symbol}"
    if interval is None:
        return Finding(mean, "undecided", ONE_SEED)
    low, high = np.clip((interval[0] - rounding, interval[1] + rounding), *limits).tolist()
    measured = f"{mean}, one run {bracket(low, high, unit)}"
    drawn = Drawn(float(values.mean()), low, high, claimed)
    if low <= claimed <= high:
        why = "it lies where one more run would fall"
        return Finding(measured, "reproduces", why, drawn=drawn)
    miss = max(low - claimed, claimed - high)
    side = "below" if claimed < low else "above"
    why = f"it lies {number(miss, unit)} {unit.difference} {side} where one more run would fall"
    return Finding(measured, "does not reproduce", why, drawn=drawn)


def bar(
    rule: Literal["above", "below"],
    values: npt.NDArray[np.float64],
    level: float,
    unit: Unit,
    limits: Limits = ANY,
) -> Finding:
    """Decide whether the mean over seeds is above or below `level`."""
    measured = mean_text(values, unit, limits)
    if len(values) < 2:
        return Finding(measured, "undecided", ONE_SEED)
    constant = Runs(np.full_like(values, level))
    found = difference(constant, Runs(values), paired=True)
    ends = np.clip(level + np.array([found.mean, found.low, found.high]), *limits)
    mean, low, high = ends.tolist()
    drawn = Drawn(mean, low, high, level)
    text = f"{number(level, unit)} {unit.symbol}"
    if found.low <= 0 <= found.high:
        needed = seeds_to_decide(constant, Runs(values), paired=True, edge=0.0)
        why = f"the interval includes {text}; {_more(needed)}"
        return Finding(measured, "undecided", why, drawn=drawn)
    place = "above" if found.low > 0 else "below"
    verdict: Verdict = "holds" if place == rule else "does not hold"
    return Finding(measured, verdict, f"the interval lies {place} {text}", drawn=drawn)


def compare(
    rule: Literal["higher", "lower", "not_better"],
    baseline: Runs,
    runs: Runs,
    margin: float,
    unit: Unit,
    *,
    paired: bool,
) -> Finding:
    """Decide whether an experiment is better or worse than a baseline by more than `margin`.

    Parameters
    ----------
    rule : {"higher", "lower", "not_better"}
        ``not_better`` holds where ``higher`` does not, and the other way round.
    baseline, runs : Runs
    margin : float
        Above 0.
    unit : Unit
    paired : bool
        Whether the runs of one seed share their random draws.
    """
    edge = -margin if rule == "lower" else margin
    if min(len(baseline.values), len(runs.values)) < 2:
        return Finding("-", "undecided", ONE_SEED)
    found = difference(baseline, runs, paired=paired, edge=edge)
    measured = difference_text(found, unit)
    drawn = Drawn(found.mean, found.low, found.high, edge)
    edge_text = threshold(edge, unit, sign=True)
    if found.low <= edge <= found.high:
        needed = seeds_to_decide(baseline, runs, paired=paired, edge=edge)
        why = f"the interval includes {edge_text}; {_more(needed)}"
        return Finding(measured, "undecided", why, found.p, drawn)
    place = "above" if found.low > edge else "below"
    holds = (place == "above") == (rule == "higher")
    verdict: Verdict = "holds" if holds else "does not hold"
    return Finding(measured, verdict, f"the interval lies {place} {edge_text}", found.p, drawn)


def difference_text(found: Difference, unit: Unit) -> str:
    """Return a difference with its interval."""
    mean = number(found.mean, unit, sign=True)
    return f"{mean} {unit.difference} {bracket(found.low, found.high, unit, sign=True)}"


def mean_text(values: npt.NDArray[np.float64], unit: Unit, limits: Limits = ANY) -> str:
    """Return the mean over seeds with Student's interval, if there are several seeds."""
    mean = f"{number(float(values.mean()), unit)} {unit.symbol}"
    interval = t_interval(values)
    if interval is None:
        return mean
    low, high = np.clip(interval, *limits).tolist()
    return f"{mean} {bracket(low, high, unit)}"


def _more(needed: int | None) -> str:
    if needed is None:
        return "more seeds alone would not decide"
    return f"{needed} seeds of each would decide, if mean and spread stay"
