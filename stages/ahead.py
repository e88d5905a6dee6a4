"""Train what is out of date, all experiments at once, on all processors; `dvc repro` collects."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from stages.follow.repro import reproduce
from stages.params.experiment import load_experiment
from stages.params.loading import read_params
from stages.runtime.command import progress, run
from stages.runtime.digest import kept_by
from stages.runtime.files import write_json
from stages.runtime.parallel import unordered_map
from stages.scheduling.jobs import Job, longest_first, run_job, search_jobs, training_jobs
from stages.scheduling.plan import experiments_of, features_of, plan
from stages.training.fits import checkpoint_folder
from stages.training.search import TRIALS, Work, search

app = typer.Typer(add_completion=False)
MINUTE = 60


@app.command()
def main(
    targets: Annotated[
        list[str] | None, typer.Argument(help="Such as report@photos or train@photos-hog; or all.")
    ] = None,
    params: Annotated[Path, typer.Option(help="The parameters.")] = Path("params.yaml"),
    checkpoints: Annotated[Path, typer.Option(help="Where `dvc repro` finds it.")] = Path(
        ".checkpoints"
    ),
    timings: Annotated[Path, typer.Option(help="Where to note how long each took.")] = Path(
        ".timings"
    ),
) -> None:
    """Fit every network, and every candidate, that `dvc repro` would; outputs are its business."""
    first, second, searches = list[Job](), list[Job](), []
    document = read_params(params)
    names = experiments_of(document, targets or [])
    reproduce(*(f"preprocess@{name}" for name in features_of(document, names)))
    planned = plan(names)
    kept = kept_by(checkpoints, Path("data/code/train.txt"))
    for name, features in planned:
        experiment = load_experiment(params, name)
        folder = checkpoint_folder(kept, name, experiment)
        if experiment.searched():
            work = Work(experiment, features, kept / TRIALS)
            searches.append((name, work, folder))
            first += search_jobs(name, work)
        else:
            first += training_jobs(name, experiment, features, folder)
    seconds = _run_all(first, "fits")
    for name, work, folder in searches:
        experiment = work.experiment.model_copy(update=search(work).chosen)
        second += training_jobs(name, experiment, work.features, folder)
    seconds |= _run_all(second, "fits of chosen values")
    if seconds:
        write_json(timings / "fits.json", seconds)


def _run_all(jobs: list[Job], label: str) -> dict[str, float]:
    """Run jobs side by side, longest first; say of each that it is done; return their seconds."""
    start, total, done = time.monotonic(), sum(job.cost for job in jobs), 0.0

    def describe(ended: tuple[Job, float]) -> str:
        nonlocal done
        job, _ = ended
        done += job.cost
        minutes = round((time.monotonic() - start) * (total / done - 1) / MINUTE)
        return f"{job.label}; about {minutes} minutes left"

    reads = sorted({job.call.features for job in jobs})
    runs = unordered_map(run_job, longest_first(jobs), len(jobs), reads)
    ended = progress(runs, label, len(jobs), describe)
    return {job.label: round(seconds, 1) for job, seconds in ended}


if __name__ == "__main__":
    run(app)
