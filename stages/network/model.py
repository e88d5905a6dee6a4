"""A network: its layers, one after the other, and the gradients by the chain rule."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from stages.network.architecture import Start, build
from stages.network.layer_names import names_of, short_form, takes_pictures
from stages.network.layers.activation import Activation
from stages.network.layers.dense import Dense
from stages.network.layers.dropout import Dropout
from stages.network.layers.layer import Layer
from stages.network.losses import Floats, Labels, cross_entropy_gradient

PREDICTION_ROWS = 1024  # samples whose hidden layers are in memory at a time
PREDICTION_MAPS = 128  # likewise, where these are maps


class Network:
    """Layers, each a function of the one before; the outputs of the last are the logits.

    Parameters
    ----------
    layers : sequence of Layer
        Their numbers are all of one dtype, float32 or float64, which all computations then have.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = list(layers)
        for before, layer in itertools.pairwise(self.layers):
            layer.overwrites = not before.keeps_output

    @classmethod
    def dense(
        cls,
        weights: Sequence[Floats],
        biases: Sequence[Floats],
        activation: str,
        dropout: float = 0,
    ) -> Network:
        """Return layers f(x W + b), the last one without f.

        Parameters
        ----------
        weights : sequence of ndarray, shapes (fan_in, fan_out)
        biases : sequence of ndarray, shapes (fan_out,)
        activation : {"identity", "relu", "tanh"}
        dropout : float
            The share of hidden units that is silenced at each training step.
        """
        layers: list[Layer] = []
        for weight, bias in zip(weights, biases, strict=True):
            if layers:
                layers.append(Activation(activation))
                layers += [Dropout(dropout)] if dropout else []
            layers.append(Dense(weight, bias))
        return cls(layers)

    @classmethod
    def of(
        cls, params: Mapping[str, Any], n_features: int, n_classes: int, start: Start
    ) -> Network:
        """Return a network as parameters of a `SoftmaxNetwork` say.

        Raises
        ------
        ValueError
            If a layer is not allowed, or its pictures are not of so many features.
        """
        names = names_of(params)
        shape = tuple(params["picture_shape"] or ()) if takes_pictures(names) else (n_features,)
        if math.prod(shape) != n_features:
            raise ValueError(
                f"picture_shape={params['picture_shape']!r} is not of {n_features} numbers"
            )
        layers = build(names, shape, n_classes, start)
        cast("Dense", layers[-1]).scale = float(params["logit_scale"])
        return cls(layers)

    @classmethod
    def initialize(
        cls,
        layer_sizes: list[int],
        activation: str,
        generator: np.random.Generator,
        dtype: npt.DTypeLike = np.float32,
        weight_scale: float | None = None,
        dropout: float = 0,
    ) -> Network:
        """Return dense layers with normal weights; biases are 0. See `architecture.build`."""
        names = short_form(layer_sizes[1:-1], activation, dropout)
        start = Start(generator, dtype, weight_scale)
        return cls(build(names, (layer_sizes[0],), layer_sizes[-1], start))

    @property
    def names(self) -> list[str]:
        """The names of all layers but the last, as in a list of layers."""
        return [layer.name for layer in self.layers[:-1] if layer.name]

    @property
    def weights(self) -> list[Floats]:
        """The weights of the layers that have some: the arrays themselves."""
        return [layer.weight for layer in self.layers if layer.weight is not None]

    @property
    def biases(self) -> list[Floats]:
        """Likewise the biases."""
        return [layer.bias for layer in self.layers if layer.bias is not None]

    @property
    def parameters(self) -> list[Floats]:
        """All weights, then all biases: the arrays themselves."""
        return [*self.weights, *self.biases]

    @property
    def gradients(self) -> list[Floats]:
        """The gradient for each of `parameters`, after `backpropagate`."""
        weights = [layer.weight_gradient for layer in self.layers if layer.weight is not None]
        return [*weights, *(layer.bias_gradient for layer in self.layers if layer.bias is not None)]

    @property
    def kept(self) -> list[Floats]:
        """What else the layers need to go on or to predict: the arrays themselves."""
        return [array for layer in self.layers for array in layer.kept.values()]

    @property
    def is_dense(self) -> bool:
        """Whether its layers are dense ones, with functions of single numbers between them."""
        return all(isinstance(layer, Dense | Activation | Dropout) for layer in self.layers)

    @property
    def products(self) -> int:
        """About how many multiplications a sample takes."""
        return sum(layer.products for layer in self.layers)

    @property
    def dtype(self) -> np.dtype[Any]:
        """That of all numbers."""
        return self.weights[0].dtype

    @property
    def n_classes(self) -> int:
        """The number of logits."""
        return len(self.weights[-1].T)

    def take(
        self, weights: Sequence[Floats], biases: Sequence[Floats], kept: Sequence[Floats]
    ) -> Network:
        """Put these arrays into the layers; return this object.

        Raises
        ------
        ValueError
            If they are not of the layers' shapes, or not of one dtype.
        """
        given = [*weights, *biases, *kept]
        if [a.shape for a in given] != [a.shape for a in (*self.parameters, *self.kept)]:
            raise ValueError(f"its layers are not {', '.join([*self.names, 'the last'])}")
        if len({array.dtype for array in given}) != 1:
            raise ValueError("its layers are of several types of numbers")
        left = [iter(weights), iter(biases), iter(kept)]
        for layer in self.layers:
            layer.weight = None if layer.weight is None else next(left[0])
            layer.bias = None if layer.bias is None else next(left[1])
            layer.kept = {name: next(left[2]) for name in layer.kept}
        return self

    def logits(self, X: npt.NDArray[Any]) -> Floats:
        """Return the (n, n_classes) logits of (n, n_features) samples."""
        logits = np.empty((len(X), self.n_classes), dtype=self.dtype)
        size = PREDICTION_ROWS if self.is_dense else PREDICTION_MAPS
        for start in range(0, len(X), size):
            rows = slice(start, start + size)
            logits[rows] = self.through(np.asarray(X[rows], dtype=self.dtype))
        return logits

    def through(self, values: Floats) -> Floats:
        """Return what the last layer gives for a block of samples."""
        for layer in self.layers:
            values = layer.apply(values)
        return values

    def backpropagate(
        self,
        X: Floats,
        y: Labels,
        generator: np.random.Generator | None = None,
        label_smoothing: float = 0.0,
    ) -> float:
        """Return the mean loss of a batch; leave its gradients in `gradients`.

        Parameters
        ----------
        X : ndarray of shape (n, n_features), of the network's dtype
        y : ndarray of shape (n,), int64
        generator : numpy.random.Generator
            Draws the dropped units; needed only with dropout.
        label_smoothing : float
            See `cross_entropy_gradient`.
        """
        values = X
        for layer in self.layers:
            values = layer.forward(values, generator)
        loss = cross_entropy_gradient(values, y, label_smoothing)
        delta = values
        # The gradient with respect to what no layer learns from is not needed.
        first = next(i for i, layer in enumerate(self.layers) if layer.learns)
        for number, layer in reversed([*enumerate(self.layers)][first:]):
            delta = layer.backward(delta, wanted=number > first)
        return loss

    def forget(self) -> None:
        """Free what a training step left in the layers."""
        for layer in self.layers:
            layer.forget()
