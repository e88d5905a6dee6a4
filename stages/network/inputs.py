"""The training samples as the network sees them: a batch at a time, mirrored and moved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from stages.augmentation.views import mirrored, moved
from stages.network.losses import Floats
from stages.pixels.scaled import Scaled

Indices = npt.NDArray[np.int64]


class Inputs:
    """Gives out batches; what is drawn for a sample is drawn anew in every epoch.

    Nothing of the data is copied but the batch, so that `X` may be a read-only memory map.

    Parameters
    ----------
    X : ndarray or Scaled of shape (n, n_features)
    batch_size : int
        The most samples that one batch has.
    dtype : dtype
        Of the batches.
    flip : bool or str
        Mirror each sample with probability 1/2, left to right; or those that `batch` is given.
    shift : int
        Move each sample by up to so many pixels down, up, right or left.
    edges : {"repeat", "reflect"}
        What comes in from outside, see `views.moved`.
    views : sequence of ndarray of shape (n, n_features)
        What stands for the mirrored and moved samples if `X` are not pictures but features of
        pictures: each sample is taken from `X` or one of these, with equal probability.
    picture_shape : tuple of int, optional
        Height, width and channels of a row of `X`, if it is a picture.

    Raises
    ------
    ValueError
        If samples shall be mirrored or moved that are no pictures and have no views, or if
        views are not like `X`.
    """

    def __init__(
        self,
        X: npt.NDArray[Any] | Scaled,
        batch_size: int,
        dtype: npt.DTypeLike,
        *,
        flip: bool | str = False,
        shift: int = 0,
        edges: str = "repeat",
        views: Sequence[npt.NDArray[Any]] = (),
        picture_shape: tuple[int, int, int] | None = None,
    ) -> None:
        if (flip or shift) and not views and picture_shape is None:
            raise ValueError("flip and shift need picture_shape, or views of the samples")
        if any(view.shape != X.shape for view in views):
            raise ValueError(f"views must have the shape of X, {X.shape}")
        self.X = X
        self.flip = flip
        self.shift = shift
        self.edges = edges
        self.views = views
        self.picture_shape = picture_shape or (0, 0, 0)
        self._batch: Floats = np.empty((batch_size, X.shape[1]), dtype=dtype)

    def batch(
        self,
        rows: Indices,
        generator: np.random.Generator,
        mirrored: npt.NDArray[np.bool_] | None = None,
    ) -> Floats:
        """Return the samples of `rows`; the next call overwrites them.

        Parameters
        ----------
        rows : ndarray of int64
        generator : numpy.random.Generator
        mirrored : ndarray of shape (len(X),), bool, optional
            Which samples to mirror, instead of drawing them.
        """
        batch = self._batch[: len(rows)]
        if isinstance(self.X, Scaled):
            samples = self.X.take(rows, batch)
        else:  # "clip" skips a check of every index; they are right by construction
            samples = np.take(self.X, rows, axis=0, out=batch, mode="clip")
        if self.views:
            which = generator.integers(len(self.views), size=len(rows), endpoint=True)
            for number, view in enumerate(self.views, start=1):
                chosen = np.flatnonzero(which == number)
                samples[chosen] = view[rows[chosen]]
            return samples
        if self.flip:
            drawn = generator.random(len(rows)) < 0.5 if mirrored is None else mirrored[rows]
            chosen = np.flatnonzero(drawn)
            samples[chosen] = mirrored_rows(samples[chosen], self.picture_shape)
        if self.shift:
            samples[:] = self._moved(samples, generator)
        return samples

    def _moved(self, X: Floats, generator: np.random.Generator) -> Floats:
        # Drawn as (2, n, 1): the trained networks depend on the order of the draws.
        size = (2, len(X), 1)
        up, left = generator.integers(-self.shift, self.shift, size=size, endpoint=True)
        pictures = X.reshape(-1, *self.picture_shape)
        return moved(pictures, -up, -left, self.edges).reshape(X.shape)


def mirrored_rows(X: npt.NDArray[Any], picture_shape: tuple[int, int, int]) -> npt.NDArray[Any]:
    """Return (n, n_features) pictures mirrored left to right."""
    return mirrored(X.reshape(-1, *picture_shape)).reshape(X.shape)
