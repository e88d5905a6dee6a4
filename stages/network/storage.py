"""A trained network as one .npz file."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy.typing as npt

from stages.network.classifier import SoftmaxNetwork
from stages.network.model import Network
from stages.network.parameters import hidden_layers, plain
from stages.runtime.errors import PipelineError
from stages.runtime.npz import load_npz, save_npz

FORMAT = "softmax-network 1"


def save_network(path: Path, network: SoftmaxNetwork, class_names: list[str]) -> None:
    """Write a fitted network: weights, loss curve, parameters, names of its classes."""
    header = {
        "format": FORMAT,
        "params": plain(network.get_params()),
        "class_names": class_names,
        "n_layers": len(network.network_.weights),
    }
    arrays: dict[str, npt.NDArray[Any]] = {
        f"weight_{i}": weight for i, weight in enumerate(network.network_.weights)
    }
    arrays |= {f"bias_{i}": bias for i, bias in enumerate(network.network_.biases)}
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
        network.network_ = _read_layers(arrays, header["n_layers"], network)
        network.classes_ = arrays["classes"]
        network.loss_curve_ = arrays["loss_curve"]
        if "monitor_curve" in arrays:
            network.monitor_curve_ = arrays["monitor_curve"]
        network.n_iter_ = len(network.loss_curve_)
        network.n_features_in_ = network.network_.layer_sizes[0]
    except (KeyError, TypeError, ValueError) as error:
        raise PipelineError(f"{path} is no saved network ({error}): run 'dvc repro'") from None
    return network, header["class_names"]


def _read_layers(
    arrays: dict[str, npt.NDArray[Any]], n_layers: int, network: SoftmaxNetwork
) -> Network:
    """Return the layers; raise a ValueError unless the shapes are those of the parameters."""
    weights = [arrays[f"weight_{i}"] for i in range(n_layers)]
    biases = [arrays[f"bias_{i}"] for i in range(n_layers)]
    hidden = hidden_layers(network.hidden_layer_sizes)
    n_features = weights[0].shape[0] if weights and weights[0].ndim else 0
    sizes = [n_features, *hidden, len(arrays["classes"])]
    expected = list(itertools.pairwise(sizes))
    if [w.shape for w in weights] != expected or [b.shape for b in biases] != [
        (size,) for size in sizes[1:]
    ]:
        raise ValueError(f"its layers are not {' - '.join(map(str, sizes))}")
    return Network(list(weights), list(biases), network.activation)
