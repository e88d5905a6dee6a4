"""Some of the units at random."""

from __future__ import annotations

import numpy as np

from stages.network.layers.layer import Layer
from stages.network.losses import Floats


class Dropout(Layer):
    """Silence a share of the numbers at each training step; do nothing in a prediction.

    The others are scaled by 1 / (1 - share), so that their sum is expected to stay (Srivastava
    et al., 2014).

    Parameters
    ----------
    share : float
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    @property
    def name(self) -> str:
        """As in a list of layers."""
        return f"dropout {self.share!r}"

    def apply(self, x: Floats) -> Floats:
        """Return x."""
        return x

    def forward(self, x: Floats, generator: np.random.Generator | None) -> Floats:
        """Return x times a mask of 0 and 1 / (1 - share)."""
        if generator is None:
            raise ValueError("dropout needs a generator")
        self._mask = self._buffers.get("mask", x.shape, x.dtype)
        generator.random(out=self._mask, dtype=self._mask.dtype)
        np.greater_equal(self._mask, self.share, out=self._mask)
        self._mask /= 1 - self.share
        y: Floats = self._buffers.get("y", x.shape, x.dtype)
        np.multiply(x, self._mask, out=y)
        return y

    def backward(self, delta: Floats, wanted: bool) -> Floats:
        """Multiply delta by the mask."""
        delta *= self._mask
        return delta
