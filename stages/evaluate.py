"""Measure the trained networks of one experiment on its test batches."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from stages.data.samples import open_samples
from stages.evaluation import answers, scores
from stages.evaluation.measuring import Tested, measure
from stages.evaluation.predictions import (
    Predictions,
    first_layer,
    likeliest,
    save_predictions,
    smallest,
)
from stages.evaluation.tables import write_confusion, write_curves
from stages.evaluation.weights import first_units
from stages.params.experiment import Experiment
from stages.params.loading import parse
from stages.runtime.command import run
from stages.runtime.files import read_json, write_json
from stages.training.seeds import load_seeds
from stages.training.temperature import load_calibration

app = typer.Typer(add_completion=False)


@app.command()
def main(
    name: Annotated[str, typer.Argument(help="An entry of experiments: in params.yaml.")],
    features: Annotated[Path, typer.Option(help="The feature set it was trained on.")],
    models: Annotated[Path, typer.Option(help="The folder that train wrote.")],
    evaluation: Annotated[Path, typer.Option(help="Gets all scores (.json) and answers (.npz).")],
    output: Annotated[Path, typer.Option(help="Gets metrics/, curves/ and confusion/.")],
) -> None:
    """Write the headline metrics, all scores, answers, learning curves and confusion matrix."""
    experiment = parse(Experiment, read_json(models / "experiment.json"), name)
    searched = read_json(models / "search.json")
    networks = load_seeds(models, experiment.seeds)
    samples = open_samples(features)
    n_classes = len(samples.class_names)
    split = samples.split(experiment.split)
    (_, y), (_, seen_y) = samples.select(split.test), samples.select(split.train)
    views = answers.views(samples, split.test, experiment)
    # Of networks of maps, which take their time, as many training samples as there are test ones.
    every = 1 if networks[0].network_.is_dense else math.ceil(len(seen_y) / len(y))
    seen = answers.views(samples, split.train, experiment, every)
    temperature = load_calibration(models).temperature
    raw, calibrated = answers.probabilities_at(networks, views, n_classes, [1.0, temperature])
    measured = measure(
        networks, Tested(views, y, raw, calibrated), (seen, seen_y[::every]), samples.class_names
    )
    everything = {
        **measured,
        "chosen": {
            key: getattr(experiment, key) for trial in searched["trials"] for key in trial["values"]
        },
        "temperature": temperature,
        "seeds": experiment.seeds,
        **searched,
    }
    curves = {field: scores.loss_curves(networks, field) for field in ("loss", "net_loss")}
    curves |= scores.monitor_curves(networks)
    shape = samples.picture_shape
    none = np.empty((networks[0].n_features_in_, 0)), None
    units = first_units(networks[0].network_, shape) if shape else none
    counts = np.array(measured["confusion_matrix"])
    likely, likelihoods = likeliest(calibrated.mean(axis=0))
    write_json(output / "metrics" / f"{name}.json", scores.headline(measured))
    write_json(evaluation / f"{name}.json", everything)
    write_curves(output / "curves" / f"{name}.csv", scores.mean_curves(curves))
    write_confusion(output / "confusion" / f"{name}.csv", counts, samples.class_names)
    save_predictions(
        evaluation / f"{name}.npz",
        Predictions(
            smallest(raw.argmax(axis=2), n_classes),
            smallest(y, n_classes),
            likely,
            likelihoods,
            first_layer(units[0]),
            **curves,
            train=list(split.train),
            test=list(split.test),
            is_complete={*split.train, *split.test} == set(samples.batches),
            picture_shape=units[1],
        ),
    )


if __name__ == "__main__":
    run(app)
