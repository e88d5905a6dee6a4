"""Compare a gradient with finite differences, one coordinate at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from stages.network.losses import Floats

Value = TypeVar("Value")
Line = Callable[[float], float]
Difference = Callable[[Line, float], float]

# With eps = 2e-16 and a loss near 1, an extrapolated difference errs by about eps / h through
# rounding and by h^4 / 480 times the fifth derivative through truncation: together least here.
STEP = 1e-3
# eps / STEP is 2e-13, so below 2e-6 rounding alone exceeds a relative 1e-7. Gradients that
# small, zero above all, are compared in absolute terms: to 1e-7 of this.
FLOOR = 1e-5
HALVINGS = 16  # then the step is 3e-8, and a difference has lost most of its digits


class Comparison(NamedTuple):
    """How well the gradient of one array agrees; all fields have the array's shape.

    Attributes
    ----------
    errors : ndarray of float64
        Relative errors, see `relative_errors`.
    kinked : ndarray of bool
        Where the first step crossed a kink, and a smaller one was taken.
    """

    errors: npt.NDArray[np.float64]
    kinked: npt.NDArray[np.bool_]


def forward(line: Line, h: float) -> float:
    """Return (f(h) - f(0)) / h; its error is h/2 f'' to first order."""
    return (line(h) - line(0.0)) / h


def centred(line: Line, h: float) -> float:
    """Return (f(h) - f(-h)) / 2h; its error is h^2/6 f''' to first order."""
    return (line(h) - line(-h)) / (2 * h)


def extrapolated(line: Line, h: float) -> float:
    """Return (4 D(h/2) - D(h)) / 3 with D the centred difference.

    The h^2 terms cancel, which leaves an error of order h^4 (Richardson, 1911).
    """
    return (4 * centred(line, h / 2) - centred(line, h)) / 3


def numeric_gradient(
    function: Callable[[list[Floats]], float],
    parameters: list[Floats],
    step: float,
    difference: Difference,
) -> list[npt.NDArray[np.float64]]:
    """Return the gradient of `function` by differences, an array for each of `parameters`.

    Parameters
    ----------
    function : callable
        Takes a list of arrays like `parameters`, which it leaves alone.
    parameters : list of ndarray, float64
    step : float
        In the unit of the parameters.
    difference : callable
        `forward`, `centred` or `extrapolated`.
    """
    gradients = [np.empty(parameter.shape) for parameter in parameters]
    for number, gradient in enumerate(gradients):
        for index in np.ndindex(gradient.shape):
            gradient[index] = difference(_along(function, parameters, number, index), step)
    return gradients


def relative_errors(
    analytic: npt.ArrayLike, numeric: npt.ArrayLike, floor: float = FLOOR
) -> npt.NDArray[np.float64]:
    """Return |a - n| / max(|a|, |n|, floor), element by element."""
    a, n = np.asarray(analytic, np.float64), np.asarray(numeric, np.float64)
    errors: npt.NDArray[np.float64] = np.abs(a - n) / np.maximum(
        np.maximum(np.abs(a), np.abs(n)), floor
    )
    return errors


def check_gradient(
    function: Callable[[list[Floats]], float],
    gradient: Callable[[list[Floats]], list[Floats]],
    parameters: list[Floats],
    *,
    signs: Callable[[list[Floats]], npt.NDArray[Any]] | None = None,
    step: float = STEP,
    floor: float = FLOOR,
) -> list[Comparison]:
    """Compare `gradient` with extrapolated differences of `function` at every coordinate.

    Where the points of a difference do not all lie on one side of every kink, the step is
    halved until they do.

    Parameters
    ----------
    function : callable
        The function of which `gradient` claims to be the gradient.
    gradient : callable
        Returns one array for each of the parameters. Like `function` and `signs` it takes a
        list of arrays like `parameters`, and leaves them alone.
    parameters : list of ndarray, float64
        Where to compare; left alone.
    signs : callable, optional
        Returns the signs of all quantities at whose zeros the function has a kink. Without it
        the function is taken for smooth.
    step : float
        In the unit of the parameters.
    floor : float
        See `relative_errors`; in the unit of the gradient.

    Returns
    -------
    list of Comparison
        One for each of the parameters.

    Raises
    ------
    ValueError
        If there is not one gradient for each parameter, if one has not the shape of its
        parameter, if it or a difference is not finite, or if the function has a kink so near
        that rounding leaves nothing to compare.
    """
    comparisons = []
    # Copies: `gradient` may return buffers that `function` writes into.
    gradients = [array.copy() for array in gradient(parameters)]
    for number, (parameter, analytic) in enumerate(zip(parameters, gradients, strict=True)):
        shape = parameter.shape
        if analytic.shape != shape:
            raise ValueError(f"gradient {number} has shape {analytic.shape}, should be {shape}")
        numeric, steps = np.empty(shape), np.full(shape, step)
        for index in np.ndindex(shape):
            if signs:
                steps[index] = _smooth_step(_along(signs, parameters, number, index), step)
            line = _along(function, parameters, number, index)
            numeric[index] = extrapolated(line, float(steps[index]))
        if not (np.isfinite(analytic).all() and np.isfinite(numeric).all()):
            raise ValueError(f"gradient {number} is not finite")
        comparisons.append(Comparison(relative_errors(analytic, numeric, floor), steps < step))
    return comparisons


def _along(
    function: Callable[[list[Floats]], Value],
    parameters: list[Floats],
    number: int,
    index: tuple[int, ...],
) -> Callable[[float], Value]:
    """Return `function` of what is added to one coordinate of the parameters."""

    def line(t: float) -> Value:
        moved = list(parameters)
        moved[number] = parameters[number].copy()
        moved[number][index] += t
        return function(moved)

    return line


def _smooth_step(line: Callable[[float], npt.NDArray[Any]], step: float) -> float:
    """Return the first of step, step/2, step/4, ... within which no sign changes."""
    here, h = line(0.0), step
    for _ in range(HALVINGS):
        if all(np.array_equal(line(t), here) for t in (-h, -h / 2, h / 2, h)):
            return h
        h /= 2
    raise ValueError(f"there is a kink within {2 * h} of a parameter: no gradient to compare")
