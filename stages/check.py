"""Check all of params.yaml before any stage works; every other stage comes after this one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stages.params.loading import read_params
from stages.runtime.command import run
from stages.runtime.files import write_json, write_text
from stages.schema.editor import params_schema
from stages.schema.project import check_project

app = typer.Typer(add_completion=False)


@app.command()
def main(
    params: Annotated[Path, typer.Option(help="The parameters.")] = Path("params.yaml"),
    output: Annotated[
        Path | None,
        typer.Option(help="A file to write once they are right; its text never changes."),
    ] = None,
    schema: Annotated[
        Path | None,
        typer.Option(help="A file to write the parameters' JSON Schema to, for editors."),
    ] = None,
) -> None:
    """Check every key, value and name in params.yaml; one line names the first mistake."""
    if schema is not None:
        write_json(schema, params_schema())
    check_project(read_params(params))
    if output is not None:
        write_text(output, "params.yaml is right\n")


if __name__ == "__main__":
    run(app)
