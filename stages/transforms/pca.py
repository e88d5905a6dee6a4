"""Principal components of the training samples, by scikit-learn."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from stages.transforms.base import Apply, Rows, Transform, require_vectors


class Pca(Transform):
    """Coordinates along the directions of largest variance.

    Attributes
    ----------
    n_components : int or float
        How many components, or, between 0 and 1, how much of the variance to keep.
    whiten : bool
        Whether every component is scaled to unit variance.
    """

    n_components: Annotated[int, Field(ge=1)] | Annotated[float, Field(gt=0, lt=1)]
    whiten: bool

    learns: ClassVar[bool] = True

    def n_outputs(self, shape: tuple[int, ...], n_samples: int) -> int | None:
        """Return the number of components, or None where the variance decides."""
        require_vectors(shape)
        if isinstance(self.n_components, float):
            return None
        limit = min(shape[0], n_samples)
        if self.n_components > limit:
            raise ValueError(
                f"n_components {self.n_components} is more than {limit}, the smaller of "
                f"{shape[0]} features and {n_samples} training samples"
            )
        return self.n_components

    def fit(self, samples: Rows) -> Apply:
        """Find the directions of (n, n_features) samples."""
        from sklearn.decomposition import PCA  # noqa: PLC0415 - slow to import: only when needed

        # The solver "auto" would choose by the shape of the samples.
        pca = PCA(self.n_components, whiten=self.whiten, svd_solver="covariance_eigh")
        pca.fit(samples.astype(np.float64))

        def apply(rows: Rows) -> npt.NDArray[np.float32]:
            return np.asarray(pca.transform(rows.astype(np.float64)), dtype=np.float32)

        return apply
