"""Is one experiment better than another? Student's t over seeds, a bootstrap over pictures too."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

from stages.statistics.intervals import welch
from stages.statistics.resampling import SEED_DRAWS, picture_changes, seed_and_picture_changes
from stages.statistics.types import Floats

RESAMPLES = 4000
BOOTSTRAP_SEED = 20090408  # of every comparison, so that none depends on those before it
# Differences this small, relative to the largest result, are rounding: one picture of 10,000, for
# one of a hundred seeds, is a thousand times as much.
ROUNDING = 1e-9
TAILS = (0.025, 0.975)  # of a 95 % interval
Z = float(stats.norm.ppf(TAILS[1]))
MOST_SEEDS = 1000
PERCENT = 100.0


class Runs(NamedTuple):
    """One measure of one experiment, a value for each seed.

    Attributes
    ----------
    values : ndarray of shape (n_seeds,), float64
        In the unit of the measure.
    correct : ndarray of shape (n_seeds, n_pictures), bool, or None
        The answers that the values are made of: which test pictures each seed got right.
    sign : float
        How a value changes with the accuracy in percent: 1 for the accuracy itself, -1 for
        training minus test accuracy.
    """

    values: npt.NDArray[np.float64]
    correct: npt.NDArray[np.bool_] | None = None
    sign: float = 1.0


class Difference(NamedTuple):
    """How far the second experiment is above the first.

    Attributes
    ----------
    mean : float
        Of the second minus that of the first, in the unit of the values.
    low, high : float
        Its 95 % interval.
    source : {"seeds", "seeds and pictures"}
        What the interval allows for.
    p : float
        Two-sided, of Student's t that the mean difference is the edge; pictures play no part.
    p_better : float
        The share of pairs of runs in which the second is above the first, ties counting half.
    correlation : float or None
        Over the seeds; None if they are not paired or an experiment has no spread.
    """

    mean: float
    low: float
    high: float
    source: Literal["seeds", "seeds and pictures"]
    p: float
    p_better: float
    correlation: float | None


def difference(first: Runs, second: Runs, *, paired: bool, edge: float = 0.0) -> Difference:
    r"""Compare two experiments that were run with several seeds.

    The interval is the wider one of two.

    *Seeds*: Student's t on the differences within each seed where the seeds are paired, else
    Welch's for two independent samples (Biometrika 34, 1947).

    *Seeds and pictures*, where both experiments have their answers: a bootstrap. The seeds are
    drawn with replacement, jointly where they are paired; so are the test pictures, the same for
    both experiments, which saw the same ones; a seed's value changes with its accuracy. The ends
    are the 2.5th and the 97.5th percentile. Few seeds would make them too narrow, by
    :math:`\sqrt{(n-1)/n}` since resamples vary around the sample's own mean, and by z / t since
    the spread is an estimate; so the seeds' deviations from their mean are first stretched by
    :math:`\sqrt{n/(n-1)}\, t/z`, with the degrees of freedom of the t above. (Hesterberg,
    Am. Stat. 69, 2015, moves the percentiles instead, to the same effect; that would widen the
    pictures' part too.) Drawing seeds and pictures at once counts what is peculiar to one seed
    on one picture up to three times (Owen, Ann. Appl. Stat. 1, 2007), which errs on the wide
    side.

    How often it holds the true difference, simulated with six seeds: without answers, in 95 % of
    the cases for normal seeds, and in 95 to 97 % where both experiments are skewed alike (now
    and then a bad seed; gamma of shape 4 or 2; exponential); with answers, where pictures matter
    as much as seeds, in 97 to 99 %. It is less where one experiment has nearly all the spread,
    its seeds are skewed, and pictures matter little: 92 to 93 % with now and then a bad seed,
    93 % for gamma of shape 4, 92 % of shape 2, 88 % exponential. In most of the misses there, no
    bad seed is among the six, and the experiment looks better than it is.

    Parameters
    ----------
    first, second : Runs
        At least two seeds each; answers of both are to the same pictures in the same order.
    paired : bool
        Whether the i-th runs of both belong together.
    edge : float
        What p tells the difference from, in the unit of the values; it changes nothing else.

    Returns
    -------
    Difference
        The same whatever was compared before. Where the seeds leave no spread but rounding,
        their interval is the mean, and p is 1 if the mean is the edge, else 0.

    Raises
    ------
    ValueError
        If an experiment has fewer than two seeds, paired ones have not equally many, a value or
        the edge is not finite, or the answers do not fit the seeds or each other.
    """
    _check(first, second, paired, edge)
    samples, rounding = _samples(first, second, paired), _rounding(first, second)
    mean = float(sum(sample.mean() for sample in samples))
    sizes = np.array([sample.size for sample in samples])
    error, dof = (float(number) for number in welch(_variances(samples, rounding), sizes))
    t = float(stats.t.ppf(TAILS[1], dof))
    low, high = mean - t * error, mean + t * error
    source: Literal["seeds", "seeds and pictures"] = "seeds"
    if first.correct is not None and second.correct is not None:
        ends = mean + np.quantile(_changes(first, second, paired, t / Z), TAILS)
        if ends[1] - ends[0] > high - low + rounding:
            low, high, source = float(ends[0]), float(ends[1]), "seeds and pictures"
    distance = abs(mean - edge)
    p = 2 * float(stats.t.sf(distance / error, dof)) if error else float(distance <= rounding)
    gaps = samples[0] if paired else np.subtract.outer(second.values, first.values)
    p_better = float(np.where(np.abs(gaps) <= rounding, 0.5, gaps > 0).mean())
    correlation = None
    if paired and min(np.ptp(first.values), np.ptp(second.values)) > rounding:
        correlation = float(np.corrcoef(first.values, second.values)[0, 1])
    return Difference(mean, low, high, source, p, p_better, correlation)


def seeds_to_decide(first: Runs, second: Runs, *, paired: bool, edge: float) -> int | None:
    r"""Return how many seeds would decide on which side of the edge the difference is.

    For a difference whose interval holds the edge. Means and standard deviations over seeds are
    kept as they are found. With m seeds for each experiment, half of Student's or Welch's
    interval is then :math:`h_m = t\, s / \sqrt m`, with :math:`s^2` the variance of the paired
    differences, or the sum of both experiments' variances. More seeds do not replace pictures,
    whose standard error e stays: that of the mean over pictures of all seeds' answers, to which
    a bootstrap over pictures alone converges; 0 without answers. m seeds decide if
    :math:`\sqrt{h_m^2 + (z e)^2}` is smaller than the distance of the mean from the edge.

    It is a plan, not a promise: further seeds move mean and spread.

    Parameters
    ----------
    first, second, paired, edge
        As in `difference`, whose errors it raises, too.

    Returns
    -------
    int or None
        The smallest such m above today's number of seeds (the larger one, if they differ), None
        if no number up to 1000 is enough.
    """
    _check(first, second, paired, edge)
    samples, rounding = _samples(first, second, paired), _rounding(first, second)
    distance = abs(float(sum(sample.mean() for sample in samples)) - edge)
    pictures = 0.0
    if first.correct is not None and second.correct is not None:
        scores = _scores(second).mean(axis=0) - _scores(first).mean(axis=0)
        pictures = float(scores.std()) / scores.size**0.5
    seeds = np.arange(max(first.values.size, second.values.size) + 1, MOST_SEEDS + 1)
    error, dof = welch(_variances(samples, rounding)[:, np.newaxis], seeds)
    half = np.hypot(stats.t.ppf(TAILS[1], dof) * error, Z * pictures)
    enough = np.maximum(half, rounding) < distance
    return int(seeds[enough.argmax()]) if enough.any() else None


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


def _changes(first: Runs, second: Runs, paired: bool, stretch: float) -> Floats:
    """Return how seeds and pictures drawn anew change the mean difference, each of many times."""
    generator = np.random.default_rng(BOOTSTRAP_SEED)
    changes = np.zeros((RESAMPLES, SEED_DRAWS))
    scores = [_scores(second), -_scores(first)]
    if paired:
        scores = [scores[0] + scores[1]]
    for values, answers in zip(_samples(first, second, paired), scores, strict=True):
        factor = stretch * (values.size / (values.size - 1)) ** 0.5
        deviations = factor * (values - values.mean())
        of_pictures = picture_changes(answers, RESAMPLES, BOOTSTRAP_SEED)
        changes += seed_and_picture_changes(deviations, of_pictures, generator)
    return changes


def _samples(first: Runs, second: Runs, paired: bool) -> list[Floats]:
    """Return independent samples of seeds; their means add up to the mean difference."""
    if paired:
        return [second.values - first.values]
    return [second.values, -first.values]


def _scores(runs: Runs) -> Floats:
    """Return what each answer adds to its seed's value, times the number of pictures."""
    return np.asarray(PERCENT * runs.sign * np.asarray(runs.correct))


def _rounding(first: Runs, second: Runs) -> float:
    return ROUNDING * float(max(np.abs(first.values).max(), np.abs(second.values).max()))


def _variances(samples: list[Floats], rounding: float) -> Floats:
    """Return the samples' variances, 0 where all values are equal up to rounding."""
    return np.array([np.var(s, ddof=1) if np.ptp(s) > rounding else 0.0 for s in samples])


def _check(first: Runs, second: Runs, paired: bool, edge: float) -> None:
    for runs in (first, second):
        if runs.values.ndim != 1 or runs.values.size < 2:
            raise ValueError("a comparison needs at least two seeds of each experiment")
        if not np.isfinite([*runs.values, runs.sign, edge]).all():
            raise ValueError("a comparison needs finite values and a finite edge")
        if runs.correct is not None and (
            runs.correct.dtype != np.bool_
            or runs.correct.ndim != 2
            or len(runs.correct) != runs.values.size
            or not runs.correct.size
        ):
            raise ValueError("answers to compare are boolean, (n_seeds, n_pictures)")
    if paired and first.values.size != second.values.size:
        raise ValueError("a paired comparison needs equally many seeds of both experiments")
    if first.correct is not None and second.correct is not None:
        counts = first.correct.shape[1], second.correct.shape[1]
        if counts[0] != counts[1]:
            raise ValueError(
                f"answers to compare are to the same pictures, not {counts[0]} and {counts[1]}"
            )
