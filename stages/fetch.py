"""Fetch a dataset: six batch files and the names of the classes, in CIFAR-10's own layout."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stages.data.batches import read_pictures
from stages.params.loading import read_params
from stages.runtime.command import run
from stages.runtime.errors import PipelineError
from stages.runtime.files import new_folder
from stages.sources.base import make_source

app = typer.Typer(add_completion=False)


@app.command()
def main(
    dataset: Annotated[str, typer.Argument(help="An entry of datasets: in params.yaml.")],
    output: Annotated[Path, typer.Option(help="The folder to write.")],
    params: Annotated[Path, typer.Option(help="The parameters.")] = Path("params.yaml"),
) -> None:
    """Write a dataset's batch files, checked; on an error nothing is left behind."""
    source = make_source(read_params(params), dataset)
    with new_folder(output) as folder:
        source.fetch(folder)
        for name, (start, end) in read_pictures(folder).batches.items():
            if end - start != source.pictures_per_batch:
                raise PipelineError(
                    f"{dataset}: {name} has {end - start} pictures, "
                    f"datasets.{dataset}.pictures_per_batch says {source.pictures_per_batch}"
                )


if __name__ == "__main__":
    run(app)
