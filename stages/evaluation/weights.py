"""What the weights of a network tell: how many matter, how large logits get, what depth adds."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from stages.network.layers.convolution import Convolution
from stages.network.layers.dense import Dense
from stages.network.layers.whitening import SIDE, Whitening
from stages.network.model import PREDICTION_MAPS, Network
from stages.network.trained import TrainedNetwork

# A weight that is smaller does next to nothing. He's first weights for 3072 inputs have a standard
# deviation of 0.026, so that 3% of them are as small before any training.
NEAR_ZERO = 0.001


def zero_share(network: TrainedNetwork) -> float:
    """Return the share of all weights that are exactly zero."""
    weights = network.network_.weights
    return sum(int((w == 0).sum()) for w in weights) / sum(w.size for w in weights)


def near_zero_share(network: TrainedNetwork) -> float:
    """Return the share of the first layer's weights that are below `NEAR_ZERO` in size."""
    return float(_near_zero(network).mean())


def pruned(network: TrainedNetwork) -> TrainedNetwork:
    """Return the network without those weights: zero instead. `network` stays as it is."""
    without = copy.copy(network)
    without.network_ = copy.deepcopy(network.network_)
    without.network_.weights[0][_near_zero(network)] = 0
    return without


def logit_scores(network: TrainedNetwork, X: npt.NDArray[Any]) -> dict[str, float]:
    """Return how large the logits get, and how often one linear layer answers the same.

    Of a network of dense layers, everything is computed in float64, so that rounding hardly ever
    decides an answer.

    Parameters
    ----------
    network : TrainedNetwork
        Its computations are in float32 or float64; it stays as it is.
    X : ndarray of shape (n, n_features)

    Returns
    -------
    dict
        ``largest_logit``: the largest absolute logit, in nats. Above 709.78 its exponential
        overflows float64, unless softmax subtracts the row's largest logit first.
        ``collapsed_agreement``: the share of samples whose largest logit is of the same class
        in `network` and in `collapsed`; of dense layers only.
    """
    layers = network.network_
    if not layers.is_dense:
        with threadpool_limits(1, "blas"):
            return {"largest_logit": float(np.abs(layers.logits(X)).max())}
    weights, biases = (
        [array.astype(np.float64) for array in own] for own in (layers.weights, layers.biases)
    )
    exact = copy.deepcopy(layers).take(weights, biases, [])
    with threadpool_limits(1, "blas"):  # the same sums on any number of cores
        logits = exact.logits(X)
        linear = collapsed(exact).logits(X)
    return {
        "largest_logit": float(np.abs(logits).max()),
        "collapsed_agreement": float((logits.argmax(axis=1) == linear.argmax(axis=1)).mean()),
    }


def collapsed(network: Network) -> Network:
    """Return the one linear layer that the layers are if their activation is left out.

    (x W1 + b1) W2 + b2 = x (W1 W2) + (b1 W2 + b2): a composition of affine maps is one (Goodfellow,
    Bengio and Courville, "Deep Learning", 2016, section 6.1).
    """
    weight, bias = network.weights[0], network.biases[0]
    for next_weight, next_bias in zip(network.weights[1:], network.biases[1:], strict=True):
        weight, bias = weight @ next_weight, bias @ next_weight + next_bias
    return Network([Dense(weight, bias)])


def first_units(
    network: Network, picture_shape: Sequence[int]
) -> tuple[npt.NDArray[Any], list[int]]:
    """Return what the first layer that learns looks for in pictures.

    Of a convolution behind a whitening, the product of both. The activation between them is left
    out: of x and -x, which the whitening both gives, the difference is the same with it, since
    GELU(x) - GELU(-x) = x.

    Returns
    -------
    ndarray of shape (n_numbers, n_units), list of int
        The weights, and the height, width and channels of a unit's picture.
    """
    first = next(layer for layer in network.layers if layer.learns)
    if isinstance(first, Dense):
        return first.weight, list(picture_shape)
    assert isinstance(first, Convolution)  # noqa: S101 - nothing else learns from pixels
    kernels = first.weight
    before = network.layers[1]
    if isinstance(before, Whitening):
        kernels = _composed(before.kept["filters"], kernels)
    return kernels.reshape(-1, kernels.shape[-1]), [*kernels.shape[:3]]


def class_means(
    network: Network, X: npt.NDArray[Any], y: npt.NDArray[np.integer[Any]], n_classes: int
) -> npt.NDArray[np.float64]:
    """Return the mean output of each unit of the last hidden layer over each class's samples.

    Returns
    -------
    ndarray of shape (n_classes, n_units)
        0 for a class without samples.
    """
    hidden = Network(network.layers[:-1])
    sums = np.zeros((n_classes, network.weights[-1].shape[0]))
    for start in range(0, len(y), PREDICTION_MAPS):
        rows = slice(start, start + PREDICTION_MAPS)
        np.add.at(sums, y[rows], hidden.through(np.asarray(X[rows], network.dtype)))
    counts = np.bincount(y, minlength=n_classes)[:, np.newaxis]
    means: npt.NDArray[np.float64] = sums / np.maximum(counts, 1)
    return means


def _composed(filters: npt.NDArray[Any], kernels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the (4, 4, channels, n) kernels of one linear map after the other."""
    n_channels = filters.shape[0] // SIDE**2
    inner = filters.reshape(SIDE, SIDE, n_channels, -1)
    size = SIDE + kernels.shape[0] - 1
    composed = np.zeros((size, size, n_channels, kernels.shape[3]), kernels.dtype)
    for i, j in itertools.product(range(SIDE), repeat=2):
        part = np.einsum("ck,uvkf->uvcf", inner[i, j], kernels)
        composed[i : i + len(kernels), j : j + len(kernels)] += part
    return composed


def _near_zero(network: TrainedNetwork) -> npt.NDArray[np.bool_]:
    return np.abs(network.network_.weights[0]) < NEAR_ZERO
