"""Histograms of oriented gradients (Dalal and Triggs, 2005) and of colours, by scikit-image."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from stages.transforms.base import Features, Learned, Rows, Transform, require_pictures
from stages.transforms.luminance import luminance

Size = Annotated[int, Field(ge=1)]


class Hog(Transform):
    """Directions of edges, counted in cells and normalised in overlapping blocks of cells.

    After them come, if wanted, histograms of hue, saturation and value: what the directions of
    edges leave out.

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
    colour_bins : int
        Bins of each of the three histograms; 0 for directions alone.
    colour_grid : int
        Histograms are taken in each of `colour_grid` x `colour_grid` parts of the picture.
    """

    orientations: Annotated[int, Field(ge=1, le=180)]
    pixels_per_cell: Size
    cells_per_block: Size
    block_norm: Literal["L1", "L1-sqrt", "L2", "L2-Hys"]
    channels: Literal["grey", "rgb"]
    colour_bins: Annotated[int, Field(ge=0, le=256)]
    colour_grid: Size

    def n_outputs(self, shape: tuple[int, ...], n_samples: int | None) -> int:
        """Return blocks times cells in a block times orientations, plus parts times bins."""
        require_pictures(shape)
        if self.colour_bins and shape[2] == 1:
            raise ValueError("colour_bins need colour pictures, these are grey: set it to 0")
        blocks = [side // self.pixels_per_cell - self.cells_per_block + 1 for side in shape[:2]]
        if min(blocks) < 1:
            sides = f"{self.cells_per_block} cells of {self.pixels_per_cell} pixels"
            raise ValueError(f"a block of {sides} does not fit into {shape[0]}x{shape[1]} pixels")
        directions = blocks[0] * blocks[1] * self.cells_per_block**2 * self.orientations
        return directions + 3 * self.colour_bins * self.colour_grid**2

    def apply(self, rows: Rows, learned: Learned) -> Features:
        """Return (n, n_outputs) histograms of (n, height, width, channels) pictures."""
        edges = self._directions(rows)
        return np.hstack([edges, self._colours(rows)]) if self.colour_bins else edges

    def _directions(self, pictures: Rows) -> Features:
        from skimage.feature import hog  # noqa: PLC0415 - slow to import: only when needed

        grey = self.channels == "grey"
        planes = luminance(pictures) if grey else pictures
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

    def _colours(self, pictures: Rows) -> Features:
        """Return shares of the pixels, by part of the picture, channel and bin."""
        from skimage.color import rgb2hsv  # noqa: PLC0415 - slow to import: only when needed

        n_pictures, height, width, _ = pictures.shape
        bins, grid = self.colour_bins, self.colour_grid
        levels = np.minimum((rgb2hsv(pictures) * bins).astype(np.intp), bins - 1)
        down = np.arange(height) * grid // height
        across = np.arange(width) * grid // width
        parts = down[:, np.newaxis] * grid + across
        # Every pixel and channel gets the number of the bin that it is counted in.
        first = np.arange(n_pictures)[:, np.newaxis, np.newaxis] * grid**2 + parts
        places = (first[..., np.newaxis] * 3 + np.arange(3)) * bins + levels
        counts = np.bincount(places.ravel(), minlength=n_pictures * grid**2 * 3 * bins)
        sizes = np.bincount(parts.ravel())[:, np.newaxis]
        shares = counts.reshape(n_pictures, grid**2, 3 * bins) / sizes
        return shares.reshape(n_pictures, -1).astype(np.float32)
