"""Responses to a dictionary of whitened patches (Coates, Ng and Lee, 2011)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Annotated, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from stages.augmentation.views import mirrored
from stages.transforms.base import Features, Learned, Rows, Shapes, Transform, require_pictures
from stages.transforms.products import project

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]
Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]

COMPONENTS_FROM = 10_000  # training pictures at most,
RESPONSES = 2**28  # and no more than have so many responses, 1 GB
POWER_ITERATIONS = 2  # of the random projections
PART = 100  # pictures that one thread transforms at a time
BLOCK = 2**19  # responses, 2 MB, that are in work at a time: they stay in a core's cache


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
    n_components : int or None
        How many principal components of all that are kept, so that what is stored is a tenth
        and features of moved pictures have room beside it; null keeps everything.
    seed : int
        Which patches are drawn, where k-means starts, and the random projections that the
        components come from.

    References
    ----------
    .. [1] A. Coates, A. Ng and H. Lee, "An analysis of single-layer networks in unsupervised
       feature learning", AISTATS 2011.
    .. [2] A. Coates and A. Ng, "The importance of encoding versus training with sparse coding
       and vector quantization", ICML 2011.
    .. [3] F. Perronnin, J. Sanchez and T. Mensink, "Improving the Fisher kernel for large-scale
       image classification", ECCV 2010.
    """

    size: Count
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
    n_components: Count | None
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

    def n_outputs(self, shape: tuple[int, ...], n_samples: int | None) -> int:
        """Return atoms times cells, times two for the two signs of a threshold; or components."""
        require_pictures(shape)
        positions = min(shape[:2]) - self.size + 1
        if positions < self.grid:
            raise ValueError(
                f"a grid of {self.grid}x{self.grid} cells is finer than the places of a patch of "
                f"{self.size}x{self.size} in {shape[0]}x{shape[1]} pixels"
            )
        n_samples = self._n_pictures if n_samples is None else n_samples
        limit = min(self._n_responses, n_samples, self._n_pictures)
        if self.n_components is not None and self.n_components > limit:
            raise ValueError(
                f"n_components {self.n_components} is more than {limit}, the smallest of "
                f"{self._n_responses} responses, {n_samples} training pictures and the "
                f"{self._n_pictures} that components are taken from"
            )
        return self.n_components or self._n_responses

    @property
    def _n_responses(self) -> int:
        return self.n_atoms * self.grid**2 * (2 if self.encoding == "threshold" else 1)

    @property
    def _n_pictures(self) -> int:
        return min(COMPONENTS_FROM, RESPONSES // self._n_responses)

    def learn(self, samples: Rows) -> Learned:
        """Draw patches from (n, h, w, channels) pictures; learn how to whiten them, and atoms.

        Returns
        -------
        dict
            The ``mean``, (d,), of patches of d numbers, their ``whitening``, (d, d), and the
            ``atoms``, (n_atoms, d), all float32; with `n_components` also ``axes``,
            (n_responses, n_components), and their ``origin``, (n_components,), float64.
        """
        patches = self._draw(samples, np.random.default_rng(self.seed))
        normalize, offset = _compiled(_normalize), np.float32(self.contrast_offset)
        normalize(patches, offset, np.zeros(patches.shape[1], dtype=np.float32))
        mean = patches.mean(axis=0)
        patches -= mean
        whitening = _zca(patches, self.whitening_offset)
        learned: Learned = {"mean": mean, "whitening": whitening}
        learned["atoms"] = self._learn_atoms(patches @ whitening)
        if self.n_components is not None:
            rows = self._respond(samples[: self._n_pictures], learned)
            learned["axes"], learned["origin"] = self._find_components(rows)
        return learned

    def learned_shapes(self, shape: tuple[int, ...]) -> Shapes:
        """Return those of mean, whitening and atoms and, with `n_components`, of the axes."""
        length = self.size**2 * shape[2]
        shapes: Shapes = {"mean": (length,), "whitening": (length, length)}
        shapes["atoms"] = (self.n_atoms, length)
        if self.n_components is not None:
            shapes["axes"] = (self._n_responses, self.n_components)
            shapes["origin"] = (self.n_components,)
        return shapes

    def apply(self, rows: Rows, learned: Learned) -> Features:
        """Return (n, n_outputs) averages of responses, or their components."""
        responses = self._respond(rows, learned)
        if self.n_components is None:
            return responses
        components = project(responses, learned["axes"])
        components -= learned["origin"]
        return components.astype(np.float32)

    def _respond(self, pictures: Rows, learned: Learned) -> Floats:
        """Return (n, n_responses) averages over the grid, from threads: compiled code has no lock.

        A picture's are the same on any number of cores, and whatever pictures it comes with.
        """
        from joblib import Parallel, delayed  # noqa: PLC0415 - slow to import: only when needed

        cells = _cells(pictures.shape[1:3], self.size, self.grid)
        encoder = (
            _triangle(learned["whitening"], learned["atoms"])
            if self.threshold is None
            else _threshold(learned["whitening"], learned["atoms"], self.threshold)
        )
        respond = delayed(partial(self._respond_part, mean=learned["mean"], encoder=encoder))
        parts = (pictures[start : start + PART] for start in range(0, len(pictures), PART))
        rows = Parallel(n_jobs=-1, prefer="threads")(respond(part, cells) for part in parts)
        return np.concatenate(rows)

    def _respond_part(
        self, pictures: Rows, cells: Indices, *, mean: Floats, encoder: _Encoder
    ) -> Floats:
        normalize, offset = _compiled(_normalize), np.float32(self.contrast_offset)
        views = [pictures, mirrored(pictures)] if self.mirror else [pictures]
        rows = np.zeros((len(pictures), self._n_responses), dtype=np.float32)
        buffer = np.empty((len(cells), len(mean)), dtype=np.float32)
        n_atoms = self.n_atoms
        products = np.empty((max(1, BLOCK // n_atoms), n_atoms), dtype=np.float32)
        for view in views:
            for windows, row in zip(_windows(view, self.size), rows, strict=True):
                np.copyto(buffer.reshape(windows.shape), windows)
                normalize(buffer, offset, mean)
                row += encoder.averages(buffer, cells, products).reshape(-1) / len(views)
        if self.power < 1:
            rows **= self.power
        return rows

    def _find_components(self, rows: Floats) -> tuple[npt.NDArray[np.float64], ...]:
        """Return the (n_responses, n_components) axes of rows, which it centres, and their mean."""
        from sklearn.decomposition import PCA  # noqa: PLC0415 - slow to import: only when needed

        pca = PCA(
            self.n_components,
            copy=False,
            svd_solver="randomized",
            iterated_power=POWER_ITERATIONS,
            power_iteration_normalizer="QR",
            random_state=self.seed,
        ).fit(rows)
        axes = np.ascontiguousarray(pca.components_.T, dtype=np.float64)
        return axes, pca.mean_ @ axes

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


@dataclass
class _Encoder:
    """Responses of patches to atoms: a product with columns, and what `add` makes of it."""

    whitening: Floats | None  # of the patches before the product, if not a part of the columns
    columns: Floats
    signs: int
    add: Callable[[Floats, Floats, Indices, Floats], None]

    def averages(self, patches: Floats, cells: Indices, buffer: Floats) -> Floats:
        """Return (signs, cells, atoms) features of all centred patches of a picture."""
        counts = np.bincount(cells)
        sums = np.zeros((self.signs, len(counts), buffer.shape[1]), dtype=np.float32)
        rows = patches if self.whitening is None else patches @ self.whitening
        for start in range(0, len(rows), len(buffer)):
            block = rows[start : start + len(buffer)]
            products = np.matmul(block, self.columns, out=buffer[: len(block)])
            self.add(block, products, cells[start : start + len(block)], sums)
        sums /= counts[:, np.newaxis].astype(np.float32)
        return sums


def _triangle(whitening: Floats, atoms: Floats) -> _Encoder:
    """max(0, mean distance to the atoms - distance).

    A squared distance is ``|x|^2 - 2 x.c + |c|^2``: one product, and two sums.
    """
    squares = np.einsum("ij,ij->i", atoms, atoms)
    return _Encoder(whitening, -2 * atoms.T, 1, partial(_compiled(_add_nearness), squares))


def _threshold(whitening: Floats, atoms: Floats, threshold: float) -> _Encoder:
    """max(0, x.d - t) and max(0, -x.d - t) for atoms d of length 1."""
    lengths = np.linalg.norm(atoms, axis=1, keepdims=True)
    columns = whitening @ (atoms / np.maximum(lengths, np.finfo(np.float32).tiny)).T
    return _Encoder(None, columns, 2, partial(_compiled(_add_excess), np.float32(threshold)))


# The element-wise work, compiled: one pass over what is still in a core's cache, where NumPy
# takes two to five, each held up by the interpreter's lock when it starts.


@cache
def _compiled(function: Callable[..., None]) -> Callable[..., None]:
    import numba  # noqa: PLC0415 - slow to import: only when needed

    # "reassoc" and "nsz" let a row be summed in several lanes.
    compiled: Callable[..., None] = numba.njit(
        nogil=True, error_model="numpy", fastmath={"reassoc", "nsz"}
    )(function)
    return compiled


def _normalize(patches: Floats, offset: np.float32, origin: Floats) -> None:
    """Bring every row to mean 0, divide by the root of its variance plus `offset`, and centre."""
    n = np.float32(patches.shape[1])
    for i in range(len(patches)):
        row = patches[i]
        mean = row.sum() / n
        squares = np.float32(0)
        for j in range(len(row)):
            row[j] -= mean
            squares += row[j] * row[j]
        scale = np.float32(1) / np.sqrt(squares / n + offset)
        for j in range(len(row)):
            row[j] = row[j] * scale - origin[j]


def _add_nearness(
    squares: Floats, rows: Floats, products: Floats, cells: Indices, sums: Floats
) -> None:
    """Add, to the cells' sums, ``max(0, mean - distance)`` of rows to atoms.

    `products` are their (n, atoms) products times -2, `squares` the atoms' squared lengths.
    """
    zero = np.float32(0)
    for i in range(len(rows)):
        distances, cell = products[i], sums[0, cells[i]]
        square = mean = zero
        for j in range(rows.shape[1]):
            square += rows[i, j] * rows[i, j]
        for j in range(len(distances)):
            # Rounding can go below 0.
            distances[j] = np.sqrt(abs(square + distances[j] + squares[j]))
            mean += distances[j]
        mean /= np.float32(len(distances))
        for j in range(len(distances)):
            cell[j] += max(mean - distances[j], zero)


def _add_excess(
    threshold: np.float32, rows: Floats, products: Floats, cells: Indices, sums: Floats
) -> None:
    """Add, to the cells' sums, how far (n, atoms) products exceed the threshold, up and down."""
    zero = np.float32(0)
    for i in range(len(rows)):
        row, above, below = products[i], sums[0, cells[i]], sums[1, cells[i]]
        for j in range(len(row)):
            above[j] += max(row[j] - threshold, zero)
            below[j] += max(-row[j] - threshold, zero)


def _windows(pictures: Rows, size: int) -> Floats:
    """Return a view (n, tops, lefts, size, size * channels) of all patches of the pictures."""
    n_pictures, height, _, channels = pictures.shape
    lines = pictures.astype(np.float32).reshape(n_pictures, height, -1)
    shape = (size, size * channels)
    return np.lib.stride_tricks.sliding_window_view(lines, shape, axis=(1, 2))[:, :, ::channels]


def _zca(patches: Floats, offset: float) -> Floats:
    """Return the symmetric matrix that equalises the variances of centred patches."""
    covariance = np.cov(patches, rowvar=False, dtype=np.float64)
    values, vectors = np.linalg.eigh(covariance)
    # Rounding can make the smallest, of the direction of the mean, negative.
    scaled = vectors / np.sqrt(np.maximum(values, 0) + offset)
    return np.asarray(scaled @ vectors.T, dtype=np.float32)


def _cells(shape: tuple[int, ...], size: int, grid: int) -> Indices:
    """Return, for the place of every patch, the cell of the grid that it is in."""
    height, width = (length - size + 1 for length in shape)
    rows, columns = (np.arange(places) * grid // places for places in (height, width))
    return (rows[:, np.newaxis] * grid + columns).reshape(-1)
