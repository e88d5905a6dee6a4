"""Measure the trained networks of one experiment on its test batches."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stages.data.samples import open_features
from stages.evaluation import scores
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
    output: Annotated[Path, typer.Option(help="Gets metrics/, curves/ and confusion/.")],
) -> None:
    """Write the metrics, the learning curves and the confusion matrix of one experiment."""
    experiment = parse(Experiment, read_json(models / "experiment.json"), name)
    networks = load_seeds(models, experiment.seeds)
    samples = open_features(features)
    X, y = samples.select(experiment.test)
    test = [scores.accuracy_and_loss(network, X, y) for network in networks]
    seen = samples.select(experiment.train)
    train = [scores.accuracy_and_loss(network, *seen) for network in networks]
    counts = scores.confusion(networks, X, y, len(samples.class_names))
    metrics = {
        "accuracy": scores.spread([accuracy for accuracy, _ in test]),
        "loss": scores.spread([loss for _, loss in test]),
        "train_accuracy": scores.spread([accuracy for accuracy, _ in train]),
        "train_loss": scores.spread([loss for _, loss in train]),
        "zero_weights": scores.spread([scores.zero_share(network) for network in networks]),
        "seeds": experiment.seeds,
        "per_seed": [{"accuracy": accuracy, "loss": loss} for accuracy, loss in test],
        "per_class": scores.per_class(counts, samples.class_names),
        "confusion_matrix": counts.tolist(),
    }
    write_json(output / "metrics" / f"{name}.json", metrics)
    write_curves(output / "curves" / f"{name}.csv", scores.mean_curves(networks))
    write_confusion(output / "confusion" / f"{name}.csv", counts, samples.class_names)


if __name__ == "__main__":
    run(app)
