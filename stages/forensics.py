"""Train networks under the readings of what the course report's slides leave open."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from stages.data.samples import open_samples
from stages.network.checkpoint import identify
from stages.params.experiment import read_quick
from stages.params.loading import read_params
from stages.readings.design import Forensics, read_forensics
from stages.readings.running import collect, jobs_of, run_jobs
from stages.readings.storage import save_readings
from stages.runtime.command import progress, run, timed
from stages.runtime.digest import kept_by

app = typer.Typer(add_completion=False)


@app.command()
def main(
    dataset: Annotated[str, typer.Argument(help="An entry of datasets: in params.yaml.")],
    raw: Annotated[Path, typer.Option(help="The folder that fetch wrote.")],
    output: Annotated[Path, typer.Option(help="The file to write.")],
    params: Annotated[Path, typer.Option(help="The parameters.")] = Path("params.yaml"),
    checkpoints: Annotated[
        Path, typer.Option(help="Where the networks of a killed run are found again.")
    ] = Path(".checkpoints"),
    code: Annotated[Path, typer.Option(help="What code this is: with other, it starts anew.")] = (
        Path("data/code/forensics.txt")
    ),
    timings: Annotated[Path, typer.Option(help="Where to note how long it took.")] = Path(
        ".timings"
    ),
) -> None:
    """Write the curves of every reading; of none for other datasets and for a quick look."""
    document = read_params(params)
    design, quick = read_forensics(document, dataset), read_quick(document)
    with timed(timings / f"forensics@{dataset}.json"):
        if design is None or quick.enabled:
            save_readings(output, [])
        else:
            _run_design(design, dataset, raw, output, kept_by(checkpoints, code))


def _run_design(design: Forensics, dataset: str, raw: Path, output: Path, kept: Path) -> None:
    samples = open_samples(raw)
    # Outside the output, which DVC deletes before every run; other parameters, other folder.
    digest = identify(design.model_dump(), samples.values, samples.labels)
    folder = kept / f"forensics-{dataset}-{digest[:16]}"
    jobs = jobs_of(design, samples)
    runs = run_jobs(jobs, raw, folder)
    for _ in progress(runs, f"forensics {dataset}", len(jobs), lambda job: job.label):
        pass
    save_readings(output, collect(jobs, folder))
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    run(app)
