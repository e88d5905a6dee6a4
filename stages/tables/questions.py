"""The experiments of each question of the study that were run, and their baselines."""

from __future__ import annotations

from collections.abc import Iterator

from stages.claims.schema import Question
from stages.evaluation.results import Result
from stages.tables.base import Outcome

Pairs = list[tuple[Result, Result | None]]  # an experiment and its baseline, if it has one


def questions_asked(outcome: Outcome) -> Iterator[tuple[str, Pairs]]:
    """Yield the id of each question of which something was run, and its pairs."""
    for question in outcome.study.questions:
        if pairs := pairs_of(question, outcome.results):
            yield question.id, pairs


def comparable(result: Result, baseline: Result) -> bool:
    """Return whether both have several seeds, and answers for the same pictures."""
    return min(result.n_seeds, baseline.n_seeds) > 1 and result.has_pictures_of(baseline)


def pairs_of(question: Question, results: list[Result]) -> Pairs:
    """Return the experiments of a question that were run, each group's baseline before it.

    Where a baseline was not run its experiments stand alone; where nothing but the baseline was
    run the group is left out.
    """
    known = {result.short_name: result for result in results}
    pairs: Pairs = []
    for group in question.groups:
        baseline = known.get(group.baseline)
        run = [known[name] for name in group.experiments if name in known]
        if run and baseline:
            pairs.append((baseline, None))
        pairs += [(result, baseline) for result in run]
    return pairs
