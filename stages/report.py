"""Write the report of one dataset: a page, its tables and its pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stages.params.loading import read_params
from stages.reporting import figures, tables
from stages.reporting.page import render
from stages.reporting.results import load_results
from stages.runtime.command import run
from stages.runtime.files import new_folder, write_text

app = typer.Typer(add_completion=False)


@app.command()
def main(
    dataset: Annotated[str, typer.Argument(help="An entry of datasets: in params.yaml.")],
    folder: Annotated[Path, typer.Option(help="Has what evaluate wrote; gets the report.")],
    params: Annotated[Path, typer.Option(help="The parameters.")] = Path("params.yaml"),
) -> None:
    """Write report.md, tables/ and figures/ from the metrics of all experiments."""
    results = load_results(read_params(params), dataset, folder)
    best = max(results, key=lambda result: result.accuracy)
    experiments = tables.experiments_table(results)
    classes = tables.classes_table(results)
    with new_folder(folder / "tables") as new:
        for name, table in (("experiments", experiments), ("classes", classes)):
            write_text(new / f"{name}.csv", table.to_csv(index=False, lineterminator="\n"))
    with new_folder(folder / "figures") as new:
        figures.learning_curves(results, new / "learning-curves.png")
        figures.confusion(best, new / "confusion.png")
    page = render(
        dataset=dataset,
        results=results,
        table=tables.readable(experiments),
        best=best,
        best_classes=tables.classes_table([best]).drop(columns="experiment"),
        n_predictions=sum(map(sum, best.metrics["confusion_matrix"])),
    )
    write_text(folder / "report.md", page)
    print(folder / "report.md")


if __name__ == "__main__":
    run(app)
