"""Stochastic gradient descent with momentum, and how its learning rate goes over the epochs."""

from __future__ import annotations

import math

import numpy as np

from stages.network.arrays import add_scaled
from stages.network.losses import Floats

SCHEDULES = ("constant", "step", "cosine")


class SGD:
    r"""Gradient descent on arrays that it changes in place.

    With velocity :math:`v \leftarrow \mu v - \eta g`, the heavy ball steps by :math:`v` (Polyak,
    1964) and Nesterov's variant by :math:`\mu v - \eta g` (Sutskever et al., 2013), as in
    scikit-learn: the learning rate :math:`\eta` is inside the velocity. (PyTorch has it outside;
    at a constant rate the two are the same.)

    Parameters
    ----------
    parameters : list of ndarray
        Arrays of the shapes of those that it will change.
    momentum : float
        0 for plain gradient descent.
    nesterov : bool
    """

    def __init__(self, parameters: list[Floats], momentum: float, nesterov: bool) -> None:
        self.momentum = momentum
        self.nesterov = nesterov
        self.velocities = [np.zeros_like(p) for p in parameters] if momentum else []

    def step(self, parameters: list[Floats], gradients: list[Floats], learning_rate: float) -> None:
        """Move every parameter against its gradient.

        The parameters are passed each time, so that a training that was stored and loaded, with
        whatever library, has them in one place: its network.
        """
        if not self.momentum:
            for parameter, gradient in zip(parameters, gradients, strict=True):
                add_scaled(parameter, -learning_rate, gradient)
            return
        for parameter, gradient, velocity in zip(
            parameters, gradients, self.velocities, strict=True
        ):
            velocity *= self.momentum
            add_scaled(velocity, -learning_rate, gradient)
            if self.nesterov:
                add_scaled(parameter, self.momentum, velocity)
                add_scaled(parameter, -learning_rate, gradient)
            else:
                parameter += velocity


def learning_rate_at(schedule: str, base: float, epoch: int, epochs: int) -> float:
    """Return the learning rate of an epoch, counted from 0.

    ``constant``; ``step``: a tenth from half of the epochs on and a hundredth from three
    quarters on (as in He et al., 2016); ``cosine``: half a cosine wave towards 0 (Loshchilov
    and Hutter, 2017).
    """
    done = epoch / epochs
    if schedule == "cosine":
        return base * 0.5 * (1 + math.cos(math.pi * done))
    if schedule == "step":
        return base * 0.1 ** ((done >= 0.5) + (done >= 0.75))
    return base
