r"""Penalties on the weights, as the course report writes them; biases are never penalised.

.. math:: J = J_0 + \alpha \sum |w| \qquad\text{and}\qquad J = J_0 + \alpha \sum w^2
"""

from __future__ import annotations

import numpy as np

from stages.network.arrays import add_scaled
from stages.network.losses import Floats


class Penalty:
    """No penalty; the others override what they change.

    Parameters
    ----------
    alpha : float
        Its strength.
    """

    def __init__(self, alpha: float) -> None:
        self.alpha = alpha

    def value(self, weights: list[Floats]) -> float:
        """Return what is added to the loss."""
        return 0.0

    def add_gradients(self, weights: list[Floats], gradients: list[Floats]) -> None:
        """Add the penalty's gradient, where it is smooth, to those of the weights."""

    def shrink(self, weights: list[Floats], learning_rate: float) -> None:
        """Take the proximal step, where the penalty is not smooth, after the gradient step."""


class L2(Penalty):
    """alpha times the sum of squares; its gradient is 2 alpha w."""

    def value(self, weights: list[Floats]) -> float:
        """Return alpha times the sum of all squared weights."""
        return self.alpha * sum(float(np.vdot(w, w)) for w in weights)

    def add_gradients(self, weights: list[Floats], gradients: list[Floats]) -> None:
        """Add 2 alpha w."""
        for weight, gradient in zip(weights, gradients, strict=False):
            add_scaled(gradient, 2 * self.alpha, weight)


class L1(Penalty):
    """alpha times the sum of absolute values.

    Stepping along alpha sign(w) makes weights jump across zero and never rest there. The
    proximal step does: after the gradient step on the loss alone, every weight moves towards
    zero by learning_rate * alpha and stays at exactly zero if it would cross it (forward-
    backward splitting: Duchi and Singer, JMLR 10, 2009, section 3, equation 19).
    """

    def value(self, weights: list[Floats]) -> float:
        """Return alpha times the sum of all absolute weights."""
        return self.alpha * sum(float(np.abs(w).sum(dtype=np.float64)) for w in weights)

    def shrink(self, weights: list[Floats], learning_rate: float) -> None:
        """Soft-threshold the weights at learning_rate * alpha, in place."""
        threshold = learning_rate * self.alpha
        for weight in weights:
            weight -= np.clip(weight, -threshold, threshold)


PENALTIES: dict[str, type[Penalty]] = {"none": Penalty, "l1": L1, "l2": L2}
