"""Dense layers: the forward pass, and the gradients by the chain rule."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from stages.network.activations import ACTIVATIONS
from stages.network.losses import Floats, Labels, cross_entropy_gradient

PREDICTION_ROWS = 1024  # samples whose hidden layers are in memory at a time


class Network:
    """Layers o = f(x W + b), the last one without f: its outputs are the logits.

    Parameters
    ----------
    weights : list of ndarray, shapes (fan_in, fan_out)
    biases : list of ndarray, shapes (fan_out,)
        All of one dtype, float32 or float64, which all computations then have.
    activation : {"identity", "relu", "tanh"}
    """

    def __init__(self, weights: list[Floats], biases: list[Floats], activation: str) -> None:
        self.weights = weights
        self.biases = biases
        self.activation = activation

    @classmethod
    def initialize(
        cls,
        layer_sizes: list[int],
        activation: str,
        generator: np.random.Generator,
        dtype: npt.DTypeLike = np.float32,
        weight_scale: float | None = None,
    ) -> Network:
        """Draw normal weights; biases are 0.

        Their standard deviation is `weight_scale` in every layer or, if that is None, follows
        the number of inputs: variance 2 / fan_in in front of a relu (He et al., "Delving deep
        into rectifiers", 2015), else 1 / fan_in (LeCun et al., "Efficient BackProp", 1998). The
        draws are made in float64, so that a float32 network starts from the rounded weights of
        the float64 one.
        """
        weights: list[Floats] = []
        for fan_in, fan_out in itertools.pairwise(layer_sizes):
            # The output layer has no activation, so nothing there halves the variance.
            gain = 2.0 if activation == "relu" and len(weights) < len(layer_sizes) - 2 else 1.0
            scale = np.sqrt(gain / fan_in) if weight_scale is None else weight_scale
            draws = generator.standard_normal((fan_in, fan_out))
            weights.append((draws * scale).astype(dtype))
        biases: list[Floats] = [np.zeros(size, dtype=dtype) for size in layer_sizes[1:]]
        return cls(weights, biases, activation)

    @property
    def parameters(self) -> list[Floats]:
        """All weights, then all biases: the arrays themselves."""
        return [*self.weights, *self.biases]

    @property
    def layer_sizes(self) -> list[int]:
        """Number of features, of units in each hidden layer, and of classes."""
        return [self.weights[0].shape[0], *(len(bias) for bias in self.biases)]

    def logits(self, X: npt.NDArray[Any]) -> Floats:
        """Return the (n, n_classes) logits of (n, n_features) samples."""
        dtype = self.weights[0].dtype
        blocks = range(0, len(X), PREDICTION_ROWS)
        logits = np.empty((len(X), self.layer_sizes[-1]), dtype=dtype)
        for start in blocks:
            rows = slice(start, start + PREDICTION_ROWS)
            values: Floats = np.asarray(X[rows], dtype=dtype)
            for number, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
                values = values @ weight + bias
                if number < len(self.weights) - 1:
                    ACTIVATIONS[self.activation].apply(values)
            logits[rows] = values
        return logits


class Backpropagation:
    """Mean loss and gradients of a network on one batch after the other.

    All arrays are made once, for the largest batch, and written into from then on: allocating
    them for every batch costs more than all element-wise work together.

    Parameters
    ----------
    network : Network
        Its weights may change between calls, its shape may not.
    batch_size : int
        The most samples that one call may bring.
    dropout : float
        The share of hidden units that is silenced at each call; the others are scaled by
        1 / (1 - dropout) so that their sum is expected to stay (Srivastava et al., 2014).
    label_smoothing : float
        See `cross_entropy_gradient`.

    Attributes
    ----------
    gradients : list of ndarray
        After a call, the gradient of the mean loss for each of `network.parameters`.
    """

    def __init__(
        self,
        network: Network,
        batch_size: int,
        dropout: float = 0.0,
        label_smoothing: float = 0.0,
    ) -> None:
        self.network = network
        self.dropout = dropout
        self.label_smoothing = label_smoothing
        self.gradients = [np.empty_like(parameter) for parameter in network.parameters]
        dtype = network.weights[0].dtype
        sizes = network.layer_sizes[1:]
        self._outputs = [np.empty((batch_size, size), dtype=dtype) for size in sizes]
        self._deltas = [np.empty((batch_size, size), dtype=dtype) for size in sizes[:-1]]
        n_dropped = len(sizes) - 1 if dropout else 0
        self._masks = [np.empty((batch_size, size), dtype=dtype) for size in sizes[:n_dropped]]
        self._dropped = [np.empty_like(mask) for mask in self._masks]

    def __call__(self, X: Floats, y: Labels, generator: np.random.Generator | None = None) -> float:
        """Return the mean loss of a batch; leave its gradients in `gradients`.

        Parameters
        ----------
        X : ndarray of shape (n, n_features), of the network's dtype
        y : ndarray of shape (n,), int64
        generator : numpy.random.Generator
            Draws the dropped units; needed only with dropout.
        """
        inputs = self._forward(X, generator)
        n = len(X)
        delta = self._outputs[-1][:n]
        loss = cross_entropy_gradient(delta, y, self.label_smoothing)
        for layer in self._backward_order():
            np.matmul(inputs[layer].T, delta, out=self.gradients[layer])
            np.sum(delta, axis=0, out=self.gradients[len(inputs) + layer])
            if layer > 0:  # the gradient with respect to the pictures is not needed
                delta = self._through_activation(layer - 1, delta)
        return loss

    def _backward_order(self) -> Iterator[int]:
        return reversed(range(len(self.network.weights)))

    def _forward(self, X: Floats, generator: np.random.Generator | None) -> list[Floats]:
        """Fill the layers' outputs; return what went into each layer."""
        network, n = self.network, len(X)
        activation = ACTIVATIONS[network.activation]
        inputs = [X]
        for layer, (weight, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
            output = self._outputs[layer][:n]
            np.matmul(inputs[-1], weight, out=output)
            output += bias
            if layer < len(self._deltas):
                activation.apply(output)
                inputs.append(self._drop(layer, output, generator) if self.dropout else output)
        return inputs

    def _drop(self, layer: int, output: Floats, generator: np.random.Generator | None) -> Floats:
        if generator is None:
            raise ValueError("dropout needs a generator")
        mask, dropped = self._masks[layer][: len(output)], self._dropped[layer][: len(output)]
        generator.random(out=mask, dtype=mask.dtype)
        np.greater_equal(mask, self.dropout, out=mask)
        mask /= 1 - self.dropout
        return np.multiply(output, mask, out=dropped)

    def _through_activation(self, layer: int, delta: Floats) -> Floats:
        """Carry the gradient from the input of the next layer to before this activation."""
        previous = self._deltas[layer][: len(delta)]
        np.matmul(delta, self.network.weights[layer + 1].T, out=previous)
        if self.dropout:
            previous *= self._masks[layer][: len(delta)]
        output = self._outputs[layer][: len(delta)]
        ACTIVATIONS[self.network.activation].backpropagate(output, previous)
        return previous
