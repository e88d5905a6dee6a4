"""Zero mean and unit variance of every feature, as seen on the training samples."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from stages.transforms.base import Features, Learned, Rows, Shapes, Transform, require_vectors


class Standardize(Transform):
    """Subtract the training mean, divide by the training standard deviation.

    A feature that is constant in training is only centred. The numbers are scikit-learn's
    `StandardScaler`'s, accumulated in float64.
    """

    with_mean: bool
    with_std: bool

    learns: ClassVar[bool] = True
    elementwise: ClassVar[bool] = True

    def n_outputs(self, shape: tuple[int, ...], n_samples: int | None) -> int:
        """Return as many features as there were."""
        require_vectors(shape)
        return shape[0]

    def learn(self, samples: Rows) -> Learned:
        """Take mean and standard deviation of (n, n_features) samples.

        Returns
        -------
        dict
            ``mean`` and ``scale``, each (n_features,) float64, as far as they are wanted.
        """
        from sklearn.preprocessing import StandardScaler  # noqa: PLC0415 - slow to import: only when needed

        scaler = StandardScaler(with_mean=self.with_mean, with_std=self.with_std).fit(samples)
        mean = {"mean": scaler.mean_} if self.with_mean else {}
        return mean | ({"scale": scaler.scale_} if self.with_std else {})

    def learned_shapes(self, shape: tuple[int, ...]) -> Shapes:
        """Return those of the mean and the scale, as far as they are wanted."""
        wanted = {"mean": self.with_mean, "scale": self.with_std}
        return {name: shape for name, is_wanted in wanted.items() if is_wanted}

    def apply(self, rows: Rows, learned: Learned) -> Features:
        """Return (n, n_features) rows, centred and scaled as scikit-learn's scaler does it."""
        scaled = np.array(rows, dtype=np.float32)
        if self.with_mean:
            scaled -= learned["mean"].astype(np.float32)
        if self.with_std:
            scaled /= learned["scale"].astype(np.float32)
        return scaled

    def undo(self, features: Features, learned: Learned) -> Rows | None:
        """Return the features before."""
        return features * learned.get("scale", 1.0) + learned.get("mean", 0.0)
