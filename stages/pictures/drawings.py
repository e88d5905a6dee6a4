"""What a preprocessing leaves of a picture, made visible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from stages.transforms.chain import Chain
from stages.transforms.luminance import luminance

Pixels = npt.NDArray[np.uint8]  # (n, height, width, channels)
Drawing = npt.NDArray[np.float64]  # (n, height, width, 3), from 0 to 1


def as_picture(chain: Chain, pixels: Pixels) -> Drawing:
    """Return features that are 0 or 1 for each pixel, one channel as grey."""
    features = chain.apply(pixels).astype(np.float64)
    return in_colour(features.reshape(*pixels.shape[:3], -1))


def as_edges(chain: Chain, pixels: Pixels) -> Drawing:
    """Return HOG features as strokes along the edges that each cell has."""
    from skimage.feature import hog  # noqa: PLC0415 - slow to import: only when needed

    settings = chain.steps[-1].origin.params
    sides = {key: (settings[key],) * 2 for key in ("pixels_per_cell", "cells_per_block")}
    drawings = np.array(
        [
            hog(
                picture,
                orientations=settings["orientations"],
                block_norm=settings["block_norm"],
                visualize=True,
                **sides,
            )[1]
            for picture in luminance(pixels)
        ]
    )
    drawings /= np.maximum(drawings.max(axis=(1, 2), keepdims=True), np.finfo(float).tiny)
    return in_colour(drawings[..., np.newaxis])


def as_reconstruction(chain: Chain, pixels: Pixels) -> Drawing:
    """Return the nearest pictures that can be told from the features, all steps undone."""
    rows: npt.NDArray[Any] | None = chain.apply(pixels)
    for step in reversed(chain.steps):
        rows = None if rows is None else step.transform.undo(rows, step.learned)
    if rows is None:
        raise ValueError("a step of this chain cannot be undone")
    return in_colour((rows.reshape(pixels.shape) / 255).clip(0, 1))


DRAWINGS: dict[str, Callable[[Chain, Pixels], Drawing]] = {
    "binarize": as_picture,
    "hog": as_edges,
    "pca": as_reconstruction,
}


def draw(chain: Chain, pixels: Pixels) -> Drawing | None:
    """Return what a chain leaves of the pixels, or None if it is not drawn.

    Drawn is what a single step leaves of the pixels, on whatever scale. Not drawn are steps that
    only change the scale, and those that follow one which leaves no pixels.
    """
    *before, last = chain.steps
    drawing = DRAWINGS.get(last.origin.transform)
    if drawing is None or not all(step.transform.elementwise for step in before):
        return None
    return drawing(chain, pixels)


def in_colour(pictures: npt.NDArray[np.float64]) -> Drawing:
    """Return (n, height, width, 1 or 3) pictures with three channels."""
    return np.broadcast_to(pictures, (*pictures.shape[:3], 3))
