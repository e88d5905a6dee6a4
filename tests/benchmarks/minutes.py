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

from stages.evaluation.minutes import noted_minutes
from stages.params.loading import read_params
from stages.runtime.command import run
from stages.runtime.errors import PipelineError
from stages.runtime.files import read_json, write_json

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
    document = read_params(Path("params.yaml"))
    minutes = read_json(output) if output.exists() else {}
    for name in experiments:
        noted = noted_minutes(document, name, timings)
        if noted is None:
            raise PipelineError(
                f"{name}: not all of its stages have noted their seconds in {timings}"
            )
        minutes[name] = round(noted, 1)
        print(f"{name}: {minutes[name]} minutes")
    write_json(output, dict(sorted(minutes.items())))


if __name__ == "__main__":
    run(app)
