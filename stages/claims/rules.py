"""Rules that decide a claim: pure functions of the seeds' results and of stated thresholds.

All intervals are at 95 %. A verdict is "holds" or "does not hold" where the whole interval is on
that side of the threshold, and "undecided" where it reaches over it.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from stages.reporting.text import Unit, bracket, number, threshold
from stages.statistics.comparisons import compare_paired
from stages.statistics.intervals import t_interval

Verdict = Literal["holds", "does not hold", "undecided"]
LEVEL = 0.05
BOOTSTRAP_SEED = 20090408  # of the generator that every comparison starts anew


class Finding(NamedTuple):
    """What a rule found.

    Attributes
    ----------
    measured : str
        The number and its interval.
    verdict : {"holds", "does not hold", "undecided"}
    why : str
        One sentence, without a full stop.
    p : float or None
        Of a comparison: of the hypothesis that the difference is the margin.
    """

    measured: str
    verdict: Verdict
    why: str
    p: float | None = None


def within(values: npt.ArrayLike, claimed: float, tolerance: float, unit: Unit) -> Finding:
    """Decide whether the mean over seeds is `claimed`, give or take `tolerance`.

    Parameters
    ----------
    values : array_like of shape (n_seeds,)
    claimed, tolerance : float
        In the unit of the values, as all thresholds below.
    unit : Unit
    """
    low, high = claimed - tolerance, claimed + tolerance
    range_text = f"{number(low, unit)} to {number(high, unit)} {unit.symbol}"
    interval = t_interval(values)
    if interval is None:
        return Finding(_mean(values, unit), "undecided", "one seed gives no interval")
    verdict: Verdict = "undecided"
    place = "reaches over an end of"
    if low <= interval[0] and interval[1] <= high:
        verdict, place = "holds", "lies within"
    elif interval[1] < low or high < interval[0]:
        verdict, place = "does not hold", "lies outside"
    return Finding(_mean(values, unit), verdict, f"the interval {place} {range_text}")


def below(values: npt.ArrayLike, bar: float, unit: Unit) -> Finding:
    """Decide whether the mean over seeds is below `bar`."""
    interval = t_interval(values)
    if interval is None:
        return Finding(_mean(values, unit), "undecided", "one seed gives no interval")
    verdict: Verdict = "undecided"
    place = "reaches over"
    if interval[1] < bar:
        verdict, place = "holds", "lies below"
    elif bar < interval[0]:
        verdict, place = "does not hold", "lies above"
    why = f"the interval {place} {number(bar, unit)} {unit.symbol}"
    return Finding(_mean(values, unit), verdict, why)


def compare(
    rule: Literal["higher", "lower", "not_better"],
    baseline: npt.ArrayLike,
    values: npt.ArrayLike,
    margin: float,
    unit: Unit,
) -> Finding:
    """Decide whether an experiment is better or worse than a baseline by more than `margin`.

    The interval of the paired difference (BCa bootstrap) must lie on one side of the margin, and
    the sign-flip test must tell the difference from the margin at 5 %, too, since with few seeds
    the bootstrap's intervals are too narrow. With 6 seeds it does if all of them agree.

    Parameters
    ----------
    rule : {"higher", "lower", "not_better"}
        ``not_better`` holds where ``higher`` does not, and the other way round.
    baseline, values : array_like of shape (n_seeds,)
        Of the same seeds in the same order.
    margin : float
        Above 0.
    unit : Unit
    """
    edge = -margin if rule == "lower" else margin
    shifted = np.asarray(baseline, dtype=np.float64) + edge
    if shifted.size < 2:
        return Finding("-", "undecided", "one seed gives no interval")
    generator = np.random.default_rng(BOOTSTRAP_SEED)
    found = compare_paired(shifted, values, generator)
    low, high = found.low + edge, found.high + edge
    mean = number(found.difference + edge, unit, sign=True)
    measured = f"{mean} {unit.difference} {bracket(low, high, unit, sign=True)}"
    edge_text = threshold(edge, unit, sign=True)
    if found.low <= 0 <= found.high:
        return Finding(measured, "undecided", f"the interval reaches over {edge_text}", found.p)
    place = f"the interval lies {'above' if found.low > 0 else 'below'} {edge_text}"
    if found.p > LEVEL:
        why = f"{place}, but the seeds do not agree enough (p = {found.p:.2f})"
        return Finding(measured, "undecided", why, found.p)
    holds = (found.low > 0) == (rule == "higher")
    return Finding(measured, "holds" if holds else "does not hold", place, found.p)


def _mean(values: npt.ArrayLike, unit: Unit) -> str:
    mean = f"{number(float(np.asarray(values).mean()), unit)} {unit.symbol}"
    interval = t_interval(values)
    return mean if interval is None else f"{mean} {bracket(*interval, unit)}"
