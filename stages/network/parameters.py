"""Which values the classifier's parameters may have."""

from __future__ import annotations

import json
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from stages.augmentation.views import EDGES
from stages.network.activations import ACTIVATIONS
from stages.network.epochs import ALTERNATING, LAST_BATCHES
from stages.network.layer_names import check_layers, hidden_layers, is_count
from stages.network.optimizers import SCHEDULES
from stages.network.penalties import PENALTIES

FINITE = np.finfo(np.float64).max
NOT_NEGATIVE = [Interval(Real, 0, FINITE, closed="both")]
POSITIVE = [Interval(Real, 0, FINITE, closed="right")]
FRACTION = [Interval(Real, 0, 1, closed="left")]
COUNT = [Interval(Integral, 1, None, closed="left")]
NATURAL = [Interval(Integral, 0, None, closed="left")]

# As scikit-learn's estimators declare theirs; it checks them and words the errors.
CONSTRAINTS: dict[str, list[Any]] = {
    "hidden_layer_sizes": [*COUNT, "array-like"],
    "activation": [StrOptions(set(ACTIVATIONS))],
    "layers": ["array-like", None],
    "logit_scale": POSITIVE,
    "penalty": [StrOptions(set(PENALTIES))],
    "alpha": NOT_NEGATIVE,
    "learning_rate": POSITIVE,
    "batch_size": COUNT,
    "last_batch": [StrOptions(set(LAST_BATCHES))],
    "epochs": COUNT,
    "momentum": FRACTION,
    "nesterov": ["boolean"],
    "schedule": [StrOptions(set(SCHEDULES))],
    "weight_decay": NOT_NEGATIVE,
    "bias_rate": POSITIVE,
    "dropout": FRACTION,
    "label_smoothing": FRACTION,
    "weight_scale": [*POSITIVE, None],
    "flip": ["boolean", StrOptions({ALTERNATING})],
    "shift": NATURAL,
    "edges": [StrOptions(set(EDGES))],
    "picture_shape": ["array-like", None],
    "averaged_epochs": NATURAL,
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
    "patience": COUNT,
    "random_state": [*NATURAL, np.random.Generator, None],
    "verbose": ["boolean"],
}


def check_together(params: dict[str, Any]) -> None:
    """Raise a ValueError if values that are each right, by `CONSTRAINTS`, are wrong together.

    Nor is True a number here, though Python says so, and lists must be of whole numbers.
    """
    for name, value in params.items():
        if isinstance(value, bool | np.bool_) and "boolean" not in CONSTRAINTS[name]:
            raise ValueError(f"{name}={value!r} must be a number, not a boolean")
    hidden = hidden_layers(params["hidden_layer_sizes"])
    dense = bool(hidden or params["dropout"])
    check_layers(params["layers"], dense, params["averaged_epochs"])
    shape = params["picture_shape"]
    if shape is not None and (len(shape) != 3 or not all(map(is_count, shape))):
        raise ValueError(f"picture_shape={shape!r} must be height, width and channels")
    if params["averaged_epochs"] > params["epochs"]:
        epochs = params["epochs"]
        raise ValueError(f"averaged_epochs={params['averaged_epochs']} of only {epochs} epochs")
    if params["averaged_epochs"] and params["early_stopping"]:
        raise ValueError("averaged_epochs and early_stopping choose the weights in two ways")


def plain(params: dict[str, Any]) -> dict[str, Any]:
    """Return parameters as JSON has them: NumPy's numbers as Python's, tuples as lists.

    Raises
    ------
    TypeError
        If one of them is a generator.
    """
    as_json: dict[str, Any] = json.loads(json.dumps(params, default=lambda value: value.tolist()))
    return as_json
