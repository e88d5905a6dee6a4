"""A trained classifier as one .npz file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy.typing as npt

from stages.network.classifier import SoftmaxNetwork
from stages.network.parameters import plain
from stages.network.trained import FORMAT, read_network
from stages.runtime.errors import PipelineError
from stages.runtime.npz import save_npz


def save_network(path: Path, network: SoftmaxNetwork, class_names: list[str]) -> None:
    """Write a fitted network: weights, loss curve, parameters, names of its classes."""
    header = {
        "format": FORMAT,
        "params": plain(network.get_params()),
        "class_names": class_names,
        "processors": network.processors_,
    }
    arrays: dict[str, npt.NDArray[Any]] = {
        f"weight_{i}": weight for i, weight in enumerate(network.network_.weights)
    }
    arrays |= {f"bias_{i}": bias for i, bias in enumerate(network.network_.biases)}
    arrays |= {f"kept_{i}": kept for i, kept in enumerate(network.network_.kept)}
    arrays |= {"classes": network.classes_, "loss_curve": network.loss_curve_}
    if hasattr(network, "monitor_curve_"):
        arrays["monitor_curve"] = network.monitor_curve_
    save_npz(path, header, arrays)


def load_network(path: Path) -> tuple[SoftmaxNetwork, list[str]]:
    """Return the classifier that was saved, to go on with, and its class names.

    Raises
    ------
    PipelineError
        As `read_network`.
    """
    trained, class_names = read_network(path)
    try:
        network = SoftmaxNetwork(**trained.params)
    except TypeError as error:
        raise PipelineError(f"{path} is no saved network ({error}): run 'dvc repro'") from None
    network.network_ = trained.network_
    network.n_features_in_ = trained.n_features_in_
    network.classes_ = trained.classes_
    network.loss_curve_ = trained.loss_curve_
    if trained.monitor_curve_ is not None:
        network.monitor_curve_ = trained.monitor_curve_
    network.processors_ = trained.processors_
    network.n_iter_ = trained.n_iter_
    return network, class_names
