r"""The Gaussian error linear unit (Hendrycks and Gimpel, 2016), in its form with tanh.

.. math:: f(x) = \frac{x}{2} (1 + t), \quad
          t = \tanh\Bigl(\sqrt{2 / \pi}\,(x + 0.044715\, x^3)\Bigr)

.. math:: f'(x) = \frac{1 + t}{2}
          + \frac{x}{2} (1 - t^2) \sqrt{2 / \pi}\,(1 + 3 \cdot 0.044715\, x^2)
"""

from __future__ import annotations

import math

import numpy as np

from stages.network.layers.layer import MANY, Layer
from stages.network.losses import Floats

SCALE = math.sqrt(2 / math.pi)
CUBIC = 0.044715


class Gelu(Layer):
    """x, weighted by how probable it is that a normal number is smaller."""

    @property
    def name(self) -> str:
        """As in a list of layers."""
        return "gelu"

    def apply(self, x: Floats) -> Floats:
        """Return f(x)."""
        if x.ndim == 4 and x.shape[2] >= MANY:
            return _compiled(x, np.empty_like(x))
        t = x * x
        t *= CUBIC
        t += 1
        t *= x
        t *= SCALE
        np.tanh(t, out=t)
        t += 1
        x *= t
        x *= 0.5
        return x

    def forward(self, x: Floats, generator: np.random.Generator | None) -> Floats:
        """Return f(x); keep x."""
        self._x = x
        return _compiled(x, self._buffers.get("y", x.shape, x.dtype))

    def backward(self, delta: Floats, wanted: bool) -> Floats:
        """Multiply delta by f'(x)."""
        from stages.network.layers.smooth import gelu_derivative  # noqa: PLC0415 - slow to import

        gelu_derivative(self._x.reshape(-1), delta.reshape(-1))
        return delta


def _compiled(x: Floats, y: Floats) -> Floats:
    from stages.network.layers.smooth import gelu  # noqa: PLC0415 - slow to import

    gelu(x.reshape(-1), y.reshape(-1))
    return y
