"""The largest of the numbers of neighbouring places."""

from __future__ import annotations

import itertools
from functools import reduce

import numpy as np
import numpy.typing as npt

from stages.network.layers.layer import Layer
from stages.network.losses import Floats


class MaxPooling(Layer):
    """The largest number of each square of places, channel by channel.

    Lines and columns that fill no square are left out. The gradient goes to where the largest
    number is; of equal ones, to the first, line by line.

    Parameters
    ----------
    size : int
        Places along a side of a square.

    Attributes
    ----------
    where : ndarray, uint8
        After `forward`, which place of its square each number was in, line by line.
    """

    where: npt.NDArray[np.uint8]

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    @property
    def name(self) -> str:
        """As in a list of layers."""
        return f"max-pooling {self.size}"

    def apply(self, x: Floats) -> Floats:
        """Return the largest numbers."""
        size = self.size
        height, width = x.shape[0] // size * size, x.shape[1] // size * size
        places = itertools.product(range(size), repeat=2)
        return reduce(np.maximum, (x[i:height:size, j:width:size] for i, j in places))

    def forward(self, x: Floats, generator: np.random.Generator | None) -> Floats:
        """Return the largest numbers; keep where they are."""
        from stages.network.layers.squares import largest  # noqa: PLC0415 - slow to import

        self._x = x
        shape = (x.shape[0] // self.size, x.shape[1] // self.size, *x.shape[2:])
        y: Floats = self._buffers.get("y", shape, x.dtype)
        self.where = self._buffers.get("where", shape, np.uint8)
        largest(x, self.size, y, self.where)
        return y

    def backward(self, delta: Floats, wanted: bool) -> Floats:
        """Return delta where the largest numbers were, else 0."""
        from stages.network.layers.squares import spread  # noqa: PLC0415 - slow to import

        if not wanted:
            return delta
        # Over x where it may be: the largest maps of a network come in here.
        x = self._x
        dx: Floats = x if self.overwrites else self._buffers.get("dx", x.shape, delta.dtype)
        height, width = (length * self.size for length in delta.shape[:2])
        dx[height:], dx[:, width:] = 0, 0
        spread(delta, self.where, self.size, dx)
        return dx
