"""Train the networks of one experiment, one for each seed."""

from __future__ import annotations

import hashlib
import shutil
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from stages.data.samples import open_samples
from stages.network.storage import save_network
from stages.params.experiment import load_experiment
from stages.runtime.command import progress, run, timed
from stages.runtime.files import new_folder, write_json
from stages.training.calibration import calibrate, held_out_rows, save_calibration
from stages.training.search import best, candidates, search
from stages.training.seeds import fit_seeds, network_path

app = typer.Typer(add_completion=False)


@app.command()
def main(
    name: Annotated[str, typer.Argument(help="An entry of experiments: in params.yaml.")],
    features: Annotated[Path, typer.Option(help="The feature set to train on.")],
    output: Annotated[Path, typer.Option(help="The folder to write.")],
    params: Annotated[Path, typer.Option(help="The parameters.")] = Path("params.yaml"),
    checkpoints: Annotated[Path, typer.Option(help="Where a killed training resumes from.")] = Path(
        ".checkpoints"
    ),
    timings: Annotated[Path, typer.Option(help="Where to note how long it took.")] = Path(
        ".timings"
    ),
) -> None:
    """Write one network per seed, their temperature, and what the experiment was."""
    experiment = load_experiment(params, name)
    samples = open_samples(features)
    split = samples.split(experiment.split)
    X, y = samples.select(split.train)
    views = samples.select_views(split.train) if experiment.flip or experiment.shift else []
    settings, trials = experiment.network_params(), []
    settings["picture_shape"] = samples.picture_shape
    # Outside the output, which DVC deletes before every run; other parameters, other folder.
    digest = hashlib.sha256(experiment.model_dump_json().encode()).hexdigest()
    resume = checkpoints / f"{name}-{digest[:16]}"
    with timed(timings / f"train@{name}.json"), new_folder(output) as folder:
        if candidates(settings):
            trials = search(settings, X, y, experiment.seeds, views)
            settings |= best(trials)
        test = samples.select(split.test)  # for a curve, and for nothing else
        seeds = experiment.seeds
        rows, held_out = held_out_rows(y, settings["validation_fraction"], seeds[0])
        fits = fit_seeds(settings, X, y, seeds, resume, views, test, rows)
        steps = progress(fits, f"train {name}", len(seeds) + 1)
        for network in islice(steps, len(seeds)):
            path = network_path(folder, network.random_state)
            save_network(path, network, samples.class_names)
        for network in steps:  # one, which knows nothing of the samples held out
            save_calibration(folder, calibrate(network, X[held_out], y[held_out]))
        chosen = experiment.model_copy(update=best(trials) if trials else {})
        write_json(folder / "experiment.json", chosen.model_dump())
        write_json(folder / "search.json", [trial._asdict() for trial in trials])
    shutil.rmtree(resume, ignore_errors=True)


if __name__ == "__main__":
    run(app)
