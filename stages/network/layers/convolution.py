r"""3 x 3 convolutions, by Winograd's fast algorithm.

What deep learning calls a convolution is a correlation: the output at a place is the sum over the
3 x 3 places around it of its input there times a matrix W of that offset, and outside of the
picture are zeros,

.. math:: y_{uv} = \sum_{i=-1}^{1} \sum_{j=-1}^{1} x_{u+i,v+j} W_{ij}

Of a part Y of 4 x 4 places and the 6 x 6 places X that it comes from, it takes 144 products of
vector and matrix by this formula, and 36 by Winograd's F(4 x 4, 3 x 3) (Lavin and Gray, "Fast
algorithms for convolutional neural networks", 2016):

.. math:: Y = A^T [(G W G^T) \odot (B^T X B)] A

It is linear in X and in W, so that the gradients are its transposes:

.. math:: \Delta = A\, \partial Y A^T, \quad
          \partial X = B\, [\Delta \odot (G W G^T)^T] B^T, \quad
          \partial W = G^T [(B^T X B)^T \odot \Delta]\, G
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np

from stages.network.layers.layer import MANY, Buffers, Layer
from stages.network.losses import Floats

B = np.array(
    [
        [4, 0, 0, 0, 0, 0],
        [0, -4, 4, -2, 2, 4],
        [-5, -4, -4, -1, -1, 0],
        [0, 1, -1, 2, -2, -5],
        [1, 1, 1, 1, 1, 0],
        [0, 0, 0, 0, 0, 1],
    ],
    dtype=np.float64,
)
G = np.array(
    [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ]
)
A = np.array(
    [[1, 0, 0, 0], [1, 1, 1, 1], [1, -1, 1, -1], [1, 2, 4, 8], [1, -2, 4, -8], [0, 0, 0, 1]],
    dtype=np.float64,
)
STEP = len(A[0])  # places of a tile's output, along a side
SIZE = len(A)  # places of its input
TILES = 128  # of about so many pictures' tiles at a time: what they take stays in the cache


class Convolution(Layer):
    """Maps times a matrix for each of the 3 x 3 places around a place.

    Parameters
    ----------
    weight : ndarray of shape (3, 3, channels, filters)
    n_places : int
        Of the maps that it is for.
    """

    weight: Floats

    def __init__(self, weight: Floats, n_places: int) -> None:
        super().__init__(weight)
        self.n_places = n_places

    @property
    def name(self) -> str:
        """As in a list of layers."""
        return f"convolution {self.weight.shape[3]}"

    @property
    def products(self) -> int:
        """One for each weight and place, by the formula."""
        return self.weight.size * self.n_places

    def apply(self, x: Floats) -> Floats:
        """Return the convolved maps: of a few by the formula, with nine matrix products."""
        if x.shape[2] >= MANY:
            return self._convolve(x, Buffers())
        height, width = x.shape[:2]
        padded = np.pad(x, ((1, 1), (1, 1), (0, 0), (0, 0)))
        y = np.zeros((*x.shape[:3], self.weight.shape[3]), x.dtype)
        for i, j in itertools.product(range(3), repeat=2):
            y += padded[i : i + height, j : j + width] @ self.weight[i, j]
        return y

    def forward(self, x: Floats, generator: np.random.Generator | None) -> Floats:
        """Return the convolved maps; keep x."""
        self._x = x
        return self._convolve(x, self._buffers)

    def backward(self, delta: Floats, wanted: bool) -> Floats:
        """Set the gradient of the weights; return that of x."""
        from stages.network.layers import tiles  # noqa: PLC0415 - as above

        x, dtype = self._x, delta.dtype
        inputs, outputs = tiles.lines_of(B.T, dtype), tiles.lines_of(A, dtype)
        back = tiles.lines_of(B, dtype)
        kernels, buffers = self._transformed(), self._buffers
        transposed = np.ascontiguousarray(kernels.transpose(0, 2, 1))
        total, part = np.zeros_like(kernels), np.empty_like(kernels)
        dx = self._buffers.get("dx", x.shape, dtype) if wanted else delta
        for first, n in _blocks(x):
            cut, change = _tiles("x", n, x, buffers), _tiles("y", n, delta, buffers)
            strip, strip_dy = _strip("x", n, x, buffers), _strip("dy", n, delta, buffers)
            strip_dx = _strip("dx", n, x, buffers)
            for row in range(_tiles_along(len(x))):
                tiles.cut(x, first, n, row, STEP, 1, inputs, strip, cut)
                tiles.cut(delta, first, n, row, STEP, 0, outputs, strip_dy, change)
                total += np.matmul(_flat(cut).transpose(0, 2, 1), _flat(change), out=part)
                if wanted:
                    # Over the tiles of x, which are no longer needed.
                    np.matmul(_flat(change), transposed, out=_flat(cut))
                    tiles.join(cut, first, n, row, STEP, 1, back, strip_dx, dx)
        self.weight_gradient = self._buffers.get("dW", self.weight.shape, dtype)
        square = total.reshape(SIZE, SIZE, *self.weight.shape[2:])
        self.weight_gradient[:] = np.einsum("ai,bj,abcd->ijcd", G, G, square, optimize=True)
        return dx

    def _convolve(self, x: Floats, buffers: Buffers) -> Floats:
        from stages.network.layers import tiles  # noqa: PLC0415 - slow to import: compiles

        inputs, outputs = tiles.lines_of(B.T, x.dtype), tiles.lines_of(A.T, x.dtype)
        kernels = self._transformed()
        y: Floats = buffers.get("y", (*x.shape[:3], self.weight.shape[3]), x.dtype)
        for first, n in _blocks(x):
            cut, product = _tiles("x", n, x, buffers), _tiles("y", n, y, buffers)
            strip, strip_y = _strip("x", n, x, buffers), _strip("y", n, y, buffers)
            for row in range(_tiles_along(len(x))):
                tiles.cut(x, first, n, row, STEP, 1, inputs, strip, cut)
                np.matmul(_flat(cut), kernels, out=_flat(product))
                tiles.join(product, first, n, row, STEP, 0, outputs, strip_y, y)
        return y

    def _transformed(self) -> Floats:
        """Return G W G^T, of shape (36, channels, filters)."""
        kernels: Floats = np.einsum("ai,bj,ijcd->abcd", G, G, self.weight, optimize=True)
        return kernels.astype(self.weight.dtype).reshape(SIZE**2, *self.weight.shape[2:])


def _blocks(maps: Floats) -> Iterator[tuple[int, int]]:
    """Yield the first picture of each block, and how many it has."""
    _, width, n, _ = maps.shape
    size = math.ceil(TILES / _tiles_along(width))
    for first in range(0, n, size):
        yield first, min(size, n - first)


def _tiles(name: str, n: int, maps: Floats, buffers: Buffers) -> Floats:
    shape = (SIZE, SIZE, _tiles_along(maps.shape[1]), n, maps.shape[3])
    tiles: Floats = buffers.get(f"tiles of {name}", shape, maps.dtype)
    return tiles


def _strip(name: str, n: int, maps: Floats, buffers: Buffers) -> Floats:
    """Return a buffer of zeros; it has as many columns as all tiles have, and a border."""
    shape = (SIZE, STEP * _tiles_along(maps.shape[1]) + 2, n, maps.shape[3])
    # One for each n: another would find the zeros of its border elsewhere.
    strip: Floats = buffers.get(f"strip of {name}, {n}", shape, maps.dtype, fill=0.0)
    return strip


def _tiles_along(length: int) -> int:
    return math.ceil(length / STEP)


def _flat(tiles: Floats) -> Floats:
    return tiles.reshape(SIZE**2, -1, tiles.shape[-1])
