r"""The function that training minimises, and its whole gradient.

.. math:: J = \frac{1}{n} \sum_s L(x_s, y_s) + \alpha \sum_w |w| \quad\text{or}\quad
          \ldots + \alpha \sum_w w^2
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from stages.network.activations import ACTIVATIONS
from stages.network.losses import Floats, Labels
from stages.network.model import Network
from stages.network.penalties import L1, Penalty


class Objective(NamedTuple):
    """J of a network on one batch, as a function of its parameters.

    Parameters are lists of all weights, then all biases, as in `Network.parameters`; no method
    changes them.

    Attributes
    ----------
    activation : {"identity", "relu", "tanh"}
    penalty : Penalty
    X : ndarray of shape (n, n_features)
        Of the parameters' dtype.
    y : ndarray of shape (n,), int64
    """

    activation: str
    penalty: Penalty
    X: Floats
    y: Labels

    def value(self, parameters: list[Floats]) -> float:
        """Return J, in nats."""
        network = self._network(parameters)
        loss = network.backpropagate(self.X, self.y)
        return loss + self.penalty.value(network.weights)

    def gradient(self, parameters: list[Floats]) -> list[Floats]:
        """Return the gradient of J, an array for each of the parameters.

        Training leaves the L1 penalty to a proximal step, so here alpha sign(w) is added: its
        gradient where w is not 0, and a subgradient where it is.
        """
        network = self._network(parameters)
        network.backpropagate(self.X, self.y)
        gradients = network.gradients
        self.penalty.add_gradients(network.weights, gradients)
        if isinstance(self.penalty, L1):
            for weight, gradient in zip(network.weights, gradients, strict=False):
                gradient += self.penalty.alpha * np.sign(weight)
        return gradients

    def signs(self, parameters: list[Floats]) -> npt.NDArray[Any]:
        """Return the signs of all quantities at whose zeros J has a kink.

        These are the inputs of the ReLUs, one for each sample and hidden unit, and the weights
        under an L1 penalty.
        """
        network = self._network(parameters)
        signs = [np.empty(0)]
        if self.activation == "relu":
            values = self.X
            for weight, bias in zip(network.weights[:-1], network.biases[:-1], strict=True):
                values = values @ weight + bias
                signs.append(np.sign(values).ravel())
                ACTIVATIONS["relu"].apply(values)
        if isinstance(self.penalty, L1):
            signs += [np.sign(weight).ravel() for weight in network.weights]
        return np.concatenate(signs)

    def _network(self, parameters: list[Floats]) -> Network:
        depth = len(parameters) // 2
        return Network.dense(parameters[:depth], parameters[depth:], self.activation)
