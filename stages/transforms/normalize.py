"""Pixels from 0..255 to a range of real numbers, usually 0..1."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field, model_validator

from stages.pixels.scaled import scale
from stages.transforms.base import Features, Learned, Rows, Transform, require_pictures


class Normalize(Transform):
    """Map black to `low` and full brightness to `high`; a feature for each pixel and channel.

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

    def n_outputs(self, shape: tuple[int, ...], n_samples: int | None) -> int:
        """Return the number of pixels times channels."""
        require_pictures(shape)
        return int(np.prod(shape))

    @property
    def scaling(self) -> tuple[float, float]:
        """Those of the pixels themselves."""
        return (self.high - self.low) / 255, self.low

    def stored(self, rows: Rows, learned: Learned) -> Rows:
        """Return the pixels."""
        return rows.reshape(len(rows), -1)

    def apply(self, rows: Rows, learned: Learned) -> Features:
        """Return (n, height * width * channels) numbers."""
        factor, offset = map(np.float32, self.scaling)
        return scale(self.stored(rows, learned), factor, offset)

    def undo(self, features: Features, learned: Learned) -> Rows | None:
        """Return levels of 0..255, not rounded."""
        return (features.astype(np.float64) - self.low) * (255 / (self.high - self.low))
