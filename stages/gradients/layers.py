"""The gradients of the layers that work on pictures, each by itself and in networks."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from stages.gradients.checker import check_gradient
from stages.gradients.combinations import summary
from stages.network.architecture import Start, build
from stages.network.layers.convolution import Convolution
from stages.network.layers.gelu import Gelu
from stages.network.layers.layer import Layer
from stages.network.layers.normalization import BatchNormalization
from stages.network.layers.pooling import MaxPooling
from stages.network.losses import Floats
from stages.network.model import Network

N = 3  # pictures
NETWORKS = {
    "all of them, in a network": (
        "whitening",
        "gelu",
        "convolution 3",
        "max-pooling 2",
        "batch-normalization",
        "gelu",
        "flatten",
    ),
    # Activations and batch normalisation work in place where the layer before does not mind.
    "batch normalisation with ReLU and tanh, in a network": (
        "convolution 3",
        "batch-normalization",
        "relu",
        "batch-normalization",
        "tanh",
        "max-pooling 2",
        "flatten",
    ),
}


class Case(NamedTuple):
    """A layer, and the maps that it is checked with.

    Attributes
    ----------
    name : str
    make : callable
        Returns the layer, with numbers drawn from a generator.
    shape : tuple of int
        Height, width, pictures and channels.
    """

    name: str
    make: Callable[[np.random.Generator], Layer]
    shape: tuple[int, int, int, int]


def _convolution(generator: np.random.Generator) -> Layer:
    return Convolution(generator.standard_normal((3, 3, 2, 3)), 1)


def _normalization(generator: np.random.Generator) -> Layer:
    return BatchNormalization(generator.standard_normal(2), np.zeros(2), np.ones(2))


CASES = [
    # Of a size that tiles of 4 x 4 places do not fill, and of fewer places than a kernel has.
    Case("convolution", _convolution, (5, 6, N, 2)),
    Case("convolution, 1 x 2 places", _convolution, (1, 2, N, 2)),
    Case("max-pooling", lambda _: MaxPooling(2), (5, 4, N, 2)),
    Case("batch normalisation", _normalization, (3, 2, N, 2)),
    Case("GELU", lambda _: Gelu(), (3, 2, N, 2)),
]


def check_layers(seed: int) -> list[dict[str, Any]]:
    """Compare each layer's gradients, and those of whole networks, with differences.

    A layer alone is part of J = sum of c times f(x), with random c of the size that a mean has, so
    that the gradient with respect to f(x) is c.

    Returns
    -------
    list of dict
        As `combinations.check` gives, without its tensors.
    """
    found = []
    for number, case in enumerate(CASES):
        generator = np.random.default_rng([seed, number])
        layer = case.make(generator)
        x = generator.standard_normal(case.shape)
        y = _run(layer, x)
        c = generator.standard_normal(y.shape) / y.size
        found.append(compare(case.name, Alone(layer, c), [x, *_learned(layer)]))
    for number, name in enumerate(NETWORKS, start=len(CASES)):
        whole = _draw(NETWORKS[name], np.random.default_rng([seed, number]))
        found.append(compare(name, whole, whole.network.parameters))
    return found


class Alone(NamedTuple):
    """J of one layer, as a function of x and what it learns."""

    layer: Layer
    c: Floats

    def value(self, arrays: list[Floats]) -> float:
        """Return the sum of c f(x)."""
        return float((self.c * _run(self._with(arrays), arrays[0])).sum())

    def gradient(self, arrays: list[Floats]) -> list[Floats]:
        """Return the gradients by x, the weight and the bias."""
        layer = self._with(arrays)
        _run(layer, arrays[0])
        dx = layer.backward(self.c.copy(), wanted=True)
        found = [dx] if layer.weight is None else [dx, layer.weight_gradient]
        return found if layer.bias is None else [*found, layer.bias_gradient]

    def signs(self, arrays: list[Floats]) -> npt.NDArray[Any]:
        """Return which number of each square is the largest."""
        if not isinstance(self.layer, MaxPooling):
            return np.empty(0)
        _run(self.layer, arrays[0])
        return self.layer.where.copy()

    def _with(self, arrays: list[Floats]) -> Layer:
        layer = copy.deepcopy(self.layer)
        learned = iter(arrays[1:])
        layer.weight = None if layer.weight is None else next(learned)
        layer.bias = None if layer.bias is None else next(learned)
        return layer


class _Whole(NamedTuple):
    """J of a network with convolutions, as a function of its parameters."""

    network: Network
    X: Floats
    y: npt.NDArray[np.int64]

    def value(self, parameters: list[Floats]) -> float:
        return self._with(parameters).backpropagate(self.X, self.y)

    def gradient(self, parameters: list[Floats]) -> list[Floats]:
        network = self._with(parameters)
        network.backpropagate(self.X, self.y)
        return network.gradients

    def signs(self, parameters: list[Floats]) -> npt.NDArray[Any]:
        values, found = self.X, list[npt.NDArray[Any]]()
        for layer in self._with(parameters).layers:
            values = layer.forward(values, None)
            if isinstance(layer, MaxPooling):
                found.append(layer.where.ravel())
            elif layer.name == "relu":
                found.append(values.ravel() > 0)
        return np.concatenate(found)

    def _with(self, parameters: list[Floats]) -> Network:
        network = copy.deepcopy(self.network)
        n_weights = len(network.weights)
        return network.take(parameters[:n_weights], parameters[n_weights:], network.kept)


def _draw(names: Sequence[str], generator: np.random.Generator) -> _Whole:
    X = generator.standard_normal((N, 36))
    start = Start(generator, np.float64, samples=generator.standard_normal((50, 36)))
    network = Network(build(names, (6, 6, 1), 3, start))
    for bias in network.biases:
        bias[:] = 0.5 * generator.standard_normal(bias.shape)
    return _Whole(network, X, np.arange(N) % 3)


def compare(name: str, case: Alone | _Whole, arrays: list[Floats]) -> dict[str, Any]:
    """Return a row: the largest errors of the gradients, outside kinks and beside them."""
    comparisons = check_gradient(case.value, case.gradient, arrays, signs=case.signs)
    return {"layer": name, **summary(comparisons)}


def _learned(layer: Layer) -> list[Floats]:
    return [array for array in (layer.weight, layer.bias) if array is not None]


def _run(layer: Layer, x: Floats) -> Floats:
    """Return f(x) as in training; x stays as it is."""
    return layer.forward(x.copy(), None)
