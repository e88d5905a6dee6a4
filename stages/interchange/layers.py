"""What each layer of a network is in ONNX, where maps are (n, channels, height, width)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from stages.interchange.graph import Graph
from stages.network.layers.activation import Activation
from stages.network.layers.convolution import Convolution
from stages.network.layers.dense import Dense
from stages.network.layers.dropout import Dropout
from stages.network.layers.gelu import CUBIC, SCALE, Gelu
from stages.network.layers.layer import Layer
from stages.network.layers.normalization import EPSILON, BatchNormalization
from stages.network.layers.pooling import MaxPooling
from stages.network.layers.shapes import Flatten, Unflatten
from stages.network.layers.whitening import SIDE, Whitening
from stages.network.losses import Floats

Operator = Callable[[str], str]
OPERATORS_OF = {"identity": "Identity", "relu": "Relu", "tanh": "Tanh"}


def operator(graph: Graph, layer: Layer) -> Operator:
    """Return a function of tensors that adds the layer's nodes; its constants are stored once."""
    return MAKERS[type(layer)](graph, layer)


def _dense(graph: Graph, layer: Dense) -> Operator:
    # The scale of the outputs is a part of the weights: exact to rounding.
    scale = np.float32(layer.scale)
    arrays = [layer.weight * scale]
    arrays += [] if layer.bias is None else [layer.bias * scale]
    constants = [graph.constant(array, np.float32) for array in arrays]
    return lambda rows: graph.node("Gemm", rows, *constants)


def _activation(graph: Graph, layer: Activation) -> Operator:
    return partial(graph.node, OPERATORS_OF[layer.function])


def _nothing(_: Graph, __: Layer) -> Operator:
    return lambda tensor: tensor


def _unflatten(graph: Graph, layer: Unflatten) -> Operator:
    shape = graph.constant([-1, *layer.shape], np.int64)
    return lambda rows: graph.node(
        "Transpose", graph.node("Reshape", rows, shape), perm=[0, 3, 1, 2]
    )


def _flatten(graph: Graph, _: Flatten) -> Operator:
    return lambda maps: graph.node(
        "Flatten", graph.node("Transpose", maps, perm=[0, 2, 3, 1]), axis=1
    )


def _filters(graph: Graph, weight: Floats) -> str:
    """Store (height, width, channels, filters) as ONNX has them."""
    return graph.constant(weight.transpose(3, 2, 0, 1), np.float32)


def _convolution(graph: Graph, layer: Convolution) -> Operator:
    weight = _filters(graph, layer.weight)
    return lambda maps: graph.node("Conv", maps, weight, pads=[1, 1, 1, 1])


def _whitening(graph: Graph, layer: Whitening) -> Operator:
    filters, mean = layer.kept["filters"], layer.kept["mean"]
    weight = _filters(graph, filters.reshape(SIDE, SIDE, -1, filters.shape[1]))
    offset = graph.constant(-mean @ filters, np.float32)
    return lambda maps: graph.node("Conv", maps, weight, offset)


def _max_pooling(graph: Graph, layer: MaxPooling) -> Operator:
    side = [layer.size, layer.size]
    return lambda maps: graph.node("MaxPool", maps, kernel_shape=side, strides=side)


def _normalization(graph: Graph, layer: BatchNormalization) -> Operator:
    scale = 1 / np.sqrt(layer.kept["variance"] + EPSILON)
    factor, offset = (
        graph.constant(values.reshape(-1, 1, 1), np.float32)
        for values in (scale, layer.bias - layer.kept["mean"] * scale)
    )
    return lambda maps: graph.node("Add", graph.node("Mul", maps, factor), offset)


def _gelu(graph: Graph, _: Gelu) -> Operator:
    one, half, scale, cubic = (
        graph.constant(np.float32(number)) for number in (1, 0.5, SCALE, CUBIC)
    )

    def nodes(x: str) -> str:
        square = graph.node("Mul", graph.node("Mul", x, x), cubic)
        inner = graph.node("Mul", graph.node("Mul", graph.node("Add", square, one), x), scale)
        outer = graph.node("Add", graph.node("Tanh", inner), one)
        return graph.node("Mul", graph.node("Mul", x, outer), half)

    return nodes


MAKERS: dict[type[Layer], Callable[[Graph, Any], Operator]] = {
    Dense: _dense,
    Activation: _activation,
    Dropout: _nothing,
    Unflatten: _unflatten,
    Flatten: _flatten,
    Convolution: _convolution,
    Whitening: _whitening,
    MaxPooling: _max_pooling,
    BatchNormalization: _normalization,
    Gelu: _gelu,
}
