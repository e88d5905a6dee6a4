"""Train the networks of one experiment, one for each seed."""

from __future__ import annotations

import shutil
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from stages.data.samples import open_samples
from stages.network.storage import save_network
from stages.params.experiment import load_experiment
from stages.runtime.command import progress, run, timed
from stages.runtime.digest import kept_by
from stages.runtime.files import new_folder, write_json
from stages.training.asking import ASKED, note
from stages.training.calibration import calibrate
from stages.training.fits import checkpoint_folder, fits_of, held_out_of, networks_of
from stages.training.search import NOTHING, TRIALS, Work, search
from stages.training.seeds import network_path
from stages.training.temperature import save_calibration

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
    code: Annotated[Path, typer.Option(help="What code this is: with other, it starts anew.")] = (
        Path("data/code/train.txt")
    ),
    timings: Annotated[Path, typer.Option(help="Where to note how long it took.")] = Path(
        ".timings"
    ),
) -> None:
    """Write one network per seed, their temperature, and what the experiment was."""
    if note(name, features):
        raise typer.Exit(ASKED)
    experiment = load_experiment(params, name)
    found = NOTHING
    samples = open_samples(features)
    # Outside the output, which DVC deletes before every run; other parameters, other folder.
    kept = kept_by(checkpoints, code)
    resume = checkpoint_folder(kept, name, experiment)
    with timed(timings / f"train@{name}.json"), new_folder(output) as folder:
        if experiment.searched():
            found = search(Work(experiment, features, kept / TRIALS))
            experiment = experiment.model_copy(update=found.chosen)
        fits = fits_of(experiment, features, resume)
        steps = progress(networks_of(fits), f"train {name}", len(fits))
        for network in islice(steps, len(experiment.seeds)):
            path = network_path(folder, network.random_state)
            save_network(path, network, samples.class_names)
        for network in steps:  # one, which knows nothing of the samples held out
            X, y = samples.select(samples.split(experiment.split).train)
            _, held_out = held_out_of(fits[-1], y)
            save_calibration(folder, calibrate(network, X[held_out], y[held_out]))
        write_json(folder / "experiment.json", experiment.model_dump())
        trials = [trial._asdict() for trial in found.trials]
        write_json(folder / "search.json", {"trials": trials, "fresh": found.fresh})
    shutil.rmtree(resume, ignore_errors=True)


if __name__ == "__main__":
    run(app)
