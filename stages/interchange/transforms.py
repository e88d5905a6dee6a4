"""What each transform is in ONNX.

To add one, write a function and name it in `OPERATORS`. A transform that has none, such as HOG,
stays outside: the model then starts from features.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from stages.interchange.graph import Graph
from stages.interchange.patches import patches
from stages.transforms.chain import Step
from stages.transforms.normalize import Normalize
from stages.transforms.pca import Pca
from stages.transforms.standardize import Standardize


def normalize(graph: Graph, rows: str, step: Step) -> str:
    """Scale (n, height, width, channels) pictures, uint8; float32, as `Normalize.apply`."""
    transform = step.transform
    assert isinstance(transform, Normalize)  # noqa: S101 - found by its name
    scale = np.float32((transform.high - transform.low) / 255)
    flat = graph.node("Flatten", graph.cast(rows, np.float32), axis=1)
    scaled = graph.node("Mul", flat, graph.constant(scale))
    return graph.node("Add", scaled, graph.constant(np.float32(transform.low)))


def standardize(graph: Graph, rows: str, step: Step) -> str:
    """Centre and scale (n, n_features) rows in float32, as `Standardize.apply`."""
    transform = step.transform
    assert isinstance(transform, Standardize)  # noqa: S101 - found by its name
    if transform.with_mean:
        rows = graph.node("Sub", rows, graph.constant(step.learned["mean"], np.float32))
    if transform.with_std:
        rows = graph.node("Div", rows, graph.constant(step.learned["scale"], np.float32))
    return rows


def pca(graph: Graph, rows: str, step: Step) -> str:
    """Project (n, n_features) rows in float64, as `Pca.apply`."""
    transform = step.transform
    assert isinstance(transform, Pca)  # noqa: S101 - found by its name
    axes = step.learned["components"].T
    coordinates = graph.node("MatMul", graph.cast(rows, np.float64), graph.constant(axes))
    origin = step.learned["mean"][np.newaxis] @ axes
    coordinates = graph.node("Sub", coordinates, graph.constant(origin))
    if transform.whiten:
        deviations = np.sqrt(step.learned["variance"])
        coordinates = graph.node("Div", coordinates, graph.constant(deviations))
    return graph.cast(coordinates, np.float32)


OPERATORS: dict[str, Callable[[Graph, str, Step], str]] = {
    "normalize": normalize,
    "standardize": standardize,
    "pca": pca,
    "patches": patches,
}
