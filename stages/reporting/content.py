"""What the report's page says: its tables as text, and the numbers in its sentences."""

from __future__ import annotations

from typing import Any

from stages.evaluation.results import best_result
from stages.statistics.comparisons import BOOTSTRAP_SEED, RESAMPLES
from stages.statistics.intervals import picture_margin
from stages.statistics.units import plus_minus
from stages.tables.base import Outcome
from stages.tables.measures import accuracy_intervals, spread
from stages.tables.writing import Written

PICTURES = ("pictures_low", "pictures_high")  # ends of the interval over test pictures


def page_values(outcome: Outcome, written: dict[str, Written]) -> dict[str, Any]:
    """Return what the page's template names, but for what only the caller knows.

    ``sections`` are the tables that have a title, and so a section of their own: title, text, and
    the names of the tables.
    """
    results = outcome.results
    best = best_result(results)
    counts = sorted({len(result.experiment.seeds) for result in results})
    mean, sd = spread(best, "accuracy").values()
    sections: dict[str, tuple[str, list[str]]] = {}
    for name, one in written.items():
        if one.table.title:
            sections.setdefault(one.table.title, (one.table.text, []))[1].append(name)
    classes = written["classes"].cells
    return {
        "tables": {name: one.cells for name, one in written.items()},
        "sections": [(title, *section) for title, section in sections.items()],
        "questions": outcome.study.questions,
        "notes": [
            (judgement.claim.quotation, "; ".join(judgement.remarks), judgement.claim.teacher)
            for judgement in outcome.judgements
        ],
        "best_classes": classes[classes["experiment"] == best.name].drop(columns="experiment"),
        "n_claims": len(outcome.judgements),
        "n_experiments": len(results),
        "n_seeds": " to ".join(str(count) for count in dict.fromkeys((counts[0], counts[-1]))),
        "n_near_duplicates": len(outcome.near_duplicates),
        "bootstrap_seed": BOOTSTRAP_SEED,
        "n_resamples": RESAMPLES,
        "margins": {
            str(n): f"{picture_margin(n):.2f}" for n in sorted({r.n_pictures for r in results})
        },
        "any_chosen": any(result.scores["chosen"] for result in results),
        "any_penalty": any(result.experiment.penalty != "none" for result in results),
        "best": best,
        "best_accuracy": plus_minus(mean, sd, 2),
        "best_range": [f"{accuracy_intervals(best)[end]:.2f}" for end in PICTURES],
        "n_predictions": best.predictions.predicted.size,
    }
