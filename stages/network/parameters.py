"""Which values the classifier's parameters may have."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from stages.network.activations import ACTIVATIONS
from stages.network.epochs import LAST_BATCHES
from stages.network.optimizers import SCHEDULES
from stages.network.penalties import PENALTIES

CHOICES: dict[str, Collection[str]] = {
    "activation": ACTIVATIONS,
    "penalty": PENALTIES,
    "schedule": SCHEDULES,
    "last_batch": LAST_BATCHES,
}
FRACTION = (0.0, np.nextafter(1, 0), "from 0 to below 1")
POSITIVE = (np.nextafter(0, 1), np.finfo(np.float64).max, "above 0")
COUNT = (1, np.inf, "1 or more")
RANGES = {
    "alpha": (0.0, np.finfo(np.float64).max, "0 or more"),
    "learning_rate": POSITIVE,
    "momentum": FRACTION,
    "dropout": FRACTION,
    "label_smoothing": FRACTION,
    "validation_fraction": (np.nextafter(0, 1), np.nextafter(1, 0), "between 0 and 1"),
    "batch_size": COUNT,
    "epochs": COUNT,
    "patience": COUNT,
    "shift": (0, np.inf, "0 or more"),
    "averaged_epochs": (0, np.inf, "0 or more"),
}


def check_parameters(params: dict[str, Any]) -> None:
    """Raise a ValueError that names the first impossible value, and what is allowed."""
    for name, allowed in CHOICES.items():
        if params[name] not in allowed:
            raise ValueError(f"{name}={params[name]!r} is none of {', '.join(allowed)}")
    for name, (low, high, text) in RANGES.items():
        if not low <= params[name] <= high:
            raise ValueError(f"{name}={params[name]!r} must be {text}")
    scale = params["weight_scale"]
    if scale is not None and not POSITIVE[0] <= scale <= POSITIVE[1]:
        raise ValueError(f"weight_scale={scale!r} must be above 0, or None")
    if any(size < 1 for size in params["hidden_layer_sizes"]):
        sizes = params["hidden_layer_sizes"]
        raise ValueError(f"hidden_layer_sizes={sizes!r} must each be 1 or more")
    if params["averaged_epochs"] > params["epochs"]:
        epochs = params["epochs"]
        raise ValueError(f"averaged_epochs={params['averaged_epochs']} of only {epochs} epochs")
    if params["averaged_epochs"] and params["early_stopping"]:
        raise ValueError("averaged_epochs and early_stopping choose the weights in two ways")
