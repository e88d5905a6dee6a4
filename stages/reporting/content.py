"""Everything that the report's page says: its tables, written and as text, and single numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from stages.claims.judge import Judgement
from stages.claims.rules import BOOTSTRAP_SEED, LEVEL
from stages.claims.schema import Question
from stages.reporting import cells, tables
from stages.reporting.latex import latex_table
from stages.reporting.leaderboard import leaderboard_cells
from stages.reporting.results import Result, best_result
from stages.reporting.text import p_value, plus_minus
from stages.runtime.files import write_text


def write_tables(
    folder: Path,
    judgements: list[Judgement],
    questions: list[Question],
    results: list[Result],
    leaderboard: pd.DataFrame,
) -> dict[str, Any]:
    """Write every table as CSV, in numbers, and as LaTeX, in text.

    Returns
    -------
    dict
        The tables' text: ``claims``, ``comparisons``, ``overview``, ``leaderboard`` (with
        ``any_minutes``, whether it has some), ``best_classes`` (of the experiment of highest
        accuracy), and ``questions``, of which each has ``id``, ``title``, ``accuracy`` and
        ``quality``; those without an experiment that was run are left out.
    """
    claims, comparisons = cells.claims_cells(judgements), cells.comparisons_cells(judgements)
    _write(folder, "claims", claims, claims)
    if len(comparisons):
        _write(folder, "comparisons", comparisons, comparisons)
    shown = []
    for question in questions:
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
    overview = tables.experiments_table(results)
    _write(folder, "experiments", overview, cells.overview_cells(overview))
    classes = tables.classes_table(results)
    _write(folder, "classes", classes, classes)
    return {
        "claims": claims,
        "comparisons": comparisons,
        "questions": shown,
        "leaderboard": leaderboard_cells(leaderboard),
        "any_minutes": leaderboard["minutes"].notna().any(),
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
        "smallest_p": p_value(2 / 2 ** counts[-1]),
        "level": LEVEL,
        "bootstrap_seed": BOOTSTRAP_SEED,
        "any_chosen": any(result.metrics["chosen"] for result in results),
        "any_penalty": any(result.experiment.penalty != "none" for result in results),
        "best": best,
        "best_accuracy": plus_minus(mean, sd, 2),
        "n_predictions": best.predictions.predicted.size,
    }


def _write(folder: Path, name: str, numbers: pd.DataFrame, text: pd.DataFrame) -> None:
    write_text(folder / f"{name}.csv", numbers.to_csv(index=False, lineterminator="\n"))
    write_text(folder / f"{name}.tex", latex_table(text))
