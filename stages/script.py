"""Write the library by which the charts of a page answer the mouse."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
import vl_convert

from stages.runtime.command import run
from stages.runtime.files import write_text

app = typer.Typer(add_completion=False)


@app.command()
def main(
    output: Annotated[Path, typer.Option(help="The JavaScript file to write.")],
) -> None:
    """Write Vega, Vega-Lite and Vega-Embed as one script, which needs no network."""
    script = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    if "</script" in script.lower():  # would end the page's own element
        script = script.replace("</", "<\\/")
    write_text(output, script)


if __name__ == "__main__":
    run(app)
