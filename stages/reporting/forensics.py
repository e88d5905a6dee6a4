"""The page about the readings, its files, and what the report says of it in short."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from stages.readings.conclusion import (
    PLACE,
    column_name,
    conclusion,
    fits_table,
    last_batch_table,
    scores_of,
)
from stages.readings.design import Inferred
from stages.readings.factors import factor_name
from stages.readings.fitting import LAST, LAST_EPOCHS, LEAST_DOF, LEVEL, Figure, fit_figures
from stages.readings.storage import ReadingRuns
from stages.reporting.forensics_figure import draw_losses, loss_figures
from stages.reporting.page import fill
from stages.runtime.files import new_file, write_text
from stages.tables.markdown import markdown_table

TEMPLATE = "forensics.md.j2"
TOP = 3  # readings in the summary, with the plain one


def write_forensics(
    folder: Path,
    dataset: str,
    runs: Sequence[ReadingRuns],
    figures: Sequence[Figure],
    inferred: Sequence[Inferred],
) -> None:
    """Write ``forensics.md`` and, if there are readings, its table and its picture.

    They are ``tables/forensics.csv`` and ``figures/forensics.png``, in folders that may have
    other files.

    Raises
    ------
    ParamsError
        See `fit_figures`.
    """
    page = render_forensics(dataset, runs, figures, inferred)
    table = fits_table(fit_figures(runs, figures, inferred))
    if not table.empty:
        with new_file(folder / "tables" / "forensics.csv") as partial:
            table.to_csv(partial, index=False, lineterminator="\n")
    if _is_drawn(runs, figures):
        with new_file(folder / "figures" / "forensics.png") as partial:
            draw_losses(runs, figures, partial)
    write_text(folder / "forensics.md", page)


def render_forensics(
    dataset: str,
    runs: Sequence[ReadingRuns],
    figures: Sequence[Figure],
    inferred: Sequence[Inferred],
) -> str:
    """Return the page, in Markdown; a value that the template lacks is an error."""
    fits = fit_figures(runs, figures, inferred)
    table = fits_table(fits)
    at_last = table[PLACE] == LAST
    values = {
        "dataset": dataset,
        "sentences": conclusion(fits),
        "table": table[at_last].drop(columns=PLACE),
        "elsewhere": table[~at_last].drop(columns=_losses(table, figures)),
        "drawn": _is_drawn(runs, figures),
        "last_batch": last_batch_table(runs),
        "design": _design_table(runs),
        "n_readings": len(runs),
        "n_seeds": len(runs[0].loss) if runs else 0,
        "inferred": inferred,
        "last_epochs": LAST_EPOCHS,
        "least_dof": LEAST_DOF,
        "level": f"{100 * LEVEL:g}",
    }
    return fill(TEMPLATE, values, table=_markdown, factor_name=factor_name)


def summary(
    runs: Sequence[ReadingRuns], figures: Sequence[Figure], inferred: Sequence[Inferred]
) -> str:
    """Return what the report says in short, in Markdown; nothing if there are no readings."""
    fits = fit_figures(runs, figures, inferred)
    if not fits:
        return ""
    table = fits_table(fits)
    ranked = list(dict.fromkeys(score.reading for score in scores_of(fits)))[:TOP]
    best = {score.reading: score.measured_at for score in reversed(scores_of(fits))}
    shown = [
        table[(table["reading"] == name) & (table[PLACE] == best[name])]
        for name in dict.fromkeys([*ranked, "plain"])
    ]
    return " ".join(conclusion(fits)[:2]) + "\n\n" + _markdown(pd.concat(shown))


def _is_drawn(runs: Sequence[ReadingRuns], figures: Sequence[Figure]) -> bool:
    pair = loss_figures(figures)
    return pair is not None and any(reading.run == pair[0].run for reading in runs)


def _losses(table: pd.DataFrame, figures: Sequence[Figure]) -> list[str]:
    """Return the columns that are the same wherever an accuracy is measured."""
    losses = {column_name(figure) for figure in figures if figure.measure != "accuracy"}
    return [name for name in table.columns if name in losses]


def _design_table(runs: Sequence[ReadingRuns]) -> pd.DataFrame:
    """Return each run's plain reading, and how many readings it has."""
    counts = pd.Series([reading.run for reading in runs], dtype=str).value_counts()
    return pd.DataFrame(
        [
            {"run": reading.run, "epochs": reading.loss.shape[1]}
            | {factor_name(k): "" if v is None else v for k, v in reading.values.items()}
            | {"readings": counts[reading.run]}
            for reading in runs
            if not reading.changes
        ]
    )


def _markdown(table: pd.DataFrame) -> str:
    """Return a data frame as a Markdown table in which what fits is bold."""
    return markdown_table(table).replace(", fits |", ", **fits** |")
