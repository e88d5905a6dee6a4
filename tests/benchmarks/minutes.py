"""Time what leads to an experiment, cold: its features, its search and its networks.

Runs ``dvc repro --single-item --force`` on each stage, so that nothing comes from a cache, and
notes the minutes in stages/reporting/minutes.json, which the report reads.
"""

from __future__ import annotations

import subprocess
import time
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
    output: Annotated[Path, typer.Option(help="The file to add to.")] = Path(
        "stages/reporting/minutes.json"
    ),
) -> None:
    """Note the wall-clock minutes of experiments."""
    minutes = read_json(output) if output.exists() else {}
    seconds: dict[str, float] = {}  # of each stage, so that shared features are made once
    for name in experiments:
        for stage in stages_of(name):
            if stage not in seconds:
                start = time.monotonic()
                command = ["dvc", "repro", "--quiet", "--single-item", "--force", stage]
                subprocess.run(command, check=True)
                seconds[stage] = time.monotonic() - start
        minutes[name] = round(sum(seconds[stage] for stage in stages_of(name)) / 60, 1)
        print(f"{name}: {minutes[name]} minutes")
        write_json(output, dict(sorted(minutes.items())))


def stages_of(experiment: str) -> list[str]:
    """Return the stages that lead from the pictures to the networks, in their order."""
    settings = load_experiment(PARAMS, experiment)
    features = entry(read_params(PARAMS), "features")
    stages = [f"train@{experiment}"]
    kind, name = "features", f"{settings.dataset}-{settings.preprocessing}"
    while kind == "features":
        stages.insert(0, f"preprocess@{name}")
        kind, name = features[name]["input"].split("/")
    return stages


if __name__ == "__main__":
    run(app)
