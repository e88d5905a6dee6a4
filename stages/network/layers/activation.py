"""A function of every number by itself."""

from __future__ import annotations

import numpy as np

from stages.network.activations import ACTIVATIONS
from stages.network.layers.layer import Layer
from stages.network.losses import Floats


class Activation(Layer):
    """f(x) of each number, and its derivative.

    Parameters
    ----------
    name : str
        One of `ACTIVATIONS`.
    """

    keeps_output = True

    def __init__(self, name: str) -> None:
        super().__init__()
        self.function = name

    @property
    def name(self) -> str:
        """As in a list of layers."""
        return self.function

    def apply(self, x: Floats) -> Floats:
        """Replace x by f(x)."""
        ACTIVATIONS[self.function].apply(x)
        return x

    def forward(self, x: Floats, generator: np.random.Generator | None) -> Floats:
        """Return f(x), from which the derivative can be told."""
        self._y = self._in_place(x)
        ACTIVATIONS[self.function].apply(self._y)
        return self._y

    def backward(self, delta: Floats, wanted: bool) -> Floats:
        """Multiply delta by f'(x)."""
        ACTIVATIONS[self.function].backpropagate(self._y, delta)
        return delta
