"""A first layer that makes small patches of the pictures uncorrelated; it is not trained."""

from __future__ import annotations

import numpy as np

from stages.network.layers.layer import Layer
from stages.network.losses import Floats

SIDE = 2  # of a patch
OFFSET = 5e-4  # added to the variances: directions without any would be noise


class Whitening(Layer):
    """Each patch of 2 x 2 places in the directions of its principal components, and against them.

    In each of them the training pictures' patches have mean 0 and variance 1.

    Parameters
    ----------
    filters : ndarray of shape (4 * channels, 8 * channels)
    mean : ndarray of shape (4 * channels,)
        Of the patches.
    """

    def __init__(self, filters: Floats, mean: Floats) -> None:
        super().__init__()
        self.kept = {"filters": filters, "mean": mean}

    @classmethod
    def learn(cls, maps: Floats) -> Whitening:
        """Return the layer for (height, width, n, channels) maps like these."""
        patches = _patches(maps).reshape(-1, SIDE * SIDE * maps.shape[-1])
        mean = patches.mean(axis=0, dtype=np.float64)
        covariance = np.cov(patches, rowvar=False, dtype=np.float64)
        values, vectors = np.linalg.eigh(covariance)
        # Rounding can make the smallest negative.
        scaled = vectors / np.sqrt(np.maximum(values, 0) + OFFSET)
        filters = np.concatenate([scaled, -scaled], axis=1)
        return cls(filters.astype(maps.dtype), mean.astype(maps.dtype))

    @property
    def name(self) -> str:
        """As in a list of layers."""
        return "whitening"

    def apply(self, x: Floats) -> Floats:
        """Return the whitened patches: one line and column less than x has."""
        filters = self.kept["filters"]
        return _patches(x) @ filters - self.kept["mean"] @ filters

    def forward(self, x: Floats, generator: np.random.Generator | None) -> Floats:
        """Return the whitened patches."""
        height, width, n, channels = x.shape
        shape = (height - 1, width - 1, n, SIDE * SIDE * channels)
        patches = _patches(x, self._buffers.get("patches", shape, x.dtype))
        filters = self.kept["filters"]
        y: Floats = self._buffers.get("y", (*shape[:3], filters.shape[1]), x.dtype)
        np.matmul(patches.reshape(-1, shape[3]), filters, out=y.reshape(-1, filters.shape[1]))
        y -= self.kept["mean"] @ filters
        return y

    def backward(self, delta: Floats, wanted: bool) -> Floats:
        """Return the gradient of x: nothing is learned here."""
        height, width, n, _ = delta.shape
        patches = (delta @ self.kept["filters"].T).reshape(height, width, n, SIDE * SIDE, -1)
        dx = np.zeros((height + 1, width + 1, n, patches.shape[-1]), delta.dtype)
        for place in range(SIDE * SIDE):
            i, j = divmod(place, SIDE)
            dx[i : i + height, j : j + width] += patches[:, :, :, place]
        return dx


def _patches(maps: Floats, out: Floats | None = None) -> Floats:
    """Return (height - 1, width - 1, n, 4 * channels) patches."""
    height, width = maps.shape[0] - 1, maps.shape[1] - 1
    corners = [maps[i : i + height, j : j + width] for i in range(SIDE) for j in range(SIDE)]
    patches: Floats = np.concatenate(corners, axis=3, out=out)
    return patches
