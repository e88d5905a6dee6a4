"""A trained network as a file has it: to answer and to be measured, not to be trained on.

Nothing here imports scikit-learn, which takes longer than all answers for a picture.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count, takewhile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from stages.network.architecture import Start
from stages.network.layer_names import names_of, takes_pictures
from stages.network.losses import Floats
from stages.network.model import Network
from stages.runtime.errors import PipelineError
from stages.runtime.npz import load_npz

FORMAT = "softmax-network 2"


@dataclass
class TrainedNetwork:
    """What was learned; names are those of `SoftmaxNetwork`.

    Attributes
    ----------
    network_ : Network
    n_features_in_ : int
    classes_ : ndarray of shape (n_classes,)
    params : dict
        The classifier's parameters.
    loss_curve_ : structured ndarray of shape (n_iter_,)
    monitor_curve_ : structured ndarray or None
        None if the network was not watched.
    processors_ : list of str
    """

    network_: Network
    n_features_in_: int
    classes_: npt.NDArray[Any]
    params: dict[str, Any]
    loss_curve_: npt.NDArray[np.void]
    monitor_curve_: npt.NDArray[np.void] | None
    processors_: list[str]

    @property
    def n_iter_(self) -> int:
        """How many epochs it was trained."""
        return len(self.loss_curve_)

    @property
    def random_state(self) -> Any:
        """Its seed."""
        return self.params["random_state"]

    @property
    def learning_rate(self) -> Any:
        """By what it was trained."""
        return self.params["learning_rate"]

    @property
    def layers(self) -> Any:
        """The names of its layers, if params.yaml lists them."""
        return self.params["layers"]

    @property
    def edges(self) -> Any:
        """What came in where pictures were moved."""
        return self.params["edges"]

    def logits(self, X: npt.NDArray[Any]) -> Floats:
        """Return what softmax turns into the probabilities, of shape (n_samples, n_classes).

        Raises
        ------
        ValueError
            If `X` has another number of features, or a logit is not finite.
        """
        if X.ndim != 2 or X.shape[1] != self.n_features_in_:
            raise ValueError(f"it takes (n, {self.n_features_in_}) features, not {X.shape}")
        return finite_logits(self.network_, X)


def finite_logits(network: Network, X: npt.NDArray[Any]) -> Floats:
    """Return the logits, computed by one thread; raise a ValueError if one is not finite."""
    # What overflows is reported once and clearly.
    with threadpool_limits(1, "blas"), np.errstate(over="ignore", invalid="ignore"):
        logits = network.logits(X)
    if not np.isfinite(logits).all():
        raise ValueError(
            f"its answers are not finite: X has numbers as large as {np.abs(X).max():.3g}, "
            f"the weights as large as {max(np.abs(w).max() for w in network.weights):.3g}"
        )
    return logits


def read_network(path: Path) -> tuple[TrainedNetwork, list[str]]:
    """Return a network that answers bit for bit as the saved one did, and its class names.

    Raises
    ------
    PipelineError
        If the file is missing, damaged, or its arrays do not fit each other.
    """
    header, arrays = load_npz(path)
    try:
        if header["format"] != FORMAT:
            raise ValueError(f"format {header['format']!r}")
        network, n_features = _read_layers(arrays, header["params"])
        found = TrainedNetwork(
            network,
            n_features,
            arrays["classes"],
            dict(header["params"]),
            arrays["loss_curve"],
            arrays.get("monitor_curve"),
            list(header["processors"]),
        )
        return found, header["class_names"]
    except (KeyError, TypeError, ValueError) as error:
        raise PipelineError(f"{path} is no saved network ({error}): run 'dvc repro'") from None


def _read_layers(
    arrays: dict[str, npt.NDArray[Any]], params: Mapping[str, Any]
) -> tuple[Network, int]:
    """Return the layers, and the number of features.

    A ValueError is raised unless the shapes are those of the parameters. Nothing is allocated
    for what the file only says it has.
    """
    weights, biases, kept = (
        [arrays[name] for name in _numbered(arrays, kind)] for kind in ("weight", "bias", "kept")
    )
    if not weights or weights[0].ndim < 2:
        raise ValueError("it has no layers")
    pictures = takes_pictures(names_of(params))
    n_features = math.prod(params["picture_shape"] if pictures else weights[0].shape[:1])
    hollow = Start(None, weights[0].dtype)
    network = Network.of(params, n_features, len(arrays["classes"]), hollow)
    return network.take(weights, biases, kept), n_features


def _numbered(arrays: dict[str, npt.NDArray[Any]], kind: str) -> list[str]:
    """Return ``kind_0``, ``kind_1`` and so on, as far as they go."""
    return [*takewhile(arrays.__contains__, (f"{kind}_{i}" for i in count()))]
