"""Print the experiments of a dataset in 80 columns: accuracy, minutes, and settings."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from stages.evaluation.minutes import noted_minutes
from stages.evaluation.results import settings_of
from stages.params.experiment import merge
from stages.params.loading import entry, read_params
from stages.runtime.command import run
from stages.runtime.files import read_json
from stages.tables.experiments import settings_text
from stages.tables.terminal import Row, print_experiments

app = typer.Typer(add_completion=False)


@app.command()
def main(
    dataset: Annotated[str, typer.Argument(help="An entry of datasets: in params.yaml.")],
    params: Annotated[Path, typer.Option(help="The parameters.")] = Path("params.yaml"),
    reports: Annotated[Path, typer.Option(help="Has the metrics of each dataset.")] = Path(
        "reports"
    ),
    timings: Annotated[Path, typer.Option(help="What stages took here.")] = Path(".timings"),
    minutes: Annotated[Path, typer.Option(help="What they took elsewhere.")] = Path(
        "study/minutes.json"
    ),
) -> None:
    """Print one row per experiment, the best first."""
    document = read_params(params)
    entry(document, "datasets", dataset)
    known = read_json(minutes) if minutes.exists() else {}
    rows = []
    for name in entry(document, "experiments"):
        experiment = merge(document, name)
        if experiment.dataset == dataset:
            path = reports / dataset / "metrics" / f"{name}.json"
            rows.append(
                Row(
                    name.removeprefix(f"{dataset}-"),
                    read_json(path) if path.exists() else {},
                    noted_minutes(document, name, timings) or known.get(name),
                    settings_text(settings_of(document, experiment)),
                )
            )
    print_experiments(rows, sys.stdout)


if __name__ == "__main__":
    run(app)
