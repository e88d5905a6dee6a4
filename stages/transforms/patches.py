"""Responses to a dictionary of whitened patches (Coates, Ng and Lee, 2011)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from stages.transforms.base import Apply, Rows, Transform, require_pictures

Floats = npt.NDArray[np.float32]
Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]

PART = 100  # pictures that one thread transforms at a time
BLOCK = 2**17  # responses, 0.5 MB, that are in work at a time: they stay in a core's cache


class Patches(Transform):
    """How strongly each atom of a learned dictionary shows in each part of a picture.

    Every square patch of a picture is brought to mean 0 and about unit variance, whitened, and
    compared with every atom; the responses are averaged over the cells of a grid [1]_.

    Attributes
    ----------
    size : int
        Side of a patch in pixels.
    n_patches : int
        How many patches of the training pictures whitening and dictionary are learned from.
    contrast_offset : float
        Added to a patch's variance, in squared levels of 0..255, before its square root divides
        the patch: so flat patches stay faint.
    whitening_offset : float
        Added to the eigenvalues of the patches' covariance before whitening (ZCA) equalises
        them; the smaller, the more of fine detail and noise.
    dictionary : {"kmeans", "samples"}
        Atoms are the centres of k-means, or whitened patches as they were drawn [2]_.
    n_atoms : int
    encoding : {"triangle", "threshold"}
        How much nearer an atom is than the mean of all atoms [1]_; or how far the product with
        the atom, scaled to length 1, is above `threshold`, and, as a second feature, how far
        below minus `threshold` [2]_.
    threshold : float
        Of the encoding of this name; null for the other.
    grid : int
        Responses are averaged over `grid` x `grid` cells.
    power : float
        The averages are raised to it: 0.5 keeps a few strong ones from drowning the many weak
        ones [3]_, 1 leaves them as they are.
    mirror : bool
        Whether features are the mean over a picture and its mirror image: blind to left and
        right, at twice the time.
    seed : int
        Which patches are drawn, and where k-means starts.

    References
    ----------
    .. [1] A. Coates, A. Ng and H. Lee, "An analysis of single-layer networks in unsupervised
       feature learning", AISTATS 2011.
    .. [2] A. Coates and A. Ng, "The importance of encoding versus training with sparse coding
       and vector quantization", ICML 2011.
    .. [3] F. Perronnin, J. Sanchez and T. Mensink, "Improving the Fisher kernel for large-scale
       image classification", ECCV 2010.
    """

    size: Annotated[int, Field(ge=1, le=32)]
    n_patches: Annotated[int, Field(ge=2)]
    contrast_offset: Positive
    whitening_offset: Positive
    dictionary: Literal["kmeans", "samples"]
    n_atoms: Count
    encoding: Literal["triangle", "threshold"]
    threshold: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None
    grid: Count
    power: Annotated[float, Field(gt=0, le=1)]
    mirror: bool
    seed: Annotated[int, Field(ge=0, lt=2**32)]

    learns: ClassVar[bool] = True

    @model_validator(mode="after")
    def _consistent(self) -> Patches:
        if (self.threshold is not None) != (self.encoding == "threshold"):
            allowed = "write a number with encoding threshold, and null with triangle"
            raise ValueError(f"threshold: {self.threshold} is not allowed: {allowed}")
        if self.n_atoms > self.n_patches:
            allowed = f"at most n_patches, {self.n_patches}"
            raise ValueError(f"n_atoms: {self.n_atoms} is not allowed: {allowed}")
        return self

    def n_outputs(self, shape: tuple[int, ...], n_samples: int) -> int:
        """Return atoms times cells, times two for the two signs of a threshold."""
        require_pictures(shape)
        positions = min(shape[:2]) - self.size + 1
        if positions < self.grid:
            raise ValueError(
                f"a grid of {self.grid}x{self.grid} cells is finer than the places of a patch of "
                f"{self.size}x{self.size} in {shape[0]}x{shape[1]} pixels"
            )
        return self.n_atoms * self.grid**2 * (2 if self.encoding == "threshold" else 1)

    def fit(self, samples: Rows) -> Apply:
        """Draw patches from (n, h, w, channels) pictures; learn how to whiten them, and atoms."""
        from joblib import Parallel, delayed  # noqa: PLC0415 - slow to import: only when needed

        patches = self._draw(samples, np.random.default_rng(self.seed))
        _normalize_contrast(patches, self.contrast_offset)
        mean = patches.mean(axis=0)
        patches -= mean
        whitening = _zca(patches, self.whitening_offset)
        atoms = self._learn_atoms(patches @ whitening)
        pooling = _pooling(samples.shape[1:3], self.size, self.grid)

        def transform(pictures: Rows, rows: Floats) -> None:
            encode: _Triangle | _Threshold = (
                _Triangle(whitening, atoms, pooling)
                if self.threshold is None
                else _Threshold(whitening, atoms, pooling, self.threshold)
            )
            buffer = np.empty((pooling.shape[1], len(mean)), dtype=np.float32)
            views = [pictures, pictures[:, :, ::-1]] if self.mirror else [pictures]
            for view in views:
                for windows, row in zip(_windows(view, self.size), rows, strict=True):
                    np.copyto(buffer.reshape(windows.shape), windows)
                    _normalize_contrast(buffer, self.contrast_offset)
                    buffer -= mean
                    row += encode(buffer).reshape(-1) / len(views)
            if self.power < 1:
                np.maximum(rows, 0, out=rows)  # rounding can go below
                rows **= self.power

        def apply(pictures: Rows) -> Floats:
            shape = (len(pictures), self.n_outputs(pictures.shape[1:], len(samples)))
            rows = np.zeros(shape, dtype=np.float32)
            # Threads, since NumPy lets go of the interpreter's lock. A picture's features do
            # not depend on its part, so they are the same on any number of cores.
            Parallel(n_jobs=-1, prefer="threads")(
                delayed(transform)(pictures[i : i + PART], rows[i : i + PART])
                for i in range(0, len(rows), PART)
            )
            return rows

        return apply

    def _draw(self, pictures: Rows, generator: np.random.Generator) -> Floats:
        """Return (n_patches, size * size * channels) patches from random places."""
        n_pictures, height, width, _ = pictures.shape
        which = generator.integers(n_pictures, size=(self.n_patches, 1, 1))
        side = np.arange(self.size)
        top = generator.integers(height - self.size + 1, size=which.shape)
        left = generator.integers(width - self.size + 1, size=which.shape)
        patches = pictures[which, top + side[:, np.newaxis], left + side]
        return np.asarray(patches.reshape(self.n_patches, -1), dtype=np.float32)

    def _learn_atoms(self, whitened: Floats) -> Floats:
        """Return the (n_atoms, d) dictionary of (n_patches, d) whitened patches."""
        if self.dictionary == "samples":
            return whitened[: self.n_atoms]  # their order is random
        from sklearn.cluster import MiniBatchKMeans  # noqa: PLC0415 - slow to import: only when needed

        model = MiniBatchKMeans(
            self.n_atoms, batch_size=4096, max_iter=10, n_init=1, random_state=self.seed
        )
        return np.asarray(model.fit(whitened).cluster_centers_, dtype=np.float32)


class _Encoder:
    """What encodings share: buffers for a block of patches, kept from picture to picture."""

    def __init__(self, atoms: Floats, pooling: Floats) -> None:
        self.pooling = pooling
        self.n_atoms = len(atoms)
        self.step = min(pooling.shape[1], max(1, BLOCK // self.n_atoms))
        self.buffers = np.empty((2, self.step, self.n_atoms), dtype=np.float32)

    def blocks(self, patches: Floats) -> Iterator[tuple[Floats, Floats, Floats]]:
        """Yield some patches, the columns of the pooling matrix for them, and buffers."""
        for start in range(0, len(patches), self.step):
            rows = patches[start : start + self.step]
            pooling = self.pooling[:, start : start + self.step]
            yield rows, pooling, self.buffers[:, : len(rows)]


class _Triangle(_Encoder):
    """max(0, mean distance to the atoms - distance), averaged over cells.

    A squared distance is ``|x|^2 - 2 x.c + |c|^2``: one product, of rows ``(x, |x|^2, 1)`` with
    columns ``(-2 c, 1, |c|^2)``. And as ``max(0, m - d) = m - min(m, d)``, the mean distances
    ``m`` are subtracted when few numbers are left.
    """

    def __init__(self, whitening: Floats, atoms: Floats, pooling: Floats) -> None:
        super().__init__(atoms, pooling)
        squares = np.einsum("ij,ij->i", atoms, atoms)
        self.whitening = whitening
        self.columns = np.vstack([-2 * atoms.T, np.ones_like(squares), squares])
        self.average = np.full((len(atoms), 1), 1 / len(atoms), dtype=np.float32)

    def __call__(self, patches: Floats) -> Floats:
        """Return (cells, n_atoms) features of all centred patches of a picture."""
        rows = np.ones((len(patches), len(self.columns)), dtype=np.float32)
        whitened = np.matmul(patches, self.whitening, out=rows[:, :-2])
        np.einsum("ij,ij->i", whitened, whitened, out=rows[:, -2])
        features = np.zeros((len(self.pooling), self.n_atoms), dtype=np.float32)
        for block, pooling, (distances, _) in self.blocks(rows):
            np.matmul(block, self.columns, out=distances)
            np.abs(distances, out=distances)  # rounding can go below 0
            np.sqrt(distances, out=distances)
            mean = distances @ self.average
            np.minimum(distances, mean, out=distances)
            features += pooling @ mean - pooling @ distances
        return features


class _Threshold(_Encoder):
    """max(0, x.d - t) and max(0, -x.d - t) for atoms d of length 1, averaged over cells.

    As ``max(0, p - t) = max(p, t) - t``, t is subtracted when few numbers are left. Whitening is
    a part of the product.
    """

    def __init__(self, whitening: Floats, atoms: Floats, pooling: Floats, threshold: float) -> None:
        super().__init__(atoms, pooling)
        lengths = np.linalg.norm(atoms, axis=1, keepdims=True)
        self.columns = whitening @ (atoms / np.maximum(lengths, np.finfo(np.float32).tiny)).T
        self.threshold = np.float32(threshold)

    def __call__(self, patches: Floats) -> Floats:
        """Return (cells, 2 n_atoms) features of all centred patches of a picture."""
        features = np.full((2, len(self.pooling), self.n_atoms), -self.threshold)
        for block, pooling, (products, clipped) in self.blocks(patches):
            np.matmul(block, self.columns, out=products)
            features[0] += pooling @ np.maximum(products, self.threshold, out=clipped)
            features[1] -= pooling @ np.minimum(products, -self.threshold, out=products)
        return features


def _windows(pictures: Rows, size: int) -> Floats:
    """Return a view (n, tops, lefts, size, size * channels) of all patches of the pictures."""
    n_pictures, height, _, channels = pictures.shape
    lines = pictures.astype(np.float32).reshape(n_pictures, height, -1)
    shape = (size, size * channels)
    return np.lib.stride_tricks.sliding_window_view(lines, shape, axis=(1, 2))[:, :, ::channels]


def _normalize_contrast(patches: Floats, offset: float) -> None:
    """Subtract from every row its mean, and divide by the root of its variance plus `offset`."""
    patches -= patches.mean(axis=1, keepdims=True)
    variances = np.einsum("ij,ij->i", patches, patches) / patches.shape[1]
    patches *= (1 / np.sqrt(variances + np.float32(offset)))[:, np.newaxis]


def _zca(patches: Floats, offset: float) -> Floats:
    """Return the symmetric matrix that equalises the variances of centred patches."""
    covariance = np.cov(patches, rowvar=False, dtype=np.float64)
    values, vectors = np.linalg.eigh(covariance)
    # Rounding can make the smallest, of the direction of the mean, negative.
    scaled = vectors / np.sqrt(np.maximum(values, 0) + offset)
    return np.asarray(scaled @ vectors.T, dtype=np.float32)


def _pooling(shape: tuple[int, ...], size: int, grid: int) -> Floats:
    """Return the (cells, positions) matrix that averages over the cells of a grid."""
    sides = []
    for length in shape:
        positions = length - size + 1
        cells = np.arange(positions) * grid // positions
        members = cells == np.arange(grid)[:, np.newaxis]
        sides.append(members / members.sum(axis=1, keepdims=True))
    return np.kron(*sides).astype(np.float32)
