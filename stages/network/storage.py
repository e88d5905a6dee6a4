"""A trained network as one .npz file."""

from __future__ import annotations

import math
from itertools import count, takewhile
from pathlib import Path
from typing import Any

import numpy.typing as npt

from stages.network.architecture import Start
from stages.network.classifier import SoftmaxNetwork
from stages.network.layer_names import takes_pictures
from stages.network.model import Network
from stages.network.parameters import plain
from stages.runtime.errors import PipelineError
from stages.runtime.npz import load_npz, save_npz

FORMAT = "softmax-network 2"


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
    """Return a network that predicts bit for bit what the saved one did, and its class names.

    Raises
    ------
    PipelineError
        If the file is missing, damaged, or its arrays do not fit each other.
    """
    header, arrays = load_npz(path)
    try:
        if header["format"] != FORMAT:
            raise ValueError(f"format {header['format']!r}")
        network = SoftmaxNetwork(**header["params"])
        network.classes_ = arrays["classes"]
        network.network_ = _read_layers(arrays, network)
        network.loss_curve_ = arrays["loss_curve"]
        if "monitor_curve" in arrays:
            network.monitor_curve_ = arrays["monitor_curve"]
        network.processors_ = list(header["processors"])
        network.n_iter_ = len(network.loss_curve_)
    except (KeyError, TypeError, ValueError) as error:
        raise PipelineError(f"{path} is no saved network ({error}): run 'dvc repro'") from None
    return network, header["class_names"]


def _read_layers(arrays: dict[str, npt.NDArray[Any]], network: SoftmaxNetwork) -> Network:
    """Return the layers; raise a ValueError unless the shapes are those of the parameters.

    Nothing is allocated for what the file only says it has. The number of features is set, too.
    """
    weights, biases, kept = (
        [arrays[name] for name in _numbered(arrays, kind)] for kind in ("weight", "bias", "kept")
    )
    if not weights or weights[0].ndim < 2:
        raise ValueError("it has no layers")
    pictures = takes_pictures(network.layer_names())
    shape = network.picture_shape if pictures else weights[0].shape[:1]
    network.n_features_in_ = math.prod(shape)
    hollow = Start(None, weights[0].dtype)
    layers = network.network_of(network.n_features_in_, len(network.classes_), hollow)
    return layers.take(weights, biases, kept)


def _numbered(arrays: dict[str, npt.NDArray[Any]], kind: str) -> list[str]:
    """Return ``kind_0``, ``kind_1`` and so on, as far as they go."""
    return [*takewhile(arrays.__contains__, (f"{kind}_{i}" for i in count()))]
