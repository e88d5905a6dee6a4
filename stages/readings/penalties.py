r"""Other readings of the course report's L1 penalty, :math:`J = J_0 + \alpha \sum |w|`.

The slides do not say how a weight moves. The product's network takes the proximal step
(`stages.network.penalties.L1`); here are steps along the subgradient of the penalty.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from stages.network.arrays import add_scaled
from stages.network.losses import Floats
from stages.network.penalties import L1


class Subgradient(L1):
    """L1 by its subgradient, alpha sign(w), which is 0 at 0; weights jump across zero.

    Attributes
    ----------
    strength : float
        The share of the subgradient that a step takes; the loss counts the whole penalty.
    """

    strength: ClassVar[float] = 1.0

    def add_gradients(self, weights: list[Floats], gradients: list[Floats]) -> None:
        """Add strength times alpha sign(w)."""
        for weight, gradient in zip(weights, gradients, strict=False):
            add_scaled(gradient, self.strength * self.alpha, np.sign(weight))

    def shrink(self, weights: list[Floats], learning_rate: float) -> None:
        """Do nothing: the gradient step has moved the weights."""


class HalfSubgradient(Subgradient):
    """Half the subgradient, as code that halves both penalties' gradients would take."""

    strength: ClassVar[float] = 0.5


L1_STEPS: dict[str, type[L1]] = {
    "proximal": L1,
    "subgradient": Subgradient,
    "half-subgradient": HalfSubgradient,
}
