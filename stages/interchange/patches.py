"""Responses to a dictionary of patches in ONNX: convolutions and matrix products."""

from __future__ import annotations

import numpy as np

from stages.interchange.graph import Graph
from stages.transforms.chain import Step
from stages.transforms.patches import Floats, Patches, _cells


def patches(graph: Graph, rows: str, step: Step) -> str:
    """Respond to (n, height, width, channels) pictures, uint8, as `Patches.apply`."""
    transform = step.transform
    assert isinstance(transform, Patches)  # noqa: S101 - found by its name
    pictures = graph.cast(rows, np.float32)
    responses = _responses(graph, pictures, step, transform)
    if transform.mirror:
        mirrored = _responses(graph, reversed_columns(graph, pictures), step, transform)
        both = graph.node("Add", responses, mirrored)
        responses = graph.node("Mul", both, graph.constant(np.float32(0.5)))
    if transform.power < 1:
        responses = graph.node("Pow", responses, graph.constant(np.float32(transform.power)))
    if transform.n_components is None:
        return responses
    axes, origin = step.learned["axes"], step.learned["origin"]
    product = graph.node("MatMul", graph.cast(responses, np.float64), graph.constant(axes))
    return graph.cast(graph.node("Sub", product, graph.constant(origin)), np.float32)


def reversed_columns(graph: Graph, pictures: str) -> str:
    """Mirror (n, height, width, channels) pictures left to right."""
    ends = [[-1], [np.iinfo(np.int64).min], [2], [-1]]
    return graph.node("Slice", pictures, *(graph.constant(end, np.int64) for end in ends))


def _responses(graph: Graph, pictures: str, step: Step, transform: Patches) -> str:
    """Return the (n, n_responses) averages over the grid."""
    rows = _normalized(graph, pictures, step, transform)
    learned, atoms = step.learned, step.learned["atoms"]
    if transform.threshold is None:
        whitened = graph.node("MatMul", rows, graph.constant(learned["whitening"]))
        signs = [_nearness(graph, whitened, atoms)]
    else:
        lengths = np.linalg.norm(atoms, axis=1, keepdims=True)
        unit = atoms / np.maximum(lengths, np.finfo(np.float32).tiny)
        products = graph.node("MatMul", rows, graph.constant(learned["whitening"] @ unit.T))
        level = graph.constant(np.float32(transform.threshold))
        both = products, graph.node("Neg", products)
        signs = [graph.node("Relu", graph.node("Sub", one, level)) for one in both]
    cells = _cells(tuple(step.origin.input_shape[:2]), transform.size, transform.grid)
    weights = np.equal.outer(np.arange(transform.grid**2), cells).astype(np.float32)
    weights /= weights.sum(axis=1, keepdims=True)
    means = [graph.node("MatMul", graph.constant(weights), one) for one in signs]
    flat = [graph.node("Flatten", mean, axis=1) for mean in means]
    return flat[0] if len(flat) == 1 else graph.node("Concat", *flat, axis=1)


def _normalized(graph: Graph, pictures: str, step: Step, transform: Patches) -> str:
    """Return all patches, (n, places, numbers of a patch), of mean 0, scaled and centred."""
    size, (_, _, channels) = transform.size, step.origin.input_shape
    length = size * size * channels
    # Each filter picks one number of a patch, in the order line, column, channel.
    filters = np.eye(length, dtype=np.float32).reshape(length, size, size, channels)
    first = graph.node("Transpose", pictures, perm=[0, 3, 1, 2])
    maps = graph.node("Conv", first, graph.constant(filters.transpose(0, 3, 1, 2)))
    shape = graph.constant([0, length, -1], np.int64)
    rows = graph.node("Transpose", graph.node("Reshape", maps, shape), perm=[0, 2, 1])
    rows = graph.node("Sub", rows, graph.node("ReduceMean", rows, axes=[2]))
    squares = graph.node("ReduceMean", graph.node("Mul", rows, rows), axes=[2])
    offset = graph.constant(np.float32(transform.contrast_offset))
    deviation = graph.node("Sqrt", graph.node("Add", squares, offset))
    scaled = graph.node("Div", rows, deviation)
    return graph.node("Sub", scaled, graph.constant(step.learned["mean"]))


def _nearness(graph: Graph, rows: str, atoms: Floats) -> str:
    """Return how much nearer each atom is to (n, places, d) rows than the mean of all atoms."""
    lengths = graph.node("ReduceSumSquare", rows, axes=[2], keepdims=1)
    products = graph.node("MatMul", rows, graph.constant(-2 * atoms.T))
    squares = graph.constant(np.einsum("ij,ij->i", atoms, atoms))
    sums = graph.node("Add", graph.node("Add", lengths, products), squares)
    distances = graph.node("Sqrt", graph.node("Abs", sums))
    mean = graph.node("ReduceMean", distances, axes=[2])
    return graph.node("Relu", graph.node("Sub", mean, distances))
