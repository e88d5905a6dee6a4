"""Zero mean and unit variance of every feature, as seen on the training samples."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from stages.transforms.base import Apply, Rows, Transform, require_vectors


class Standardize(Transform):
    """Subtract the training mean, divide by the training standard deviation.

    A feature that is constant in training is only centred. The numbers are scikit-learn's
    `StandardScaler`'s, accumulated in float64.
    """

    with_mean: bool
    with_std: bool

    learns: ClassVar[bool] = True
    elementwise: ClassVar[bool] = True

    def n_outputs(self, shape: tuple[int, ...], n_samples: int) -> int:
        """Return as many features as there were."""
        require_vectors(shape)
        return shape[0]

    def fit(self, samples: Rows) -> Apply:
        """Take mean and standard deviation of (n, n_features) samples."""
        from sklearn.preprocessing import StandardScaler  # noqa: PLC0415 - slow to import: only when needed

        scaler = StandardScaler(with_mean=self.with_mean, with_std=self.with_std).fit(samples)

        def apply(rows: Rows) -> npt.NDArray[np.float32]:
            return np.asarray(scaler.transform(rows), dtype=np.float32)

        return apply
