"""Histograms of oriented gradients (Dalal and Triggs, 2005), by scikit-image."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from stages.transforms.base import Apply, Rows, Transform, require_pictures

Size = Annotated[int, Field(ge=1, le=32)]


class Hog(Transform):
    """Directions of edges, counted in cells and normalised in overlapping blocks of cells.

    Attributes
    ----------
    orientations : int
        Bins for the unsigned directions 0..180 degrees.
    pixels_per_cell, cells_per_block : int
        Sides of the squares.
    block_norm : {"L1", "L1-sqrt", "L2", "L2-Hys"}
        How a block is normalised.
    channels : {"grey", "rgb"}
        Gradients of the luminance, or at each pixel of the channel where they are largest.
    """

    orientations: Annotated[int, Field(ge=1, le=180)]
    pixels_per_cell: Size
    cells_per_block: Size
    block_norm: Literal["L1", "L1-sqrt", "L2", "L2-Hys"]
    channels: Literal["grey", "rgb"]

    def n_outputs(self, shape: tuple[int, ...], n_samples: int) -> int:
        """Return blocks times cells in a block times orientations."""
        require_pictures(shape)
        blocks = [side // self.pixels_per_cell - self.cells_per_block + 1 for side in shape[:2]]
        if min(blocks) < 1:
            sides = f"{self.cells_per_block} cells of {self.pixels_per_cell} pixels"
            raise ValueError(f"a block of {sides} does not fit into {shape[0]}x{shape[1]} pixels")
        return blocks[0] * blocks[1] * self.cells_per_block**2 * self.orientations

    def fit(self, samples: Rows) -> Apply:
        """Learn nothing."""
        return self._apply

    def _apply(self, pictures: Rows) -> npt.NDArray[np.float32]:
        from skimage.color import rgb2gray  # noqa: PLC0415 - slow to import: only when needed
        from skimage.feature import hog  # noqa: PLC0415

        grey = self.channels == "grey"
        planes = rgb2gray(pictures) if grey else pictures
        rows = [
            hog(
                picture,
                orientations=self.orientations,
                pixels_per_cell=(self.pixels_per_cell,) * 2,
                cells_per_block=(self.cells_per_block,) * 2,
                block_norm=self.block_norm,
                channel_axis=None if grey else -1,
            )
            for picture in planes
        ]
        return np.asarray(rows, dtype=np.float32)
