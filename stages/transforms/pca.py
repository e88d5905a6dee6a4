"""Principal components of the training samples, by scikit-learn."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from stages.transforms.base import Apply, Rows, Transform, require_vectors

POWER_ITERATIONS = 2  # each reads all samples twice


class Pca(Transform):
    """Coordinates along the directions of largest variance.

    Attributes
    ----------
    n_components : int or float
        How many components, or, between 0 and 1, how much of the variance to keep.
    whiten : bool
        Whether every component is scaled to unit variance.
    solver : {"exact", "randomized"}
        The covariance matrix diagonalised, in float64, or its first directions from random
        projections, in float32 [1]_: for more features than a covariance matrix is wanted of.
    seed : int
        Of the random projections.

    References
    ----------
    .. [1] N. Halko, P.-G. Martinsson and J. Tropp, "Finding structure with randomness", SIAM
       Review 53, 2011.
    """

    n_components: Annotated[int, Field(ge=1)] | Annotated[float, Field(gt=0, lt=1)]
    whiten: bool
    solver: Literal["exact", "randomized"]
    seed: Annotated[int, Field(ge=0, lt=2**32)]

    learns: ClassVar[bool] = True

    @model_validator(mode="after")
    def _consistent(self) -> Pca:
        if self.solver == "randomized" and isinstance(self.n_components, float):
            allowed = "exact, or a count of components"
            raise ValueError(f"solver: randomized is not allowed: {allowed}")
        return self

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

        exact = self.solver == "exact"
        dtype = np.float64 if exact else np.float32
        pca = PCA(
            self.n_components,
            whiten=self.whiten,
            # "auto" would choose by the shape of the samples.
            svd_solver="covariance_eigh" if exact else "randomized",
            iterated_power=POWER_ITERATIONS,
            power_iteration_normalizer="QR",
            random_state=self.seed,
        )
        pca.fit(samples.astype(dtype, copy=False))

        def apply(rows: Rows) -> npt.NDArray[np.float32]:
            return np.asarray(pca.transform(rows.astype(dtype, copy=False)), dtype=np.float32)

        return apply
