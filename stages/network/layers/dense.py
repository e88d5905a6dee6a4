"""Every output is a weighted sum of all inputs."""

from __future__ import annotations

import numpy as np

from stages.network.layers.layer import Layer
from stages.network.losses import Floats


class Dense(Layer):
    """Rows times a matrix, plus a bias: y = x W + b.

    Parameters
    ----------
    weight : ndarray of shape (fan_in, fan_out)
    bias : ndarray of shape (fan_out,), optional
    scale : float
        The outputs are multiplied by it.
    """

    weight: Floats

    def __init__(self, weight: Floats, bias: Floats | None = None, scale: float = 1.0) -> None:
        super().__init__(weight, bias)
        self.scale = scale

    @property
    def name(self) -> str:
        """As in a list of layers."""
        return f"dense {self.weight.shape[1]}"

    @property
    def products(self) -> int:
        """One for each weight."""
        return self.weight.size

    def apply(self, x: Floats) -> Floats:
        """Return x W + b."""
        return self._finish(x @ self.weight)

    def forward(self, x: Floats, generator: np.random.Generator | None) -> Floats:
        """Return x W + b; keep x."""
        self._x = x
        shape = (len(x), self.weight.shape[1])
        return self._finish(np.matmul(x, self.weight, out=self._buffers.get("y", shape, x.dtype)))

    def backward(self, delta: Floats, wanted: bool) -> Floats:
        """Set x^T delta and the sum of delta; return delta W^T."""
        if self.scale != 1.0:
            delta *= delta.dtype.type(self.scale)
        self.weight_gradient = self._buffers.get("dW", self.weight.shape, delta.dtype)
        np.matmul(self._x.T, delta, out=self.weight_gradient)
        if self.bias is not None:
            self.bias_gradient = self._buffers.get("db", self.bias.shape, delta.dtype)
            np.sum(delta, axis=0, out=self.bias_gradient)
        if not wanted:
            return delta
        dx: Floats = self._buffers.get("dx", self._x.shape, delta.dtype)
        return np.matmul(delta, self.weight.T, out=dx)

    def _finish(self, product: Floats) -> Floats:
        if self.bias is not None:
            product += self.bias
        if self.scale != 1.0:
            product *= product.dtype.type(self.scale)
        return product
