"""Everything that the report's page says: its tables, written and as text, and single numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from stages.claims.judge import Judgement
from stages.claims.schema import Study
from stages.evaluation.results import Result, best_result
from stages.reporting import cells, tables
from stages.reporting.latex import latex_table
from stages.reporting.leaderboard import leaderboard_cells
from stages.runtime.files import write_text
from stages.statistics.comparisons import BOOTSTRAP_SEED, RESAMPLES
from stages.statistics.intervals import picture_margin
from stages.statistics.units import plus_minus


def write_tables(
    folder: Path,
    judgements: list[Judgement],
    study: Study,
    results: list[Result],
    leaderboard: pd.DataFrame,
) -> dict[str, Any]:
    """Write every table as CSV, in numbers, and as LaTeX, in text.

    Returns
    -------
    dict
        The tables' text: ``claims`` (with ``notes``, of which each has a claim, remarks and a
        teacher's sentence), ``comparisons``, ``overview``, ``leaderboard``, ``spreads``,
        ``best_classes`` (of the experiment of highest accuracy), and ``questions``, of which each
        has ``id``, ``title``, ``accuracy`` and ``quality``; those without an experiment that was
        run are left out.
    """
    claims, comparisons = cells.claims_cells(judgements), cells.comparisons_cells(judgements)
    _write(folder, "claims", claims, claims)
    if len(comparisons):
        _write(folder, "comparisons", comparisons, comparisons)
    shown = []
    for question in study.questions:
        pairs = tables.pairs_of(question, results)
        if not pairs:
            continue
        accuracy, quality = tables.accuracy_table(pairs), tables.quality_table(pairs)
        text = cells.accuracy_cells(accuracy), cells.quality_cells(quality)
        _write(folder, f"{question.id}-accuracy", accuracy, text[0])
        _write(folder, f"{question.id}-quality", quality, text[1])
        shown.append(
            {"id": question.id, "title": question.title, "accuracy": text[0], "quality": text[1]}
        )
    if len(leaderboard):
        _write(folder, "leaderboard", leaderboard, leaderboard_cells(leaderboard))
    spreads = tables.spreads_table(study.spreads, results)
    if len(spreads):
        _write(folder, "spreads", spreads, cells.spreads_cells(spreads))
    overview = tables.experiments_table(results)
    _write(folder, "experiments", overview, cells.overview_cells(overview))
    classes = tables.classes_table(results)
    _write(folder, "classes", classes, classes)
    return {
        "claims": claims.drop(columns=["remarks", "a teacher would say"]),
        "notes": [(j.claim.quotation, "; ".join(j.remarks), j.claim.teacher) for j in judgements],
        "comparisons": comparisons,
        "questions": shown,
        "leaderboard": leaderboard_cells(leaderboard),
        "spreads": cells.spreads_cells(spreads) if len(spreads) else spreads,
        "overview": cells.overview_cells(overview),
        "best_classes": tables.classes_table([best_result(results)]).drop(columns="experiment"),
    }


def page_values(results: list[Result]) -> dict[str, Any]:
    """Return the numbers that stand in the page's sentences."""
    best = best_result(results)
    counts = sorted({len(result.experiment.seeds) for result in results})
    mean, sd = tables.spread(best, "accuracy").values()
    return {
        "n_experiments": len(results),
        "n_seeds": " to ".join(str(count) for count in dict.fromkeys((counts[0], counts[-1]))),
        "bootstrap_seed": BOOTSTRAP_SEED,
        "n_resamples": RESAMPLES,
        "margins": {
            str(n): f"{picture_margin(n):.2f}" for n in sorted({r.n_pictures for r in results})
        },
        "any_chosen": any(result.metrics["chosen"] for result in results),
        "any_penalty": any(result.experiment.penalty != "none" for result in results),
        "best": best,
        "best_accuracy": plus_minus(mean, sd, 2),
        "n_predictions": best.predictions.predicted.size,
    }


def _write(folder: Path, name: str, numbers: pd.DataFrame, text: pd.DataFrame) -> None:
    write_text(folder / f"{name}.csv", numbers.to_csv(index=False, lineterminator="\n"))
    write_text(folder / f"{name}.tex", latex_table(text))
