"""Stochastic gradient descent with momentum, and how its learning rate goes over the epochs."""

from __future__ import annotations

import math

import numpy as np

from stages.network.arrays import add_scaled
from stages.network.losses import Floats

SCHEDULES = ("constant", "step", "cosine", "triangle")
PEAK, FIRST, LAST = 0.25, 0.2, 0.01  # of the triangle: where it is, and parts of the highest rate


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
    weight_decay : float
        Every parameter shrinks by so much times its learning rate at every step, apart from its
        gradient and velocity (Loshchilov and Hutter, "Decoupled weight decay regularization",
        2019); one of another rate by as much as the others.
    rates : list of float, optional
        Factors of the learning rate, one for each parameter.
    """

    def __init__(
        self,
        parameters: list[Floats],
        momentum: float,
        nesterov: bool,
        weight_decay: float = 0.0,
        rates: list[float] | None = None,
    ) -> None:
        self.momentum = momentum
        self.nesterov = nesterov
        self.weight_decay = weight_decay
        self.rates = rates or [1.0] * len(parameters)
        self.velocities = [np.zeros_like(p) for p in parameters] if momentum else []

    def step(self, parameters: list[Floats], gradients: list[Floats], learning_rate: float) -> None:
        """Move every parameter against its gradient.

        The parameters are passed each time, so that a training that was stored and loaded, with
        whatever library, has them in one place: its network.
        """
        if self.weight_decay:
            for parameter in parameters:
                parameter *= 1 - learning_rate * self.weight_decay
        if not self.momentum:
            for parameter, gradient, factor in zip(parameters, gradients, self.rates, strict=True):
                add_scaled(parameter, -factor * learning_rate, gradient)
            return
        for parameter, gradient, velocity, factor in zip(
            parameters, gradients, self.velocities, self.rates, strict=True
        ):
            velocity *= self.momentum
            add_scaled(velocity, -factor * learning_rate, gradient)
            if self.nesterov:
                add_scaled(parameter, self.momentum, velocity)
                add_scaled(parameter, -factor * learning_rate, gradient)
            else:
                parameter += velocity


def changes_in_epochs(schedule: str) -> bool:
    """Return whether the learning rate changes from step to step, not from epoch to epoch."""
    return schedule == "triangle"


def learning_rate_at(schedule: str, base: float, done: float) -> float:
    """Return the learning rate when a part of the epochs is done, from 0 to 1.

    ``constant``; ``step``: a tenth from half of the epochs on and a hundredth from three
    quarters on (as in He et al., 2016); ``cosine``: half a cosine wave towards 0 (Loshchilov
    and Hutter, 2017); ``triangle``: from a fifth up to the whole in the first quarter, then down
    to almost 0, in straight lines (Smith and Topin, "Super-convergence", 2019).
    """
    if schedule == "cosine":
        return base * 0.5 * (1 + math.cos(math.pi * done))
    if schedule == "step":
        return base * 0.1 ** ((done >= 0.5) + (done >= 0.75))
    if schedule == "triangle":
        return base * float(np.interp(done, [0, PEAK, 1], [FIRST, 1, LAST]))
    return base
