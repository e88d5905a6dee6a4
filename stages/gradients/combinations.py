"""The network's gradient in every combination of depth, activation and penalty."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from stages.gradients.checker import (
    Comparison,
    centred,
    check_gradient,
    extrapolated,
    forward,
    numeric_gradient,
    relative_errors,
)
from stages.gradients.objective import Objective
from stages.network.activations import ACTIVATIONS
from stages.network.losses import Floats
from stages.network.model import Network
from stages.network.penalties import PENALTIES

TOLERANCE = 1e-7
# Beside a kink the step may have to be thousands of times smaller, and as much larger is then
# what rounding does to a difference.
KINK_TOLERANCE = 1e-5
N_SAMPLES = 32
N_FEATURES = 8
HIDDEN = (7, 6)
N_CLASSES = 5
ALPHA = 0.01
PLAIN_STEP = 1e-5  # near the best for a plain centred difference, (3 eps)^(1/3)
SWEEP = np.logspace(-12, -1, 23)


class Combination(NamedTuple):
    """How many hidden layers, and the names of activation and penalty."""

    hidden_layers: int
    activation: str
    penalty: str


COMBINATIONS = [
    Combination(*choice) for choice in itertools.product((0, 1, 2), ACTIVATIONS, PENALTIES)
]
SWEPT = Combination(2, "tanh", "l2")  # deep, and without any kink


def draw(combination: Combination, seed: int) -> tuple[Objective, list[Floats]]:
    """Return an objective on random samples, and random parameters for it.

    All numbers are float64 and exact in float32, so that both can start from the same. The
    draws of two combinations are independent, and so are those of two seeds.
    """
    generator = np.random.default_rng([seed, COMBINATIONS.index(combination)])
    hidden = HIDDEN[: combination.hidden_layers]
    network = Network.initialize(
        [N_FEATURES, *hidden, N_CLASSES], combination.activation, generator, np.float32
    )
    for bias in network.biases:  # zero is too special a place
        bias[:] = 0.5 * generator.standard_normal(bias.shape)
    X = generator.standard_normal((N_SAMPLES, N_FEATURES), dtype=np.float32)
    y = generator.integers(N_CLASSES, size=N_SAMPLES)
    penalty = PENALTIES[combination.penalty](ALPHA)
    objective = Objective(combination.activation, penalty, X.astype(np.float64), y)
    return objective, [parameter.astype(np.float64) for parameter in network.parameters]


def check(combination: Combination, seed: int) -> dict[str, Any]:
    """Compare the gradient with differences at every weight and bias, and with float32.

    Parameters
    ----------
    combination : Combination
    seed : int
        See `draw`.

    Returns
    -------
    dict
        Relative errors: the largest outside kinks, beside them, and by a plain centred
        difference for comparison; then tensor by tensor.
    """
    objective, parameters = draw(combination, seed)
    comparisons = check_gradient(
        objective.value, objective.gradient, parameters, signs=objective.signs
    )
    plain = numeric_gradient(objective.value, parameters, PLAIN_STEP, centred)
    depth = len(parameters) // 2
    names = [f"{letter}{layer}" for letter in "Wb" for layer in range(1, depth + 1)]
    return {
        **combination._asdict(),
        **summary(comparisons),
        "max_error_plain": digits(_errors(objective, parameters, plain).max()),
        "float32_deviation": digits(_float32_deviation(objective, parameters)),
        "tensors": [
            _tensor(name, comparison) for name, comparison in zip(names, comparisons, strict=True)
        ],
    }


def sweep(seed: int) -> dict[str, list[float]]:
    """Return the largest and the median relative error against the step, for each difference.

    Parameters
    ----------
    seed : int
        See `draw`.

    Returns
    -------
    dict
        "step", and for forward, centred and extrapolated differences "..._max" and
        "..._median"; lists of one length.
    """
    objective, parameters = draw(SWEPT, seed)
    curves: dict[str, list[float]] = {"step": [digits(step) for step in SWEEP]}
    for difference in (forward, centred, extrapolated):
        errors = []
        for step in SWEEP:
            numeric = numeric_gradient(objective.value, parameters, float(step), difference)
            errors.append(_errors(objective, parameters, numeric))
        curves[f"{difference.__name__}_max"] = [digits(e.max()) for e in errors]
        curves[f"{difference.__name__}_median"] = [digits(np.median(e)) for e in errors]
    return curves


def _tensor(name: str, comparison: Comparison) -> dict[str, Any]:
    errors, kinked = comparison
    return {
        "name": name,
        "shape": list(errors.shape),
        "max_error": digits(errors[~kinked].max(initial=0.0)),
        "median_error": digits(np.median(errors)),
        "kinks": int(kinked.sum()),
        "max_error_at_kinks": digits(errors[kinked].max(initial=0.0)),
    }


def _errors(
    objective: Objective, parameters: list[Floats], numeric: list[npt.NDArray[np.float64]]
) -> npt.NDArray[np.float64]:
    """Return the relative errors of all coordinates in a row."""
    analytic = objective.gradient(parameters)
    return relative_errors(
        np.concatenate([array.ravel() for array in analytic]),
        np.concatenate([array.ravel() for array in numeric]),
    )


def _float32_deviation(objective: Objective, parameters: list[Floats]) -> float:
    """Return the largest difference of a gradient in float32, relative to its tensor's largest.

    Relative to each single entry it would be without bound: an entry can be as near to zero
    as terms of either sign happen to cancel.
    """
    single = objective._replace(X=objective.X.astype(np.float32))
    gradients = single.gradient([parameter.astype(np.float32) for parameter in parameters])
    exact = objective.gradient(parameters)
    return max(
        float(np.abs(g - e).max() / np.abs(e).max()) for g, e in zip(gradients, exact, strict=True)
    )


def summary(comparisons: Sequence[Comparison]) -> dict[str, Any]:
    """Return the largest errors of all tensors, outside kinks and beside them."""
    errors = np.concatenate([comparison.errors.ravel() for comparison in comparisons])
    kinked = np.concatenate([comparison.kinked.ravel() for comparison in comparisons])
    outside = digits(errors[~kinked].max(initial=0.0))
    beside = digits(errors[kinked].max(initial=0.0))
    return {
        "passed": outside <= TOLERANCE and beside <= KINK_TOLERANCE,
        "parameters": errors.size,
        "max_error": outside,
        "median_error": digits(np.median(errors)),
        "kinks": int(kinked.sum()),
        "max_error_at_kinks": beside,
    }


def digits(value: Any) -> float:
    """Return an error with three digits; the rest of them says nothing."""
    return float(f"{value:.2e}")
