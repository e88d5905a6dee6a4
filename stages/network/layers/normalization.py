r"""Batch normalisation (Ioffe and Szegedy, 2015), with a bias and without a scale.

In training, every channel has mean 0 and variance 1 over the places and pictures of a batch:

.. math:: \hat x = \frac{x - \mu}{\sigma}, \quad y = \hat x + b, \quad
          \sigma^2 = \frac{1}{m} \sum (x - \mu)^2 + \epsilon

The mean and the variance depend on every x, so that the gradient loses what would move them:

.. math:: \partial x = \frac{1}{\sigma} \Bigl(\partial y - \overline{\partial y}
          - \hat x \, \overline{\partial y \, \hat x}\Bigr)

A prediction takes running means of both instead, so that a picture's answer does not depend on
the others'.
"""

from __future__ import annotations

import numpy as np

from stages.network.layers.layer import Layer
from stages.network.losses import Floats

EPSILON = 1e-5
NEWEST = 0.4  # a batch's part in the running means


class BatchNormalization(Layer):
    """Maps whose channels have mean 0 and variance 1 in a batch, plus a bias.

    Parameters
    ----------
    bias : ndarray of shape (channels,)
    mean, variance : ndarray of shape (channels,)
        The running ones.
    """

    bias: Floats
    keeps_output = True

    def __init__(self, bias: Floats, mean: Floats, variance: Floats) -> None:
        super().__init__(bias=bias)
        self.kept = {"mean": mean, "variance": variance}

    @property
    def name(self) -> str:
        """As in a list of layers."""
        return "batch-normalization"

    def apply(self, x: Floats) -> Floats:
        """Return x, normalised by the running mean and variance, plus the bias."""
        scale = 1 / np.sqrt(self.kept["variance"] + EPSILON)
        x *= scale
        x += self.bias - self.kept["mean"] * scale
        return x

    def forward(self, x: Floats, generator: np.random.Generator | None) -> Floats:
        """Return x, normalised by the batch, plus the bias; update the running means."""
        from stages.network.layers import channels  # noqa: PLC0415 - slow to import: only to train

        x = self._in_place(x)
        rows = x.reshape(-1, x.shape[-1])
        mean, variance = channels.moments(rows)
        for name, value in (("mean", mean), ("variance", variance)):
            # Of the variance, what is expected of the whole data, not of this batch.
            whole = len(rows) / max(len(rows) - 1, 1) if name == "variance" else 1.0
            self.kept[name] += NEWEST * (value * whole - self.kept[name])
        self._scale = (1 / np.sqrt(variance + EPSILON)).astype(x.dtype)
        channels.scale(rows, self._scale, self.bias - mean.astype(x.dtype) * self._scale)
        self._y = x
        return x

    def backward(self, delta: Floats, wanted: bool) -> Floats:
        """Set the sum of delta; replace delta by the gradient of x."""
        from stages.network.layers import channels  # noqa: PLC0415 - as above

        rows, y = delta.reshape(-1, delta.shape[-1]), self._y.reshape(-1, delta.shape[-1])
        sums, products = channels.sums(rows, y, self.bias)
        self.bias_gradient = self._buffers.get("db", self.bias.shape, delta.dtype)
        self.bias_gradient[:] = sums
        if wanted:
            means = [(total / len(rows)).astype(delta.dtype) for total in (sums, products)]
            channels.subtract(rows, y, self.bias, self._scale, *means)
        return delta
