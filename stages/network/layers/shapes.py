"""Rows of numbers as pictures, and back."""

from __future__ import annotations

import numpy as np

from stages.network.layers.layer import Layer
from stages.network.losses import Floats


class Unflatten(Layer):
    """Rows (n, height * width * channels) as maps (height, width, n, channels).

    Parameters
    ----------
    shape : tuple of int
        Height, width and channels.
    """

    def __init__(self, shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.shape = shape

    def apply(self, x: Floats) -> Floats:
        """Return the maps: a copy, as the layers after it may overwrite them."""
        return x.reshape(-1, *self.shape).transpose(1, 2, 0, 3).copy()

    def forward(self, x: Floats, generator: np.random.Generator | None) -> Floats:
        """Return the maps."""
        height, width, channels = self.shape
        maps: Floats = self._buffers.get("y", (height, width, len(x), channels), x.dtype)
        maps[:] = x.reshape(-1, *self.shape).transpose(1, 2, 0, 3)
        return maps

    def backward(self, delta: Floats, wanted: bool) -> Floats:
        """Return the rows of delta."""
        return delta.transpose(2, 0, 1, 3).reshape(delta.shape[2], -1) if wanted else delta


class Flatten(Layer):
    """Maps (height, width, n, channels) as rows (n, height * width * channels)."""

    @property
    def name(self) -> str:
        """As in a list of layers."""
        return "flatten"

    def apply(self, x: Floats) -> Floats:
        """Return the rows."""
        return x.transpose(2, 0, 1, 3).reshape(x.shape[2], -1)

    def forward(self, x: Floats, generator: np.random.Generator | None) -> Floats:
        """Return the rows."""
        self._shape = x.shape
        height, width, n, channels = x.shape
        rows: Floats = self._buffers.get("y", (n, height, width, channels), x.dtype)
        rows[:] = x.transpose(2, 0, 1, 3)
        return rows.reshape(n, -1)

    def backward(self, delta: Floats, wanted: bool) -> Floats:
        """Return the maps of delta."""
        height, width, n, channels = self._shape
        maps: Floats = self._buffers.get("dx", self._shape, delta.dtype)
        maps[:] = delta.reshape(n, height, width, channels).transpose(1, 2, 0, 3)
        return maps
