"""The course report's own check of its gradient, to every digit that it prints."""

from __future__ import annotations

from typing import Any

import numpy as np

from stages.gradients.checker import centred, forward, numeric_gradient
from stages.gradients.objective import Objective
from stages.network.losses import Floats, softmax
from stages.network.penalties import Penalty

INPUTS = np.array([[4.0, 3.0, 5.0]])
TARGET = np.array([[1.0, 0.0]])
STEP = 1e-5
# The report does not print its weights. They matter only through o_2 - o_1, the difference of
# the logits, which its digits determine; here it is 4 * 0.1 + 3 * 0.05 = 0.55.
WEIGHTS = np.array([[0.0, 0.1], [0.0, 0.05], [0.0, 0.0]])
PRINTED_NUMERIC = (
    ("-2.5365238", "2.53656092"),
    ("-1.90239633", "1.90241721"),
    ("-3.17064895", "3.17070696"),
)
PRINTED_ANALYTIC = (
    ("-2.53654236", "2.53654236"),
    ("-1.90240677", "1.90240677"),
    ("-3.17067796", "3.17067796"),
)


def loss(parameters: list[Floats]) -> float:
    """Return the report's loss, -log(y . p), of a list that holds the (3, 2) weights."""
    p = softmax(INPUTS @ parameters[0])
    return float(-np.log(np.vdot(TARGET, p)))


def repeat_example() -> dict[str, Any]:
    """Return both gradients as printed by NumPy and by the report, and why they differ.

    The second derivative that explains the difference is that of the loss along the weight
    from input i: x_i^2 p_1 p_2, the same for both classes since there are two.

    Returns
    -------
    dict
        The step and the weights; "agrees", whether all digits do; and for each weight the
        printed digits, the observed differences and the explained one.
    """
    numeric = numeric_gradient(loss, [WEIGHTS], STEP, forward)[0]
    middle = numeric_gradient(loss, [WEIGHTS], STEP, centred)[0]
    objective = Objective("identity", Penalty(0.0), INPUTS, TARGET.argmax(axis=1))
    analytic = objective.gradient([WEIGHTS, np.zeros(2)])[0]
    curvature = INPUTS.T**2 * softmax(INPUTS @ WEIGHTS).prod() * np.ones_like(WEIGHTS)
    entries = []
    for row, column in np.ndindex(WEIGHTS.shape):
        exact, difference = float(analytic[row, column]), float(numeric[row, column])
        report = (PRINTED_NUMERIC[row][column], PRINTED_ANALYTIC[row][column])
        ours = (_printed(difference), _printed(exact))
        entries.append(
            {
                "weight": f"{row + 1},{column + 1}",
                "report": dict(zip(("numeric", "analytic"), report, strict=True)),
                "ours": dict(zip(("numeric", "analytic"), ours, strict=True)),
                "agrees": ours == report,
                "forward_minus_analytic": float(f"{difference - exact:.3e}"),
                "half_h_times_curvature": float(f"{STEP / 2 * curvature[row, column]:.3e}"),
                "centred_minus_analytic": float(f"{middle[row, column] - exact:.0e}"),
            }
        )
    return {
        "step": STEP,
        "weights": WEIGHTS.tolist(),
        "logit_difference": _logit_difference(),
        "agrees": all(entry["agrees"] for entry in entries),
        "entries": entries,
    }


def _printed(value: float) -> str:
    # As in a printed array, whose default is eight decimals without trailing zeros.
    return np.format_float_positional(value, precision=8, trim="-")


def _logit_difference() -> list[float]:
    """Return the least and the largest o_2 - o_1 that have the report's analytic digits.

    p_2 is the entry of the second class divided by its input, p_2 / p_1 = e^{o_2 - o_1}, and
    each entry may be off by half a unit of its last digit.
    """
    entries = np.array(PRINTED_ANALYTIC, dtype=float)[:, 1]
    low = ((entries - 5e-9) / INPUTS[0]).max()
    high = ((entries + 5e-9) / INPUTS[0]).min()
    return [float(f"{np.log(p / (1 - p)):.11f}") for p in (low, high)]
