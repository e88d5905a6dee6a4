"""How good predicted probabilities are, beyond whether the most probable class is right.

All functions take `proba`, an ndarray of shape (n, n_classes) whose rows are probabilities, and
`y`, an ndarray of shape (n,) of true classes from 0 to n_classes - 1. They raise ValueError if
the shapes do not fit or are empty, a row is not a distribution, or a class does not exist.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stages.statistics.types import Floats, Labels


def negative_log_likelihood(proba: Floats, y: Labels) -> float:
    r"""Return the mean of :math:`-\log p_y`, in nats (Good, J. R. Stat. Soc. B 14, 1952).

    Probabilities below the spacing of float64, 2.2e-16, count as that, as in scikit-learn's
    `log_loss`: a picture that was held impossible costs 36 nats and not infinity.

    Parameters
    ----------
    proba : ndarray of shape (n, n_classes)
        Probabilities.
    y : ndarray of shape (n,), int
        The true classes.

    Returns
    -------
    float
        At least 0, lower is better.
    """
    proba = _checked(proba, y)
    likelihoods = proba[np.arange(y.size), y]
    return float(-np.log(np.maximum(likelihoods, np.finfo(np.float64).eps)).mean())


def brier_score(proba: Floats, y: Labels) -> float:
    r"""Return the mean of :math:`\sum_k (p_k - [k = y])^2` over the pictures.

    Summed over the classes as in Brier, Monthly Weather Review 78, 1950; with two classes it is
    twice the score that is common for one event.

    Parameters
    ----------
    proba : ndarray of shape (n, n_classes)
        Probabilities.
    y : ndarray of shape (n,), int
        The true classes.

    Returns
    -------
    float
        From 0 to 2, lower is better; no unit.
    """
    errors = _checked(proba, y).copy()
    errors[np.arange(y.size), y] -= 1.0
    return float(np.square(errors).sum() / y.size)


def expected_calibration_error(proba: Floats, y: Labels, n_bins: int = 15) -> float:
    r"""Return how far confidence and accuracy are apart, on average over bins of confidence.

    The confidence is the largest probability. Over equal bins (a, b] of it,
    :math:`\sum_b \frac{|b|}{n} |\mathrm{accuracy}(b) - \mathrm{confidence}(b)|` (Guo et al., ICML
    2017, equation 3).

    Parameters
    ----------
    proba : ndarray of shape (n, n_classes)
        Probabilities; of several largest ones the first is the answer.
    y : ndarray of shape (n,), int
        The true classes.
    n_bins : int
        The number of bins between 0 and 1.

    Returns
    -------
    float
        From 0 to 1, as a share, lower is better.

    Raises
    ------
    ValueError
        If n_bins is below 1.
    """
    proba = _checked(proba, y)
    bins, confidence = _bins(proba, n_bins)
    gaps = np.bincount(bins, weights=(proba.argmax(axis=1) == y) - confidence)
    return float(np.abs(gaps).sum() / y.size)


def reliability(
    proba: Floats, y: Labels, n_bins: int = 15
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return what a reliability diagram shows (Niculescu-Mizil and Caruana, ICML 2005).

    Parameters
    ----------
    proba : ndarray of shape (n, n_classes)
        Probabilities.
    y : ndarray of shape (n,), int
        The true classes.
    n_bins : int
        As of `expected_calibration_error`.

    Returns
    -------
    count, confidence, accuracy : ndarray of shape (n_bins,)
        How many answers are in each bin, and their means; 0 in a bin without any.
    """
    proba = _checked(proba, y)
    bins, confidences = _bins(proba, n_bins)
    count = np.bincount(bins, minlength=n_bins)
    sums = [
        np.bincount(bins, weights=values, minlength=n_bins)
        for values in (confidences, proba.argmax(axis=1) == y)
    ]
    confidence, accuracy = (total / np.maximum(count, 1) for total in sums)
    return count, confidence, accuracy


def _bins(
    proba: npt.NDArray[np.float64], n_bins: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return the bin of each answer, and its confidence."""
    if n_bins < 1:
        raise ValueError("there is at least one bin")
    confidence = proba.max(axis=1)
    # k / n_bins is the nearest float to the edge; k times 1 / n_bins, not always.
    return np.searchsorted(np.arange(1, n_bins) / n_bins, confidence, side="left"), confidence


def _checked(proba: Floats, y: Labels) -> npt.NDArray[np.float64]:
    """Return the probabilities in float64, or raise ValueError."""
    if proba.ndim != 2 or not proba.size or y.shape != proba.shape[:1]:
        raise ValueError("probabilities are (n, n_classes), and their labels (n,)")
    rows = np.asarray(proba, dtype=np.float64)
    if not ((rows >= 0).all() and np.allclose(rows.sum(axis=1), 1.0, rtol=0.0, atol=1e-4)):
        raise ValueError("every row of the probabilities is at least 0 and sums to 1")
    if not np.issubdtype(y.dtype, np.integer) or y.min() < 0 or y.max() >= rows.shape[1]:
        raise ValueError(f"labels are whole numbers from 0 to {rows.shape[1] - 1}")
    return rows
