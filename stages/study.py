"""Run the study of a dataset, or make one of your own pictures."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from stages.editing.own_study import add_study, remove_study
from stages.folders.listing import TABLE, check_watched, list_pictures
from stages.follow.repro import reproduce
from stages.follow.results import pull, push
from stages.params.loading import read_params
from stages.runtime.command import run
from stages.runtime.errors import ParamsError
from stages.runtime.files import write_text
from stages.sources.base import make_source
from stages.sources.folder import Folder
from stages.webpage.overview import render_overview

app = typer.Typer(add_completion=False)
PARAMS, PIPELINE, REPORTS = Path("params.yaml"), Path("dvc.yaml"), Path("reports")
Name = Annotated[str, typer.Argument(help="An entry of datasets: in params.yaml.")]


@app.command("run")
def run_study(dataset: Name) -> None:
    """Run what is not up to date of ``report@<dataset>``; the last line is its page's path."""
    with suppress(ParamsError):  # of which the stage check has more to say
        source = make_source(read_params(PARAMS), dataset)
        if isinstance(source, Folder):
            check_watched(Path(source.files))
    reproduce(f"report@{dataset}")
    _tell(dataset)


@app.command()
def share(dataset: Name) -> None:
    """Lay what the report is made of into study/results, for git to carry."""
    push(_document(dataset), dataset)


@app.command()
def redraw(dataset: Name) -> None:
    """Make the report anew from study/results; nothing is fetched, preprocessed or trained."""
    pull(_document(dataset), dataset)
    reproduce("script")
    reproduce(f"report@{dataset}", options=["--allow-missing"])
    _tell(dataset)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What the dataset is to be called.")],
    pictures: Annotated[Path, typer.Argument(help="A folder with a folder for each class.")],
) -> None:
    """Write the course's study of your pictures into params.yaml; all else there stays."""
    folder = pictures.expanduser()
    folder = (folder.parent if folder.name == TABLE else folder).resolve()
    if folder.is_relative_to(Path.cwd()):
        folder = folder.relative_to(Path.cwd())
    listing = list_pictures(folder)
    check_watched(folder)
    document = read_params(PARAMS)
    _write(add_study(PARAMS.read_text(encoding="utf-8"), document, name, folder, listing))
    counts = f"{len(listing.pictures)} pictures of {len(listing.class_names)} classes"
    print(f"{name}: {counts}; run 'dvc repro report@{name}'", file=sys.stderr)


@app.command()
def remove(dataset: Name) -> None:
    """Take the entries of a dataset of your pictures out of params.yaml again."""
    _write(remove_study(PARAMS.read_text(encoding="utf-8"), read_params(PARAMS), dataset))


def _tell(dataset: str) -> None:
    """Write the page of all datasets anew, and print the path of this one's."""
    write_text(REPORTS / "index.html", render_overview(REPORTS, read_params(PIPELINE)))
    print(REPORTS / dataset / "index.html")


def _document(dataset: str) -> dict[str, Any]:
    document = read_params(PARAMS)
    make_source(document, dataset)
    return document


def _write(text: str) -> None:
    before = PARAMS.read_text(encoding="utf-8")
    if text != before:
        write_text(PARAMS, text)


if __name__ == "__main__":
    run(app)
