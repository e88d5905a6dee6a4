"""Accuracy, loss, confusion and learning curves of the networks of one experiment."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import confusion_matrix, log_loss

from stages.network.classifier import SoftmaxNetwork
from stages.network.losses import Labels


def spread(values: list[float]) -> dict[str, float | None]:
    """Return mean and sample standard deviation; the latter is None for a single value."""
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return {"mean": float(np.mean(values)), "sd": sd}


def accuracy_and_loss(
    network: SoftmaxNetwork, X: npt.NDArray[Any], y: Labels
) -> tuple[float, float]:
    """Return the share of right answers and the mean cross-entropy in nats."""
    proba = network.predict_proba(X).astype(np.float64)
    proba /= proba.sum(axis=1, keepdims=True)  # float32 sums miss 1 by a little
    accuracy = float((network.classes_[proba.argmax(axis=1)] == y).mean())
    return accuracy, float(log_loss(y, proba, labels=network.classes_))


def confusion(
    networks: list[SoftmaxNetwork], X: npt.NDArray[Any], y: Labels, n_classes: int
) -> npt.NDArray[np.int64]:
    """Count (true class, predicted class) over the predictions of all networks."""
    labels = np.arange(n_classes)
    total = sum(confusion_matrix(y, network.predict(X), labels=labels) for network in networks)
    return np.asarray(total, dtype=np.int64)


def per_class(counts: npt.NDArray[np.int64], class_names: list[str]) -> list[dict[str, Any]]:
    """Return precision, recall and F1 of each class from a confusion matrix.

    A class that is never predicted has precision 0, one without a sample has recall 0.
    """
    hits = np.diag(counts)
    precision = hits / np.maximum(counts.sum(axis=0), 1)
    recall = hits / np.maximum(counts.sum(axis=1), 1)
    f1 = 2 * hits / np.maximum(counts.sum(axis=0) + counts.sum(axis=1), 1)
    rows = zip(class_names, precision.tolist(), recall.tolist(), f1.tolist(), strict=True)
    return [{"class": name, "precision": p, "recall": r, "f1": f} for name, p, r, f in rows]


def zero_share(network: SoftmaxNetwork) -> float:
    """Return the fraction of weights that are exactly zero."""
    weights = network.network_.weights
    return sum(int((w == 0).sum()) for w in weights) / sum(w.size for w in weights)


def mean_curves(networks: list[SoftmaxNetwork]) -> list[dict[str, float]]:
    """Return one row per epoch: both losses, mean and standard deviation over the seeds.

    Where early stopping ended some seeds sooner, a row is over those that got so far.
    """
    rows = []
    for epoch in range(max(network.n_iter_ for network in networks)):
        row: dict[str, float] = {"epoch": epoch + 1}
        for field in ("loss", "net_loss"):
            values = [n.loss_curve_[field][epoch] for n in networks if epoch < n.n_iter_]
            row[field] = float(np.mean(values))
            row[f"{field}_sd"] = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
        rows.append(row)
    return rows
