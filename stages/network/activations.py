"""Activation functions and their derivatives, both in place.

A derivative is written in terms of the function's own output, so that backpropagation needs
to keep one array per layer: relu' = [a > 0], tanh' = 1 - a^2.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from stages.network.losses import Floats


class Activation(NamedTuple):
    """A function and its derivative.

    Attributes
    ----------
    apply : callable
        ``apply(z)`` replaces z by f(z).
    backpropagate : callable
        ``backpropagate(a, delta)`` multiplies delta by f'(z), where a = f(z).
    """

    apply: Callable[[Floats], None]
    backpropagate: Callable[[Floats, Floats], None]


def _relu(z: Floats) -> None:
    np.maximum(z, 0, out=z)


def _relu_derivative(a: Floats, delta: Floats) -> None:
    np.multiply(delta, a > 0, out=delta)


def _tanh(z: Floats) -> None:
    np.tanh(z, out=z)


def _tanh_derivative(a: Floats, delta: Floats) -> None:
    delta *= 1 - a * a


def _identity(z: Floats) -> None:
    pass


def _identity_derivative(a: Floats, delta: Floats) -> None:
    pass


ACTIVATIONS = {
    "identity": Activation(_identity, _identity_derivative),
    "relu": Activation(_relu, _relu_derivative),
    "tanh": Activation(_tanh, _tanh_derivative),
}
