"""Layers made by their names; `layer_names` says which there are.

To add a kind of layer, write its module in ``layers/``, here how it is made, and its entry of
`layer_names.KINDS`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from stages.network.activations import ACTIVATIONS
from stages.network.layer_names import KINDS, parse
from stages.network.layers.activation import Activation
from stages.network.layers.convolution import Convolution
from stages.network.layers.dense import Dense
from stages.network.layers.dropout import Dropout
from stages.network.layers.gelu import Gelu
from stages.network.layers.layer import Layer
from stages.network.layers.normalization import BatchNormalization
from stages.network.layers.pooling import MaxPooling
from stages.network.layers.shapes import Flatten, Unflatten
from stages.network.layers.whitening import Whitening
from stages.network.losses import Floats

Shape = tuple[int, ...]  # of a sample: features, or height, width and channels


class Start(NamedTuple):
    """Where layers get their first numbers from.

    Attributes
    ----------
    generator : numpy.random.Generator or None
        Draws in float64, so that a float32 network starts from the rounded weights of the
        float64 one. Without it, the layers are hollow: they have shapes, but take no memory.
    dtype : dtype
    weight_scale : float or None
        Standard deviation of the weights; None for the layers' rules.
    samples : ndarray of shape (n, n_features), optional
        What `Whitening` learns from; without them it is left empty.
    biased : bool
        Whether dense layers have a bias. Behind a batch normalisation it would have no effect.
    """

    generator: np.random.Generator | None
    dtype: npt.DTypeLike
    weight_scale: float | None = None
    samples: npt.NDArray[Any] | None = None
    biased: bool = True

    def weights(self, shape: Shape, variance: float) -> Floats:
        """Return normal weights."""
        if self.generator is None:
            return self.constant(shape)
        scale = np.sqrt(variance) if self.weight_scale is None else self.weight_scale
        return (self.generator.standard_normal(shape) * scale).astype(self.dtype)

    def constant(self, shape: Shape, value: float = 0.0) -> Floats:
        """Return an array of one number."""
        number = np.full((), value, dtype=self.dtype)
        hollow = self.generator is None
        return np.broadcast_to(number, shape) if hollow else np.full(shape, number)


# Given the shape that comes in, the number behind the name, the next layer's name and a `Start`,
# returns the layer and the shape that goes out.
Make = Callable[[Shape, float, str, Start], tuple[Layer, Shape]]


def build(names: Sequence[str], shape: Shape, n_classes: int, start: Start) -> list[Layer]:
    """Return the layers of these names, and a dense one for the logits.

    Parameters
    ----------
    names : sequence of str
    shape : tuple of int
        Of a sample, which is a row; height, width and channels if the first layer takes maps.
    n_classes : int
    start : Start

    Raises
    ------
    ValueError
        If a name is unknown, or a layer cannot take what the one before gives.
    """
    kinds = [parse(name) for name in names]
    if kinds and KINDS[kinds[0][0]].takes == "both":
        raise ValueError(f"layers: {names[0]} is not allowed as the first: nothing is before it")
    start = start._replace(biased="batch-normalization" not in names)
    layers: list[Layer] = []
    if kinds and KINDS[kinds[0][0]].takes == "maps":
        if len(shape) != 3:
            raise ValueError(f"layers: {names[0]} is not allowed: it needs pictures")
        layers.append(Unflatten((shape[0], shape[1], shape[2])))
    else:
        shape = (int(np.prod(shape)),)
    for number, (word, value) in enumerate(kinds):
        kind = KINDS[word]
        if word == "whitening" and number:
            raise ValueError("layers: whitening is allowed as the first only: it learns pictures")
        if kind.takes not in ("both", "maps" if len(shape) == 3 else "rows"):
            needs = "flatten first" if len(shape) == 3 else "it needs maps"
            raise ValueError(f"layers: {names[number]} is not allowed there: {needs}")
        following = kinds[number + 1][0] if number + 1 < len(kinds) else ""
        layer, shape = MAKERS[word](shape, value, following, start)
        if min(shape) < 1:
            raise ValueError(f"layers: {names[number]} is not allowed: no place would be left")
        layers.append(layer)
    if len(shape) == 3:
        raise ValueError("layers: they must end with flatten, or a layer after it")
    return [*layers, _dense(shape, n_classes, "", start)[0]]


def _dense(shape: Shape, units: float, following: str, start: Start) -> tuple[Layer, Shape]:
    fan_in, fan_out = shape[0], int(units)
    # Variance 2 / fan_in in front of a ReLU, which halves it (He et al., "Delving deep into
    # rectifiers", 2015), else 1 / fan_in (LeCun et al., "Efficient BackProp", 1998).
    weight = start.weights((fan_in, fan_out), (2.0 if following == "relu" else 1.0) / fan_in)
    bias = start.constant((fan_out,)) if start.biased else None
    return Dense(weight, bias), (fan_out,)


def _convolution(shape: Shape, filters: float, _: str, start: Start) -> tuple[Layer, Shape]:
    """Return filters that begin as the identity, as many as there are channels; others at random.

    The random ones have a third of LeCun's variance, as in PyTorch.
    """
    height, width, channels = shape
    n_filters = int(filters)
    weight = start.weights((3, 3, channels, n_filters), 1 / (27 * channels))
    if start.generator is not None:
        same = min(channels, n_filters)
        weight[:, :, :, :same] = 0
        weight[1, 1, range(same), range(same)] = 1
    return Convolution(weight, height * width), (height, width, n_filters)


def _max_pooling(shape: Shape, size: float, _: str, __: Start) -> tuple[Layer, Shape]:
    side = int(size)
    return MaxPooling(side), (shape[0] // side, shape[1] // side, shape[2])


def _normalization(shape: Shape, _: float, __: str, start: Start) -> tuple[Layer, Shape]:
    bias, mean = start.constant(shape[2:]), start.constant(shape[2:])
    return BatchNormalization(bias, mean, start.constant(shape[2:], 1.0)), shape


def _whitening(shape: Shape, _: float, __: str, start: Start) -> tuple[Layer, Shape]:
    height, width, channels = shape
    if start.samples is None:
        empty = Whitening(
            start.constant((4 * channels, 8 * channels)), start.constant((4 * channels,))
        )
        return empty, (height - 1, width - 1, 8 * channels)
    maps = Unflatten((height, width, channels)).apply(start.samples)
    return Whitening.learn(maps.astype(start.dtype)), (height - 1, width - 1, 8 * channels)


def _flatten(shape: Shape, _: float, __: str, ___: Start) -> tuple[Layer, Shape]:
    return Flatten(), (int(np.prod(shape)),)


def _activation(name: str) -> Make:
    return lambda shape, _number, _following, _start: (Activation(name), shape)


MAKERS: dict[str, Make] = {
    "dense": _dense,
    "convolution": _convolution,
    "whitening": _whitening,
    "max-pooling": _max_pooling,
    "batch-normalization": _normalization,
    "gelu": lambda shape, _number, _following, _start: (Gelu(), shape),
    **{name: _activation(name) for name in ACTIVATIONS},
    "dropout": lambda shape, share, _following, _start: (Dropout(share), shape),
    "flatten": _flatten,
}
