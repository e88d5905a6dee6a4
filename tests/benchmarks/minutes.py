"""The minutes that lead to an experiment: its features, its search and its networks.

preprocess and train note their seconds when they run. After ``make cifar10`` on a clone where
nothing has run and on a machine that does nothing else, this adds them up in
study/minutes.json, which the report reads. (A stage that DVC takes from its cache notes
nothing, and a training that was killed and taken up again only its last part.)
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stages.params.experiment import load_experiment
from stages.params.loading import entry, read_params
from stages.runtime.command import run
from stages.runtime.files import read_json, write_json

PARAMS = Path("params.yaml")
app = typer.Typer(add_completion=False)


@app.command()
def main(
    experiments: Annotated[list[str], typer.Argument(help="Entries of experiments:.")],
    timings: Annotated[Path, typer.Option(help="Where the stages noted their seconds.")] = Path(
        ".timings"
    ),
    output: Annotated[Path, typer.Option(help="The file to add to.")] = Path("study/minutes.json"),
) -> None:
    """Add up the wall-clock minutes of experiments."""
    minutes = read_json(output) if output.exists() else {}
    for name in experiments:
        seconds = [read_json(timings / f"{stage}.json")["seconds"] for stage in stages_of(name)]
        minutes[name] = round(sum(seconds) / 60, 1)
        print(f"{name}: {minutes[name]} minutes")
    write_json(output, dict(sorted(minutes.items())))


def stages_of(experiment: str) -> list[str]:
    """Return the stages that lead from the pictures to the networks, in their order."""
    settings = load_experiment(PARAMS, experiment)
    features = entry(read_params(PARAMS), "features")
    stages = [f"train@{experiment}"]
    name = f"{settings.dataset}-{settings.preprocessing}"
    while name in features:
        stages.insert(0, f"preprocess@{name}")
        name = features[name]["input"]
    return stages


if __name__ == "__main__":
    run(app)
