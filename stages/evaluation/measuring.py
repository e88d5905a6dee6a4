"""Everything that is measured of an experiment's networks, as one mapping for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from stages.evaluation import answers, scores, weights
from stages.evaluation.answers import View
from stages.network.losses import Labels
from stages.network.trained import TrainedNetwork

DIGITS = 4  # of what a unit gives on the mean


class Tested(NamedTuple):
    """Samples with their other views, and what each network answers: (n_networks, n, n_classes).

    Attributes
    ----------
    views : sequence of View
    y : ndarray of shape (n,), int64
    raw, calibrated : ndarray
        Probabilities without and with the temperature.
    """

    views: Sequence[View]
    y: Labels
    raw: npt.NDArray[np.float64]
    calibrated: npt.NDArray[np.float64]


def measure(
    networks: list[TrainedNetwork],
    tested: Tested,
    seen: tuple[Sequence[View], Labels],
    class_names: list[str],
) -> dict[str, Any]:
    """Return the scores of each network, their spreads, and those of all networks together.

    Parameters
    ----------
    networks : list of TrainedNetwork
    tested : Tested
    seen : (sequence of View, ndarray of shape (n,))
        The training samples with their labels.
    class_names : list of str
    """
    n_classes, y = len(class_names), tested.y
    seen_views, seen_y = seen
    fitted = answers.probabilities(networks, seen_views, n_classes)
    pruned = _pruned_accuracies(networks, tested, n_classes)
    per_seed = [
        scores.heldout_scores(tested.raw[row], y)
        | scores.calibrated_scores(tested.calibrated[row], y)
        | scores.train_scores(fitted[row], seen_y)
        | {
            "zero_weights": weights.zero_share(network),
            "near_zero_weights": weights.near_zero_share(network),
        }
        | pruned[row]
        | weights.logit_scores(network, tested.views[0][:])
        for row, network in enumerate(networks)
    ]
    counts = scores.confusion(tested.raw.argmax(axis=2), y, n_classes)
    return {
        **scores.spreads(per_seed),
        "ensemble": scores.ensemble_scores(tested.raw, tested.calibrated, y),
        "n_features": networks[0].n_features_in_,
        "n_views": len(tested.views),
        **_listed(networks[0], tested, n_classes),
        "processors": sorted({kind for one in networks for kind in one.processors_}),
        "n_parameters": sum(p.size for p in networks[0].network_.parameters),
        "per_seed": per_seed,
        "per_class": scores.per_class(counts, class_names),
        "confusion_matrix": counts.tolist(),
        "reliability": scores.reliabilities(tested.raw, tested.calibrated, y),
    }


def _pruned_accuracies(
    networks: list[TrainedNetwork], tested: Tested, n_classes: int
) -> list[dict[str, float]]:
    """Return each network's accuracy without its smallest first weights, if it is of dense layers.

    A filter of a convolution begins as the identity: most of its weights are zero, and meant.
    """
    if not networks[0].network_.is_dense:
        return [{} for _ in networks]
    without = [*map(weights.pruned, networks)]
    pruned = answers.probabilities(without, tested.views, n_classes)
    return [{"pruned_accuracy": scores.accuracy(own, tested.y)} for own in pruned]


def _listed(network: TrainedNetwork, tested: Tested, n_classes: int) -> dict[str, Any]:
    """Return what each of the listed layers gives and learns, and each class's mean last units.

    Without a list of layers in params.yaml, nothing.
    """
    if network.layers is None:
        return {}
    values = np.zeros((1, network.n_features_in_), network.network_.dtype)
    layers = []
    for layer in network.network_.layers:
        values = layer.apply(values)
        learned = sum(a.size for a in (layer.weight, layer.bias) if a is not None)
        shape = values.shape[:2] + values.shape[3:] if values.ndim == 4 else values.shape[1:]
        if layer.name:
            layers.append({"name": layer.name, "gives": list(shape), "learns": learned})
    means = weights.class_means(network.network_, tested.views[0][:], tested.y, n_classes)
    return {"layers": layers, "class_means": means.round(DIGITS).tolist()}
