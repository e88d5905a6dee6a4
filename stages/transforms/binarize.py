"""Pixels to 0 or 1, by a threshold."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from stages.transforms.base import Features, Learned, Rows, Transform, require_pictures
from stages.transforms.luminance import luminance

# Luminances, 0 to 1, are equal or at least 3.9e-7 apart; what is nearer differs by rounding.
ROUNDING = 1e-9


class Binarize(Transform):
    """1 where a pixel is above the threshold, else 0; a picture of one brightness is all 0.

    Attributes
    ----------
    threshold : {"fixed", "mean", "otsu"}
        A fixed brightness, or each picture's own mean, or its Otsu threshold [1]_.
    level : float
        The fixed brightness, 0 to 1; null for the other two.
    channels : {"grey", "rgb"}
        One threshold for the luminance, or one for each channel.

    References
    ----------
    .. [1] N. Otsu, "A threshold selection method from gray-level histograms", IEEE Trans. SMC
       9(1), 1979.
    """

    threshold: Literal["fixed", "mean", "otsu"]
    level: Annotated[float, Field(ge=0, le=1)] | None
    channels: Literal["grey", "rgb"]

    @model_validator(mode="after")
    def _level_belongs_to_fixed(self) -> Binarize:
        if (self.level is not None) != (self.threshold == "fixed"):
            allowed = "a number with threshold fixed, and null with the others"
            raise ValueError(f"level: {self.level} is not allowed: write {allowed}")
        return self

    def n_outputs(self, shape: tuple[int, ...], n_samples: int | None) -> int:
        """Return the number of pixels, times three for rgb."""
        require_pictures(shape)
        height, width, channels = shape
        return height * width * (1 if self.channels == "grey" else channels)

    @property
    def scaling(self) -> tuple[float, float]:
        """Those of 0 and 1 as they are."""
        return 1.0, 0.0

    def apply(self, rows: Rows, learned: Learned) -> Features:
        """Return (n, height * width), times channels for rgb, of 0 and 1."""
        return self.stored(rows, learned).astype(np.float32)

    def stored(self, rows: Rows, learned: Learned) -> Rows:
        """Return the same as bytes."""
        planes = luminance(rows)[..., np.newaxis] if self.channels == "grey" else rows / 255
        thresholds = self._thresholds(planes)[:, np.newaxis, np.newaxis, :]
        return (planes > thresholds).reshape(len(rows), -1).astype(np.uint8)

    def _thresholds(self, planes: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return one threshold for each picture and channel of (n, h, w, c) planes."""
        from skimage.filters import threshold_otsu  # noqa: PLC0415 - slow to import: only when needed

        if self.threshold == "fixed":
            return np.full((len(planes), planes.shape[3]), self.level)
        constant = np.ptp(planes, axis=(1, 2)) < ROUNDING
        thresholds: npt.NDArray[np.float64] = planes.max(axis=(1, 2))  # nothing is above
        if self.threshold == "mean":
            return np.asarray(np.where(constant, thresholds, planes.mean(axis=(1, 2))))
        for picture, channel in np.argwhere(~constant):
            thresholds[picture, channel] = threshold_otsu(planes[picture, :, :, channel])
        return thresholds
