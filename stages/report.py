"""Write the report of one dataset: claims and verdicts, tables, figures, and the page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stages.claims.judge import judge
from stages.claims.numbers import figures_of
from stages.claims.schema import load_study
from stages.evaluation.results import best_result, load_results
from stages.params.experiment import read_quick
from stages.params.loading import read_params
from stages.readings.design import inferred_of
from stages.readings.fitting import fit_figures
from stages.readings.storage import load_readings
from stages.reporting import figures
from stages.reporting.content import page_values
from stages.reporting.cost import draw_cost
from stages.reporting.data_card import parts_table, sentences
from stages.reporting.forensics import summary, write_forensics
from stages.reporting.manner import Manner
from stages.reporting.origins import origins, packages
from stages.reporting.page import render
from stages.runtime.command import run
from stages.runtime.files import new_folder, read_json, write_text
from stages.sources.base import make_source
from stages.tables.base import Outcome
from stages.tables.leaderboard import load_near_duplicates
from stages.tables.published import load_published
from stages.tables.writing import write_tables
from stages.webpage.page import Shown, charts_of, render_page, write_charts

app = typer.Typer(add_completion=False)


@app.command()
def main(
    dataset: Annotated[str, typer.Argument(help="An entry of datasets: in params.yaml.")],
    evaluations: Annotated[Path, typer.Option(help="The folder that evaluate wrote.")],
    forensics: Annotated[Path, typer.Option(help="The readings that forensics tried.")],
    card: Annotated[Path, typer.Option(help="What fetch says of the pictures.")],
    shown: Annotated[Path, typer.Option(help="What gallery says of its pictures.")],
    code: Annotated[Path, typer.Option(help="The record of this stage's code.")],
    script: Annotated[Path, typer.Option(help="The library of the page's charts.")],
    folder: Annotated[Path, typer.Option(help="Gets the report.")],
    params: Annotated[Path, typer.Option(help="The parameters.")] = Path("params.yaml"),
    claims: Annotated[Path, typer.Option(help="The claims, and the report's questions.")] = Path(
        "study/course-report.yaml"
    ),
    published: Annotated[Path, typer.Option(help="What others have published.")] = Path(
        "study/published.yaml"
    ),
    near_duplicates: Annotated[
        Path, typer.Option(help="Lists of test pictures that training has, too.")
    ] = Path("study/near-duplicates"),
    minutes: Annotated[Path, typer.Option(help="What experiments took.")] = Path(
        "study/minutes.json"
    ),
) -> None:
    """Write report.md, index.html, tables/ and figures/ from what evaluate wrote."""
    document, study = read_params(params), load_study(claims)
    source = make_source(document, dataset)
    results = load_results(document, dataset, evaluations)
    inferred = inferred_of(document, dataset)
    tried = (load_readings(forensics), figures_of(study.claims), inferred)
    fits = fit_figures(*tried)
    best = best_result(results)
    counts = read_json(card)
    about_pictures = sentences(counts, source)
    judgements = [judge(claim, results, dataset, fits) for claim in study.claims]
    if about_pictures:  # of one's own dataset, what the course's experiments say
        judgements = [judgement for judgement in judgements if judgement.comparisons]
    outcome = Outcome(
        results,
        judgements,
        study,
        read_json(minutes),
        load_near_duplicates(near_duplicates, dataset, best.n_pictures),
        load_published(published, dataset),
    )
    # Not all that lies there: what an experiment left that is gone is no part of the report.
    files = [evaluations / f"{r.name}.{end}" for r in results for end in ("json", "npz")]
    drawn = [r for r in results if r.short_name in study.weights and figures.has_pixel_weights(r)]
    with new_folder(folder / "tables") as new:
        tables = write_tables(new, outcome)
    found = charts_of(outcome, tables)
    with new_folder(folder / "figures") as new:
        write_charts(new, found)
        if "leaderboard" in tables:
            draw_cost(tables["leaderboard"].numbers, new / "cost.png")
        for result in drawn:
            figures.weights(result, new / f"weights-{result.short_name}.png")
    values = dict(
        dataset=dataset,
        quick=read_quick(document),
        redistributable=source.redistributable,
        about=source.about,
        card=about_pictures,
        parts=parts_table(counts),
        forensics=summary(*tried),
        weights=[result.short_name for result in drawn],
        filters="filters" in found,
        origins=origins(document, dataset, code, card, files),
        packages=packages(code),
        processors=sorted({kind for one in results for kind in one.scores["processors"]}),
        **page_values(outcome, tables),
    )
    names = {name: [one.name for one in charts] for name, charts in found.items() if name != "cost"}
    write_text(folder / "report.md", render(Manner(names), **values))
    # The second is for the eyes of whoever has the pictures, and not for git.
    for name, carried in (("index", source.redistributable), ("pictures", True)):
        pictures = Shown(read_json(shown), carried)
        page = render_page(folder, outcome, found, pictures, script.read_text(), values)
        write_text(folder / f"{name}.html", page)
    write_forensics(folder, dataset, *tried)


if __name__ == "__main__":
    run(app)
