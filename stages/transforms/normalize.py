"""Pixels from 0..255 to a range of real numbers, usually 0..1."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from stages.transforms.base import Apply, Rows, Transform, require_pictures


class Normalize(Transform):
    """Map black to `low` and full brightness to `high`; 3,072 features per picture.

    (For zero mean and unit variance per feature, chain `standardize` to it.)
    """

    low: Annotated[float, Field(allow_inf_nan=False)]
    high: Annotated[float, Field(allow_inf_nan=False)]

    elementwise: ClassVar[bool] = True

    @model_validator(mode="after")
    def _ordered(self) -> Normalize:
        if self.low >= self.high:
            raise ValueError(f"low: {self.low} is not allowed: it must be below high, {self.high}")
        return self

    def n_outputs(self, shape: tuple[int, ...], n_samples: int) -> int:
        """Return the number of pixels times channels."""
        require_pictures(shape)
        return int(np.prod(shape))

    def fit(self, samples: Rows) -> Apply:
        """Learn nothing."""
        scale = np.float32((self.high - self.low) / 255)
        low = np.float32(self.low)

        def apply(pictures: Rows) -> npt.NDArray[np.float32]:
            rows = pictures.reshape(len(pictures), -1).astype(np.float32)
            return rows * scale + low

        return apply
