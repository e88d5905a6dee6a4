"""Accuracy, loss, confusion and learning curves of the networks of one experiment."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from stages.network.losses import Floats, Labels
from stages.network.trained import TrainedNetwork
from stages.statistics.calibration import (
    brier_score,
    expected_calibration_error,
    negative_log_likelihood,
    reliability,
)

N_BINS = 15  # of confidence, as in the calibration error


def heldout_scores(proba: Floats, y: Labels) -> dict[str, float]:
    """Return accuracy, cross-entropy in nats, Brier score and expected calibration error."""
    return {
        "accuracy": accuracy(proba, y),
        "loss": negative_log_likelihood(proba, y),
        "brier": brier_score(proba, y),
        "ece": expected_calibration_error(proba, y),
    }


def calibrated_scores(proba: Floats, y: Labels) -> dict[str, float]:
    """Return cross-entropy in nats and calibration error of probabilities with a temperature."""
    return {
        "calibrated_loss": negative_log_likelihood(proba, y),
        "calibrated_ece": expected_calibration_error(proba, y),
    }


def ensemble_scores(
    probabilities: npt.NDArray[np.float64], calibrated: npt.NDArray[np.float64], y: Labels
) -> dict[str, float]:
    """Return the scores of the networks together: of their mean (n, n_classes) answer."""
    together = heldout_scores(probabilities.mean(axis=0), y)
    return together | calibrated_scores(calibrated.mean(axis=0), y)


def reliabilities(
    probabilities: npt.NDArray[np.float64], calibrated: npt.NDArray[np.float64], y: Labels
) -> list[dict[str, float]]:
    """Return the bins of a reliability diagram of all networks' answers, one row each."""
    rows: list[dict[str, float]] = [{} for _ in range(N_BINS)]
    for prefix, answers in (("", probabilities), ("calibrated_", calibrated)):
        flat, labels = answers.reshape(-1, answers.shape[2]), np.tile(y, len(answers))
        columns = zip(*map(np.ndarray.tolist, reliability(flat, labels, N_BINS)), strict=True)
        for row, (count, confidence, right) in zip(rows, columns, strict=True):
            row |= {f"{prefix}n": count, f"{prefix}confidence": confidence}
            row[f"{prefix}accuracy"] = right
    return rows


def train_scores(proba: Floats, y: Labels) -> dict[str, float]:
    """Return accuracy and cross-entropy in nats on the training samples."""
    return {"train_accuracy": accuracy(proba, y), "train_loss": negative_log_likelihood(proba, y)}


def accuracy(proba: Floats, y: Labels) -> float:
    """Return the share of samples whose most probable class is the true one."""
    return float((proba.argmax(axis=1) == y).mean())


def spreads(per_seed: list[dict[str, float]]) -> dict[str, dict[str, float | None]]:
    """Return mean and sample standard deviation of every score; None for a single seed's."""
    columns = {name: [row[name] for row in per_seed] for name in per_seed[0]}
    several = len(per_seed) > 1
    return {
        name: {
            "mean": float(np.mean(values)),
            "sd": float(np.std(values, ddof=1)) if several else None,
        }
        for name, values in columns.items()
    }


def headline(scores: dict[str, dict[str, float | None]]) -> dict[str, float | None]:
    """Return the few numbers that DVC shows side by side, of those that `spreads` gives."""
    means = {name: scores[name]["mean"] for name in ("accuracy", "loss", "ece")}
    return {**means, "sd": scores["accuracy"]["sd"]}


def confusion(predicted: npt.NDArray[np.int64], y: Labels, n_classes: int) -> npt.NDArray[np.int64]:
    """Count (true class, predicted class) over the (n_seeds, n) predictions of all networks."""
    cells = y * n_classes + predicted
    counts = np.bincount(cells.ravel(), minlength=n_classes**2)
    return counts.reshape(n_classes, n_classes)


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


def loss_curves(networks: list[TrainedNetwork], field: str) -> npt.NDArray[np.float64]:
    """Return the (n_seeds, n_epochs) values of ``loss`` or ``net_loss``.

    Where early stopping ended a seed sooner than others, the rest of its row is NaN.
    """
    values = np.full((len(networks), max(network.n_iter_ for network in networks)), np.nan)
    for row, network in zip(values, networks, strict=True):
        row[: network.n_iter_] = network.loss_curve_[field]
    return values


def monitor_curves(networks: list[TrainedNetwork]) -> dict[str, npt.NDArray[np.float64]]:
    """Return ``test_loss`` and ``test_accuracy``, (n_seeds, n_epochs), from while they trained.

    NaN after epochs at which it was not measured, and for networks that were not watched.
    """
    n_epochs = max(network.n_iter_ for network in networks)
    curves = {}
    for field in ("loss", "accuracy"):
        values = np.full((len(networks), n_epochs), np.nan)
        for row, network in zip(values, networks, strict=True):
            watched = network.monitor_curve_
            if watched is not None:
                row[watched["epoch"] - 1] = watched[field]
        curves[f"test_{field}"] = values
    return curves


def mean_curves(curves: dict[str, npt.NDArray[np.float64]]) -> list[dict[str, float | None]]:
    """Return one row per epoch: mean and standard deviation over the seeds that have a value.

    None where none has.
    """
    rows = []
    for epoch in range(next(iter(curves.values())).shape[1]):
        row: dict[str, float | None] = {"epoch": epoch + 1}
        for field, values in curves.items():
            reached = values[~np.isnan(values[:, epoch]), epoch]
            several = len(reached) > 1
            row[field] = float(np.mean(reached)) if len(reached) else None
            row[f"{field}_sd"] = float(np.std(reached, ddof=1)) if several else None
        rows.append(row)
    return rows
