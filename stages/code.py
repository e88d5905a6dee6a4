"""Write down what code each stage runs, so that only what changes there runs again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stages.codebase.closure import Codebase
from stages.codebase.record import write_records
from stages.runtime.command import run
from stages.runtime.files import new_folder

app = typer.Typer(add_completion=False)


@app.command()
def main(
    output: Annotated[Path, typer.Option(help="The folder to write.")],
    source: Annotated[Path, typer.Option(help="The package that the stages are in.")] = Path(
        "stages"
    ),
    lock: Annotated[Path, typer.Option(help="The locked versions of all packages.")] = Path(
        "requirements.txt"
    ),
) -> None:
    """Write a file for each stage: digests of its modules and data files, versions of packages."""
    with new_folder(output) as folder:
        write_records(Codebase(source), lock, folder)


if __name__ == "__main__":
    run(app)
