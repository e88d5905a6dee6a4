"""Is one experiment better than another? Paired over the seeds, or over the pictures."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

from stages.statistics.resampling import bca_interval, sign_flip_p

# Differences this small, relative to the largest result, are rounding: one picture of 10,000, for
# one of a hundred seeds, is a thousand times as much.
ROUNDING = 1e-9


class PairedComparison(NamedTuple):
    """The mean difference second - first, its 95 % interval, and a two-sided p-value."""

    difference: float
    low: float
    high: float
    p: float


def compare_paired(
    first: npt.ArrayLike, second: npt.ArrayLike, generator: np.random.Generator
) -> PairedComparison:
    """Compare two experiments that were run with the same seeds.

    Parameters
    ----------
    first, second : array_like of shape (n_seeds,)
        The results of the experiments, in one unit, in the same order of seeds.
    generator : numpy.random.Generator
        Draws the bootstrap's resamples and, from 14 seeds on, the flips.

    Returns
    -------
    PairedComparison
        Mean difference and interval (`bca_interval`) in the unit of the results, and the p of
        `sign_flip_p`. The order of the seeds changes none of them. Where all differences are
        equal, up to rounding, both ends of the interval are the difference.

    Raises
    ------
    ValueError
        If there are fewer than two seeds, the lengths differ, or a result is not finite.
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape or a.size < 2:
        raise ValueError("a paired comparison needs two lists of equally many, at least two, seeds")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("a paired comparison needs finite results")
    tolerance = ROUNDING * max(float(np.abs(a).max()), float(np.abs(b).max()))
    differences = np.sort(b - a)
    difference = low = high = float(differences.mean())
    if np.ptp(differences) > tolerance:
        low, high = bca_interval(differences, generator, tolerance)
    return PairedComparison(difference, low, high, sign_flip_p(differences, generator, tolerance))


def holm(p_values: npt.ArrayLike) -> list[float]:
    """Adjust the p-values of several comparisons, so that all their errors together stay rare.

    The i-th smallest of m is multiplied by m - i + 1, is never below the adjusted smaller ones,
    and is at most 1 (Holm, Scand. J. Stat. 6, 1979). Rejecting what is at most 0.05 then errs at
    all, in any of the comparisons, with probability 0.05 or less, however they depend.

    Parameters
    ----------
    p_values : array_like of shape (m,)
        In any order; may be empty.

    Returns
    -------
    list of float
        In the same order.

    Raises
    ------
    ValueError
        If a value is not from 0 to 1.
    """
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise ValueError("p-values are a list of numbers from 0 to 1")
    order = np.argsort(p)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1)), 1.0)
    return [float(value) for value in adjusted]


def mcnemar(first_correct: npt.NDArray[np.bool_], second_correct: npt.NDArray[np.bool_]) -> float:
    """Return McNemar's exact two-sided p that two experiments are right equally often.

    Only pictures that exactly one of them gets right count; under the hypothesis each is a fair
    coin (McNemar, Psychometrika 12, 1947).

    Each entry counts as an independent case. Pooled over seeds they are not: pictures come
    back with every seed, and a seed moves all pictures together. The p is then about the
    pictures and these very networks, and too small as a p about training again; that is
    `compare_paired`'s.

    Parameters
    ----------
    first_correct, second_correct : ndarray of bool, of one shape
        Whether each answer was right, for the same pictures (and seeds) in the same order.

    Returns
    -------
    float
        1.0 where no picture tells them apart.

    Raises
    ------
    ValueError
        If the shapes differ or the arrays are not boolean.
    """
    first, second = np.asarray(first_correct), np.asarray(second_correct)
    if first.shape != second.shape or first.dtype != np.bool_ or second.dtype != np.bool_:
        raise ValueError("McNemar's test needs two boolean arrays of one shape")
    only_first, only_second = int((first & ~second).sum()), int((~first & second).sum())
    if only_first + only_second == 0:
        return 1.0
    return float(stats.binomtest(only_first, only_first + only_second).pvalue)
