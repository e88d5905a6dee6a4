"""The brightness of colour pictures, and of grey ones, which have it already."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def luminance(pictures: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return (n, height, width), 0 to 1, of (n, height, width, 3 or 1) uint8 pictures."""
    from skimage.color import rgb2gray  # noqa: PLC0415 - slow to import: only when needed

    if pictures.shape[-1] == 1:
        return np.asarray(pictures[..., 0] / 255)
    return np.asarray(rgb2gray(pictures))
