"""Confidence intervals: of a mean over seeds, and of one model's accuracy."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import stats


def t_interval(values: npt.ArrayLike, level: float = 0.95) -> tuple[float, float] | None:
    r"""Return Student's interval for the mean over seeds, None for a single value.

    With n values of mean m and sample standard deviation s it is
    :math:`m \pm t_{n-1,\,(1+level)/2}\, s / \sqrt n` (Student, Biometrika 6, 1908). It holds
    for a normal spread over seeds, and says nothing of other test pictures.

    Parameters
    ----------
    values : array_like of shape (n_seeds,)
        One result per seed, in any unit.
    level : float
        The share of such intervals that hold the true mean, between 0 and 1.

    Returns
    -------
    tuple of float, or None
        Lower and upper end, in the unit of the values; both are the mean if all are equal.

    Raises
    ------
    ValueError
        If there is no value, one is not finite, or the level is not between 0 and 1.
    """
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or not sample.size or not np.isfinite(sample).all():
        raise ValueError("an interval needs a list of at least one value, all finite")
    _check_level(level)
    if sample.size == 1:
        return None
    mean, error = float(sample.mean()), float(stats.sem(sample))
    half = float(stats.t.ppf((1 + level) / 2, sample.size - 1)) * error
    return mean - half, mean + half


def wilson_interval(successes: int, n: int, level: float = 0.95) -> tuple[float, float]:
    r"""Return Wilson's score interval for the accuracy of one model.

    With z the normal quantile at (1 + level) / 2 and p the share of successes, it is
    :math:`\frac{1}{1 + z^2/n} \left( p + \frac{z^2}{2n} \pm z
    \sqrt{\frac{p (1 - p)}{n} + \frac{z^2}{4 n^2}} \right)` (Wilson, JASA 22, 1927). It says how
    much other test pictures would change the accuracy, and nothing of other seeds.

    Parameters
    ----------
    successes, n : int
        How many pictures the model got right, and of how many.
    level : float
        The share of such intervals that hold the true accuracy, between 0 and 1.

    Returns
    -------
    tuple of float
        Lower and upper end, as shares from 0 to 1.

    Raises
    ------
    ValueError
        If n is below 1, successes are not from 0 to n, or the level is not between 0 and 1.
    """
    if not 0 <= successes <= n or n < 1:
        raise ValueError(f"{successes} right answers of {n} are not possible")
    _check_level(level)
    interval = stats.binomtest(successes, n).proportion_ci(level, method="wilson")
    return float(interval.low), float(interval.high)


def _check_level(level: float) -> None:
    if not (math.isfinite(level) and 0 < level < 1):
        raise ValueError("the level of an interval is between 0 and 1")
