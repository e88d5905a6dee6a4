"""Layers by their names, as params.yaml lists them: ``convolution 32``, ``gelu``, ``dense 128``.

To add a kind of layer, write its module in ``layers/``, and here how it is made and its entry of
`KINDS`.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from stages.network.activations import ACTIVATIONS
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


class Kind(NamedTuple):
    """A kind of layer.

    Attributes
    ----------
    make : callable
        Given the shape that comes in, the number behind the name, the next layer's name and a
        `Start`, returns the layer and the shape that goes out.
    number : {"none", "count", "share"}
        What is behind the name.
    takes : {"rows", "maps", "both"}
        Of which samples.
    """

    make: Callable[[Shape, float, str, Start], tuple[Layer, Shape]]
    number: str = "none"
    takes: str = "both"


# What one name stands for, where others are written out.
BLOCK = (
    "convolution {0}",
    "max-pooling 2",
    "batch-normalization",
    "gelu",
    "convolution {0}",
    "batch-normalization",
    "gelu",
)


def written_out(names: Sequence[str]) -> list[str]:
    """Return the names with those of its layers for each ``block 32``, see `BLOCK`."""
    found = []
    for name in map(str, names):
        word, _, rest = name.partition(" ")
        found += [part.format(rest) for part in BLOCK] if word == "block" else [name]
    return found


def short_form(hidden_layer_sizes: Sequence[int], activation: str, dropout: float) -> list[str]:
    """Return the names of dense hidden layers with the same activation."""
    after = [activation, f"dropout {dropout!r}"] if dropout else [activation]
    return [name for size in hidden_layer_sizes for name in (f"dense {size}", *after)]


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
        if kind.takes not in ("both", "maps" if len(shape) == 3 else "rows"):
            needs = "flatten first" if len(shape) == 3 else "it needs maps"
            raise ValueError(f"layers: {names[number]} is not allowed there: {needs}")
        following = kinds[number + 1][0] if number + 1 < len(kinds) else ""
        layer, shape = kind.make(shape, value, following, start)
        if min(shape) < 1:
            raise ValueError(f"layers: {names[number]} is not allowed: no place would be left")
        layers.append(layer)
    if len(shape) == 3:
        raise ValueError("layers: they must end with flatten, or a layer after it")
    return [*layers, _dense(shape, n_classes, "", start)[0]]


def takes_pictures(names: Sequence[str]) -> bool:
    """Return whether the first of these layers needs height, width and channels."""
    return bool(names) and KINDS[parse(names[0])[0]].takes == "maps"


def check_layers(layers: Sequence[str] | None, dense: bool, averaged_epochs: int) -> None:
    """Raise a ValueError if names of layers are not allowed, or not with the other settings.

    `dense` says whether hidden_layer_sizes or dropout are set.
    """
    if layers is None:
        return
    names = written_out(layers)
    for name in names:
        parse(name)
    if dense:
        raise ValueError("layers: they stand instead of hidden_layer_sizes and dropout")
    if averaged_epochs and "batch-normalization" in names:
        raise ValueError(
            "averaged_epochs: batch-normalization has means of the weights of each epoch only"
        )


def parse(name: str) -> tuple[str, float]:
    """Return the kind of a layer, and the number behind it, 0 if there is none.

    Raises
    ------
    ValueError
        If there is no such kind, or its number is not allowed.
    """
    word, _, rest = str(name).partition(" ")
    if word not in KINDS:
        close = difflib.get_close_matches(word, KINDS, 1)
        allowed = f"did you mean {close[0]}?" if close else f"one of {', '.join(KINDS)}"
        raise ValueError(f"layers: {name!r} is not allowed: {allowed}")
    number = KINDS[word].number
    if number == "none":
        if rest:
            raise ValueError(f"layers: {name!r} is not allowed: {word} has no number")
        return word, 0
    try:
        value = int(rest) if number == "count" else float(rest)
    except ValueError:
        value = -1
    if not (1 <= value <= 16384 if number == "count" else 0 <= value < 1):
        needs = "a whole number from 1 to 16384" if number == "count" else "0 or more, below 1"
        raise ValueError(f"layers: {name!r} is not allowed: {word} needs a number, {needs}")
    return word, value


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


def _activation(name: str) -> Callable[[Shape, float, str, Start], tuple[Layer, Shape]]:
    return lambda shape, _number, _following, _start: (Activation(name), shape)


KINDS = {
    "dense": Kind(_dense, "count", "rows"),
    "convolution": Kind(_convolution, "count", "maps"),
    "whitening": Kind(_whitening, takes="maps"),
    "max-pooling": Kind(_max_pooling, "count", "maps"),
    "batch-normalization": Kind(_normalization, takes="maps"),
    "gelu": Kind(lambda shape, _number, _following, _start: (Gelu(), shape)),
    **{name: Kind(_activation(name)) for name in ACTIVATIONS},
    "dropout": Kind(lambda shape, share, _following, _start: (Dropout(share), shape), "share"),
    "flatten": Kind(_flatten, takes="maps"),
}
