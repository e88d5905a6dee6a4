"""Principal components of the training samples, by scikit-learn."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from stages.transforms.base import Features, Learned, Rows, Shapes, Transform, require_vectors
from stages.transforms.products import project


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

    def n_outputs(self, shape: tuple[int, ...], n_samples: int | None) -> int | None:
        """Return the number of components, or None where the variance decides."""
        require_vectors(shape)
        if isinstance(self.n_components, float):
            return None
        limit = shape[0] if n_samples is None else min(shape[0], n_samples)
        if self.n_components > limit:
            raise ValueError(
                f"n_components {self.n_components} is more than {limit}, the smaller of "
                f"{shape[0]} features and {n_samples} training samples"
            )
        return self.n_components

    def learn(self, samples: Rows) -> Learned:
        """Find the directions of (n, n_features) samples.

        Returns
        -------
        dict
            ``components``, (n_components, n_features), and the samples' ``mean``, (n_features,);
            with `whiten` also ``variance``, (n_components,). All float64.

        Raises
        ------
        ValueError
            If `whiten` would divide a component by a deviation that is rounding alone.
        """
        from sklearn.decomposition import PCA  # noqa: PLC0415 - slow to import: only when needed

        # The covariance is the smaller problem until there are fewer samples than features: of
        # 64x64 colour pictures it takes minutes. "auto" chooses other solvers, one of them random.
        n_samples, n_features = samples.shape
        solver = "covariance_eigh" if n_samples >= n_features else "full"
        pca = PCA(self.n_components, svd_solver=solver)
        pca.fit(samples.astype(np.float64))
        if self.whiten:
            self._check_rank(pca.explained_variance_, samples.shape)
        learned = {"components": pca.components_, "mean": pca.mean_}
        return learned | ({"variance": pca.explained_variance_} if self.whiten else {})

    def _check_rank(self, variances: npt.NDArray[np.float64], shape: tuple[int, ...]) -> None:
        # Ten times the square, as variances are, of what float32 rounded off the samples.
        rounding = 10 * max(shape) * np.finfo(np.float32).eps ** 2
        rank = int((variances > rounding * variances[0]).sum())
        if rank < len(variances):
            raise ValueError(
                f"n_components {self.n_components} with whiten asks for {len(variances)} "
                f"components of {shape[0]} training samples that have {rank}: ask for at most "
                f"{rank}, or set whiten to false"
            )

    def learned_shapes(self, shape: tuple[int, ...]) -> Shapes:
        """Return those of the directions, the mean and, with `whiten`, the variances."""
        n_components = self.n_components if isinstance(self.n_components, int) else None
        shapes: Shapes = {"components": (n_components, *shape), "mean": shape}
        return shapes | ({"variance": (n_components,)} if self.whiten else {})

    def apply(self, rows: Rows, learned: Learned) -> Features:
        """Return the coordinates of (n, n_features) rows, as scikit-learn's PCA computes them."""
        axes = learned["components"].T
        coordinates = project(rows, axes)
        coordinates -= learned["mean"][np.newaxis] @ axes
        if self.whiten:
            coordinates /= np.sqrt(learned["variance"])
        return coordinates.astype(np.float32)

    def undo(self, features: Features, learned: Learned) -> Rows | None:
        """Return the nearest point that lies in the directions kept."""
        scale = np.sqrt(learned["variance"]) if self.whiten else 1.0
        return features * scale @ learned["components"] + learned["mean"]
