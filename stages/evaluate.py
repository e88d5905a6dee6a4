"""Measure the trained networks of one experiment on its test batches."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from stages.data.samples import open_features
from stages.evaluation import scores
from stages.evaluation.predictions import Predictions, save_predictions
from stages.evaluation.tables import write_confusion, write_curves
from stages.network.seeds import load_seeds
from stages.params.experiment import Experiment
from stages.params.loading import parse
from stages.runtime.command import run
from stages.runtime.files import read_json, write_json

app = typer.Typer(add_completion=False)


@app.command()
def main(
    name: Annotated[str, typer.Argument(help="An entry of experiments: in params.yaml.")],
    features: Annotated[Path, typer.Option(help="The feature set it was trained on.")],
    models: Annotated[Path, typer.Option(help="The folder that train wrote.")],
    predictions: Annotated[Path, typer.Option(help="The .npz file of predicted classes.")],
    output: Annotated[Path, typer.Option(help="Gets metrics/, curves/ and confusion/.")],
) -> None:
    """Write metrics, predictions, learning curves and confusion matrix of one experiment."""
    experiment = parse(Experiment, read_json(models / "experiment.json"), name)
    trials = read_json(models / "search.json")
    networks = load_seeds(models, experiment.seeds)
    samples = open_features(features)
    n_classes = len(samples.class_names)
    (_, y), (seen, seen_y) = samples.select(experiment.test), samples.select(experiment.train)
    views = scores.views(samples, experiment.test, experiment.average_views)
    per_seed, probabilities = [], []
    for network in networks:
        probabilities.append(scores.probabilities(network, views, n_classes))
        row = scores.heldout_scores(probabilities[-1], y)
        row |= scores.train_scores(scores.probabilities(network, [seen], n_classes), seen_y)
        per_seed.append(row | {"zero_weights": scores.zero_share(network)})
    classes = np.argmax(probabilities, axis=2).astype(np.uint8)
    counts = scores.confusion(classes, y, n_classes)
    curves = {field: scores.loss_curves(networks, field) for field in ("loss", "net_loss")}
    metrics = {
        **scores.spreads(per_seed),
        "chosen": {key: getattr(experiment, key) for trial in trials for key in trial["values"]},
        "ensemble": scores.ensemble_scores(probabilities, y),
        "n_features": networks[0].n_features_in_,
        "n_parameters": sum(p.size for p in networks[0].network_.parameters),
        "seeds": experiment.seeds,
        "per_seed": per_seed,
        "trials": trials,
        "per_class": scores.per_class(counts, samples.class_names),
        "confusion_matrix": counts.tolist(),
    }
    weights = networks[0].network_.weights[0]
    write_json(output / "metrics" / f"{name}.json", metrics)
    write_curves(output / "curves" / f"{name}.csv", scores.mean_curves(curves))
    write_confusion(output / "confusion" / f"{name}.csv", counts, samples.class_names)
    save_predictions(predictions, Predictions(classes, y.astype(np.uint8), weights, **curves))


if __name__ == "__main__":
    run(app)
