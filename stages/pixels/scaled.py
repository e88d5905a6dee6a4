"""Numbers that are kept as bytes: a quarter of the memory, and as exact."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Number = float | np.float32
# Numbers taken from which on a compiled function, twice as fast, has earned the time of its import.
WORTH = 2_000_000_000


class Scaled:
    """An array of float32 numbers, ``byte * factor + offset``, made where they are looked at.

    A slice is another such array, without a copy; rows that are chosen by their indices or by a
    mask come as an ndarray, as does the whole for NumPy's functions.

    Parameters
    ----------
    stored : ndarray, uint8
        May be a read-only memory map.
    factor, offset : float
        Rounded to float32, as is the product before the offset is added.
    """

    dtype = np.dtype(np.float32)

    def __init__(self, stored: Bytes, factor: Number, offset: Number) -> None:
        self.stored = stored
        self.factor = np.float32(factor)
        self.offset = np.float32(offset)
        self._taken = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the array."""
        return self.stored.shape

    @property
    def ndim(self) -> int:
        """How many dimensions it has."""
        return self.stored.ndim

    def __len__(self) -> int:
        """Return the length of its first dimension."""
        return len(self.stored)

    def __getitem__(self, key: Any) -> Any:
        """Return a slice, or a copy of chosen rows."""
        if isinstance(key, slice):
            return Scaled(self.stored[key], self.factor, self.offset)
        return scale(self.stored[key], self.factor, self.offset)

    def __array__(
        self, dtype: npt.DTypeLike | None = None, copy: bool | None = None
    ) -> npt.NDArray[Any]:
        """Return all numbers."""
        if copy is False:
            raise ValueError("numbers that are kept as bytes need a copy")
        numbers = scale(self.stored, self.factor, self.offset)
        return numbers if dtype is None else numbers.astype(dtype, copy=False)

    def reshape(self, *shape: int) -> Scaled:
        """Return the same numbers in another shape."""
        return Scaled(self.stored.reshape(*shape), self.factor, self.offset)

    def take(self, rows: npt.NDArray[np.int64], out: Floats) -> Floats:
        """Write the rows of a (n, n_features) array to `out`, float32, and return it."""
        self._taken += out.size
        if self._taken > WORTH:
            from stages.pixels.gathering import gather  # noqa: PLC0415 - slow to import

            gather(self.stored, rows, self.factor, self.offset, out)
            return out
        return scale(self.stored[rows], self.factor, self.offset, out)


def scale(
    stored: Bytes, factor: np.float32, offset: np.float32, out: Floats | None = None
) -> Floats:
    """Return ``byte * factor + offset`` in float32, with a rounding after each step."""
    numbers = np.empty(stored.shape, np.float32) if out is None else out
    numbers[...] = stored
    numbers *= factor
    numbers += offset
    return numbers
