r"""Softmax and cross-entropy.

With logits :math:`o` and :math:`p_k = e^{o_k} / \sum_j e^{o_j}`, the cross-entropy of a target
distribution :math:`t` is :math:`L = -\sum_k t_k \log p_k`, and its gradient is
:math:`\partial L / \partial o = p - t` (derived in ``reports/gradcheck.md``).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Labels = npt.NDArray[np.int64]


def softmax(logits: Floats) -> Floats:
    """Turn (n, n_classes) logits into probabilities, in place.

    The largest logit of each row is subtracted first, which changes no probability and keeps
    the exponential from overflowing.
    """
    logits -= logits.max(axis=1, keepdims=True)
    np.exp(logits, out=logits)
    logits /= logits.sum(axis=1, keepdims=True)
    return logits


def log_softmax(logits: Floats) -> Floats:
    """Turn (n, n_classes) logits into log-probabilities, in place; finite for finite logits."""
    logits -= logits.max(axis=1, keepdims=True)
    logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return logits


def cross_entropy_gradient(logits: Floats, y: Labels, label_smoothing: float = 0.0) -> float:
    """Return the mean cross-entropy of a batch; leave its gradient in `logits`.

    Parameters
    ----------
    logits : ndarray of shape (n, n_classes)
        Overwritten by the gradient with respect to the logits, (p - t) / n.
    y : ndarray of shape (n,), int64
        The true classes.
    label_smoothing : float
        The target t is 1 - label_smoothing on the true class, plus label_smoothing spread
        evenly over all classes (Szegedy et al., 2016).

    Returns
    -------
    float
        In nats, averaged over the batch.
    """
    n, n_classes = logits.shape
    rows = np.arange(n)
    logits -= logits.max(axis=1, keepdims=True)
    # -sum_k t_k log p_k = log sum_j e^{o_j} - sum_k t_k o_k, because the t_k sum to one.
    fit = (1.0 - label_smoothing) * logits[rows, y].sum(dtype=np.float64)
    if label_smoothing:
        fit += label_smoothing * logits.sum(dtype=np.float64) / n_classes
    np.exp(logits, out=logits)
    sums = logits.sum(axis=1, keepdims=True)
    loss = (np.log(sums).sum(dtype=np.float64) - fit) / n
    logits /= sums
    logits[rows, y] -= 1.0 - label_smoothing
    if label_smoothing:
        logits -= label_smoothing / n_classes
    logits /= n
    return float(loss)
