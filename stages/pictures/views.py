"""What a transform leaves of a picture, made visible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from stages.data.batches import SIDE
from stages.data.samples import Samples
from stages.schema.feature import merge_feature
from stages.transforms.base import Rows, Transform

Pictures = npt.NDArray[np.float64]  # (n, 32, 32, 3), from 0 to 1


class Step(NamedTuple):
    """A fitted transform, the pixels it was fitted on, and some pictures before and after it."""

    transform: Transform
    fitted_pixels: Rows
    fitted: npt.NDArray[np.float32]
    pixels: Rows
    values: npt.NDArray[np.float32]


def transformed(document: dict[str, Any], name: str, samples: Samples, pixels: Rows) -> Step:
    """Apply the chain of transforms that makes the features `name`.

    Parameters
    ----------
    document : dict
        The content of params.yaml.
    name : str
        An entry of ``features:``.
    samples : Samples
        The raw dataset.
    pixels : ndarray of shape (n, 32, 32, 3), uint8
        The pictures that will be shown.
    """
    feature, transform = merge_feature(document, name)
    fitted_pixels, _ = samples.select(feature.fit or ["data_batch_1"])
    inputs, shown = fitted_pixels, pixels
    if feature.input.startswith("features/"):
        # The step before may have been fitted on other batches; it is applied to these.
        both = np.concatenate([fitted_pixels, pixels])
        before = transformed(document, feature.input.removeprefix("features/"), samples, both)
        inputs, shown = np.split(before.values, [len(fitted_pixels)])
    apply = transform.fit(inputs)
    return Step(transform, fitted_pixels, apply(inputs), pixels, apply(shown))


def as_picture(step: Step) -> Pictures:
    """Return features that are pixels as the picture they are, one channel as grey."""
    pictures = step.values.astype(np.float64).reshape(len(step.values), SIDE, SIDE, -1)
    low, high = step.fitted.min(), step.fitted.max()
    return np.broadcast_to(
        (pictures - low) / max(high - low, np.finfo(np.float32).tiny),
        (len(pictures), SIDE, SIDE, 3),
    )


def as_edges(step: Step) -> Pictures:
    """Return HOG features as strokes along the edges that each cell has."""
    from skimage.color import rgb2gray  # noqa: PLC0415 - slow to import: only when needed
    from skimage.feature import hog  # noqa: PLC0415

    settings = step.transform.model_dump()
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
            for picture in rgb2gray(step.pixels)
        ]
    )
    drawings /= np.maximum(drawings.max(axis=(1, 2), keepdims=True), np.finfo(float).tiny)
    return np.broadcast_to(drawings[..., np.newaxis], step.pixels.shape)


def as_reconstruction(step: Step) -> Pictures:
    """Return the linear estimate of the pixels from the features, by least squares.

    From the principal components of the very samples that it is fitted on, this is the inverse
    of the transform.
    """
    pixels = step.fitted_pixels.reshape(len(step.fitted_pixels), -1) / 255
    mean, center = pixels.mean(axis=0), step.fitted.mean(axis=0, dtype=np.float64)
    features = step.fitted - center
    decoder = np.linalg.lstsq(features.T @ features, features.T @ (pixels - mean))[0]
    estimate: Pictures = mean + (step.values - center) @ decoder
    return estimate.clip(0, 1).reshape(step.pixels.shape)


VIEWS: dict[str, Callable[[Step], Pictures]] = {
    "binarize": as_picture,
    "hog": as_edges,
    "pca": as_reconstruction,
}


def find_view(document: dict[str, Any], name: str) -> Callable[[Step], Pictures] | None:
    """Return how to draw the features `name`; None if they are not drawn.

    Drawn is what a single step leaves of the pixels, on whatever scale. Not drawn are steps that
    only change the scale, and those that follow one which leaves no pixels.
    """
    feature, _ = merge_feature(document, name)
    step = feature
    while step.input.startswith("features/"):
        step, before = merge_feature(document, step.input.removeprefix("features/"))
        if not before.elementwise:
            return None
    return VIEWS.get(feature.transform)
