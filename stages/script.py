"""Write the library by which charts answer the mouse, for our pages and for `dvc plots`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
import vl_convert

from stages.runtime.command import run
from stages.runtime.files import write_text
from stages.webpage.vega import VERSION

app = typer.Typer(add_completion=False)
# DVC's own page, which asks a network for the library. The words in braces are DVC's.
PLOTS = """<!doctype html>
<html lang="en">
<head>
{refresh_tag}
<meta charset="utf-8">
<title>DVC plots</title>
<script>LIBRARY</script>
</head>
<body>
{plot_divs}
</body>
</html>
"""


@app.command()
def main(
    output: Annotated[Path, typer.Option(help="The JavaScript file to write.")],
    plots: Annotated[Path, typer.Option(help="Gets a template for `dvc plots`.")],
) -> None:
    """Write Vega, Vega-Lite and Vega-Embed as one script, which needs no network."""
    script = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", VERSION)
    if "</script" in script.lower():  # would end the page's own element
        script = script.replace("</", "<\\/")
    write_text(output, script)
    write_text(plots, PLOTS.replace("LIBRARY", script))


if __name__ == "__main__":
    run(app)
