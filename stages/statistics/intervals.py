"""Intervals: of a mean over seeds, of one further run, and of one model's accuracy."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import stats

from stages.statistics.types import Floats


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
    return _student_interval(values, level, further_runs=0)


def share_interval(values: npt.ArrayLike, level: float = 0.95) -> tuple[float, float] | None:
    """Return `t_interval` of shares in percent, cut off at 0 and 100.

    No mean of shares lies beyond, so what is cut off never held the true mean.

    Parameters
    ----------
    values : array_like of shape (n_seeds,)
        One share per seed, in percent.
    level : float
        As in `t_interval`, whose errors it raises, too.

    Returns
    -------
    tuple of float, or None
        Lower and upper end, from 0 to 100; None for a single value.
    """
    interval = t_interval(values, level)
    if interval is None:
        return None
    low, high = np.clip(interval, 0.0, 100.0)
    return float(low), float(high)


def prediction_interval(values: npt.ArrayLike, level: float = 0.95) -> tuple[float, float] | None:
    r"""Return where one further run falls, None for a single value.

    With n values of mean m and sample standard deviation s it is
    :math:`m \pm t_{n-1,\,(1+level)/2}\, s \sqrt{1 + 1/n}` (Hahn and Meeker, Statistical
    Intervals, 1991, section 4.7). Unlike `t_interval`, it does not shrink to a point with more
    seeds; and it depends more on the spread over seeds being normal.

    Parameters
    ----------
    values : array_like of shape (n_seeds,)
        One result per seed, in any unit.
    level : float
        How often the further run falls into such an interval, between 0 and 1.

    Returns
    -------
    tuple of float, or None
        Lower and upper end, in the unit of the values; both are the mean if all are equal.

    Raises
    ------
    ValueError
        If there is no value, one is not finite, or the level is not between 0 and 1.
    """
    return _student_interval(values, level, further_runs=1)


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


def picture_margin(n_pictures: int) -> float:
    r"""Return the smallest difference in accuracy that so many test pictures tell apart.

    Half the width of Wilson's 95 % interval at an accuracy of 50 %, where it is widest: with z
    the normal quantile at 0.975, :math:`100\, z / (2 \sqrt{n + z^2})`.

    Parameters
    ----------
    n_pictures : int
        At least 1.

    Returns
    -------
    float
        In percentage points: 0.98 for 10,000 pictures, 4.37 for 500.

    Raises
    ------
    ValueError
        If there is no picture.
    """
    if n_pictures < 1:
        raise ValueError("a margin needs at least one test picture")
    z = float(stats.norm.ppf(0.975))
    return 100 * z / (2 * math.sqrt(n_pictures + z**2))


def welch(variances: Floats, sizes: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    r"""Return the standard error of a sum of independent means, and its degrees of freedom.

    With :math:`q_i = s_i^2 / n_i` they are :math:`\sqrt{\sum q_i}` and
    :math:`(\sum q_i)^2 / \sum \frac{q_i^2}{n_i - 1}` (Welch, Biometrika 34, 1947); of one mean,
    Student's n - 1.

    Parameters
    ----------
    variances : ndarray of shape (n_means, ...)
        Of each sample, with n - 1 as the denominator. If all are 0, the degrees of freedom are
        those of equal ones.
    sizes : ndarray of a shape that fits the variances, int
        Of each sample, at least 2.

    Returns
    -------
    tuple of ndarray of shape (...)
        In the unit of the values, and without unit.
    """
    spreads = (variances if variances.any() else np.ones_like(variances)) / sizes
    shares = spreads / spreads.sum(axis=0)
    dof = 1 / (np.square(shares) / (sizes - 1)).sum(axis=0)
    return np.sqrt((variances / sizes).sum(axis=0)), dof


def _student_interval(
    values: npt.ArrayLike, level: float, further_runs: int
) -> tuple[float, float] | None:
    """Return the interval of the mean over seeds (0 further runs), or of one further run (1)."""
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or not sample.size or not np.isfinite(sample).all():
        raise ValueError("an interval needs a list of at least one value, all finite")
    _check_level(level)
    if sample.size == 1:
        return None
    mean = float(sample.mean())
    error = float(sample.std(ddof=1)) * math.sqrt(further_runs + 1 / sample.size)
    half = float(stats.t.ppf((1 + level) / 2, sample.size - 1)) * error
    return mean - half, mean + half


def _check_level(level: float) -> None:
    if not (math.isfinite(level) and 0 < level < 1):
        raise ValueError("the level of an interval is between 0 and 1")
