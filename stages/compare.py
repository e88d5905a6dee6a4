"""Say what changed between two revisions: parameters, accuracies, verdicts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stages.comparing.changes import accuracy_changes, parameter_changes, verdict_changes
from stages.comparing.page import draw_changes, render
from stages.comparing.revision import Revision
from stages.runtime.command import run
from stages.runtime.files import write_text
from stages.webpage.theme import PAPER_COLOURS

app = typer.Typer(add_completion=False)


@app.command()
def main(
    old: Annotated[str, typer.Argument(help="A commit, a branch or a tag.")],
    new: Annotated[
        str | None, typer.Argument(help="Another; without it, the files as they are.")
    ] = None,
    drawing: Annotated[
        Path | None, typer.Option(help="Gets the changes of accuracy as SVG, if there are any.")
    ] = None,
) -> None:
    """Print what changed, as Markdown."""
    before, after = Revision(old), Revision(new)
    accuracies = accuracy_changes(before, after)
    parameters = parameter_changes(before.params, after.params)
    verdicts = verdict_changes(before, after)
    print(render(before.name, after.name, parameters, accuracies, verdicts), end="")
    if drawing is not None and (chart := draw_changes(accuracies)):
        write_text(drawing, chart.drawing(PAPER_COLOURS, 'style="background: white"'))


if __name__ == "__main__":
    run(app)
