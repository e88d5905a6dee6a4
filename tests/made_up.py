"""Made-up results of experiments: whatever accuracies, losses and weights a test needs."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np

from stages.evaluation.predictions import Predictions, first_layer, likeliest, save_predictions
from stages.evaluation.results import Result, settings_of
from stages.evaluation.scores import reliabilities
from stages.params.experiment import merge
from stages.params.loading import read_params
from stages.runtime.files import write_json
from stages.sources.base import make_source
from tests.helpers import LETTERS, ROOT

DOCUMENT = read_params(ROOT / "params.yaml")
SPREAD = np.array([-0.3, -0.2, 0.0, 0.0, 0.2, 0.3])  # of the six seeds, in points
N_TEST = 1000


def made_up(
    name,
    accuracy=50.0,
    train=60.0,
    zeros=0.0,
    near_zero=0.0,
    pruning_cost=0.0,
    agreement=50.0,
    logit=10.0,
    loss=1.0,
    net_loss=1.0,
    spread=1.0,
    document=DOCUMENT,
):
    """Return a result whose six seeds scatter about these percentages and losses."""
    experiment = merge(document, name)
    # Another order for each experiment, so that paired differences scatter, too.
    generator = np.random.default_rng(zlib.crc32(name.encode()))
    n_seeds = len(experiment.seeds)

    def about(center, unit=1.0):
        return center + unit * spread * generator.permutation(SPREAD)[:n_seeds]

    labels = (np.arange(N_TEST) % 10).astype(np.uint8)
    predicted = np.tile((labels + 1) % 10, (n_seeds, 1)).astype(np.uint8)
    right = np.round(about(accuracy) / 100 * N_TEST).astype(int)
    for row, count in zip(predicted, right, strict=True):
        row[:count] = labels[:count]
    columns = {
        "accuracy": right / N_TEST,
        "train_accuracy": about(train) / 100,
        "zero_weights": np.full(n_seeds, zeros / 100),
        "near_zero_weights": np.full(n_seeds, near_zero / 100),
        "pruned_accuracy": right / N_TEST - pruning_cost / 100,
        "collapsed_agreement": np.full(n_seeds, agreement / 100),
        "largest_logit": np.full(n_seeds, logit),
        "loss": about(loss, 0.01),
        "brier": about(0.7, 0.01),
        "ece": about(10.0) / 100,
        "calibrated_loss": about(0.9 * loss, 0.01),
        "calibrated_ece": about(4.0) / 100,
    }
    per_seed = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    counts = np.bincount((labels * 10 + predicted).ravel(), minlength=100).reshape(10, 10)
    chosen = {key: min(candidates.choice) for key, candidates in experiment.searched().items()}
    metrics = {
        **{
            key: {
                "mean": float(values.mean()),
                "sd": float(values.std(ddof=1)) if n_seeds > 1 else None,
            }
            for key, values in columns.items()
        },
        "chosen": chosen,
        "trials": [{"values": chosen, "epochs": 3, "accuracy": 0.5}] if chosen else [],
        "fresh": 0.45 if chosen else None,
        "temperature": 1.5,
        "ensemble": {
            "accuracy": float(columns["accuracy"].max()) + 0.01,
            "loss": 0.8 * loss,
            "ece": 0.06,
            "calibrated_loss": 0.85 * loss,
            "calibrated_ece": 0.03,
        },
        "n_features": 3072,
        "processors": ["SkylakeX"],
        "n_parameters": 30730,
        "n_views": 10 if experiment.average_views else 1,
        "per_seed": [{key: float(value) for key, value in row.items()} for row in per_seed],
        "per_class": [
            {"class": letter, "precision": 0.5, "recall": 0.4, "f1": 0.45} for letter in LETTERS
        ],
        "confusion_matrix": counts.tolist(),
        "reliability": reliabilities(*[np.eye(10)[predicted]] * 2, labels),
    }
    units = (experiment.hidden_layer_sizes or [10])[0]
    weights = generator.standard_normal((3072, units)).astype(np.float32)
    curves = [
        np.tile(about(level, 0.01)[:, None], (1, experiment.epochs)) for level in (loss, net_loss)
    ]
    batches = make_source(document, experiment.dataset).outline().splits[experiment.split]
    answers = Predictions(
        predicted,
        labels,
        *likeliest(np.eye(10)[predicted].mean(axis=0)),
        first_layer(weights),
        *curves,
        *_over_fitted(n_seeds, experiment.epochs),
        train=list(batches.train),
        test=list(batches.test),
        is_complete=len(batches.train) == 5,
        picture_shape=[32, 32, 3] if experiment.preprocessing == "normalize" else None,
    )
    return Result(name, experiment, metrics, answers, settings_of(document, experiment))


def _over_fitted(n_seeds, epochs):
    """Return test losses and accuracies that get worse, measured after each second epoch."""
    curves = [np.tile(np.linspace(*ends, epochs), (n_seeds, 1)) for ends in ((2, 2.5), (0.5, 0.4))]
    for values in curves:
        values[:, 1::2] = np.nan
    return curves


def write_results(folder, results):
    """Write results as the stage evaluate would."""
    for result in results:
        write_json(Path(folder) / f"{result.name}.json", result.scores)
        save_predictions(Path(folder) / f"{result.name}.npz", result.predictions)
