"""Fetch a dataset: its pictures, labels, names of classes, and splits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stages.data.counts import count_classes
from stages.data.samples import write_pictures
from stages.params.loading import read_params
from stages.runtime.command import run
from stages.runtime.files import new_folder, write_json
from stages.sources.base import check_fetched, make_source

app = typer.Typer(add_completion=False)


@app.command()
def main(
    dataset: Annotated[str, typer.Argument(help="An entry of datasets: in params.yaml.")],
    output: Annotated[Path, typer.Option(help="The folder to write.")],
    params: Annotated[Path, typer.Option(help="The parameters.")] = Path("params.yaml"),
    card: Annotated[
        Path | None, typer.Option(help="Gets counts, and what was done to the pictures.")
    ] = None,
) -> None:
    """Write a dataset's pictures, checked; on an error nothing is left behind."""
    source = make_source(read_params(params), dataset)
    samples, notes = source.fetch_with_card()
    check_fetched(samples, source.outline(), dataset)
    with new_folder(output) as folder:
        write_pictures(folder, samples)
    if card:
        write_json(card, {"parts": count_classes(samples)} | notes)


if __name__ == "__main__":
    run(app)
