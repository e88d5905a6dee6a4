"""Claims put to the results of one dataset."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from stages.claims.rules import Finding, Verdict, below, compare, within
from stages.claims.schema import BEST, Below, Claim, Compare, Within
from stages.reporting.results import Result, best_result
from stages.reporting.text import NATS, PERCENT, Unit, number, threshold
from stages.statistics.comparisons import holm


class Comparison(NamedTuple):
    """One test of a claim: what was tested, the rule in words, and what it found."""

    subject: str
    rule: str
    finding: Finding
    p_holm: float | None


class Judgement(NamedTuple):
    """A claim and what becomes of it; no comparisons if it is about another dataset."""

    claim: Claim
    rule: str
    measured: str
    verdict: Verdict
    why: str
    comparisons: list[Comparison]


def judge(claim: Claim, results: list[Result], dataset: str) -> Judgement:
    """Decide a claim by those of its tests whose experiments have results.

    It holds if all of them do, does not if one does not, and is undecided otherwise: also if
    none was run, or if it is a number about another dataset.
    """
    known = {result.short_name: result for result in results}
    known[BEST] = best_result(results)
    found = [(test, _apply(test, known)) for test in claim.tests]
    run = [(test, finding) for test, finding in found if finding is not None]
    p = [finding.p for _, finding in run if finding.p is not None]
    corrected = iter(holm(p))
    comparisons = [
        Comparison(
            _subject(test, known),
            _rule(test),
            finding,
            None if finding.p is None else next(corrected),
        )
        for test, finding in run
    ]
    rule = "; ".join(dict.fromkeys(_rule(test) for test in claim.tests))
    if claim.only not in {None, dataset}:
        why = f"it is about {claim.only}, and this is {dataset}"
        return Judgement(claim, rule, _measured(comparisons), "undecided", why, [])
    verdict, why = _conclude(comparisons, len(found))
    return Judgement(claim, rule, _measured(comparisons), verdict, why, comparisons)


def _apply(test: Within | Below | Compare, known: dict[str, Result]) -> Finding | None:
    """Return what the test finds, None if what it needs was not run, or not with equal seeds."""
    unit = _unit(test)
    result = known.get(test.experiment)
    values = result.per_seed(test.measure, test.epoch) if result else np.array([np.nan])
    if result is None or np.isnan(values).any():
        return None
    if isinstance(test, Within):
        return within(values, test.claimed, test.tolerance, unit)
    if isinstance(test, Below):
        return below(values, test.bar, unit)
    baseline = known.get(test.baseline)
    if baseline is None or not result.is_paired_with(baseline):
        return None
    start = baseline.per_seed(test.measure, test.epoch)
    return None if np.isnan(start).any() else compare(test.rule, start, values, test.margin, unit)


def _conclude(comparisons: list[Comparison], n_tests: int) -> tuple[Verdict, str]:
    """Return the verdict on all tests, and a sentence from the one that settles it."""
    if not comparisons:
        return "undecided", "not run"
    verdicts: list[Verdict] = [comparison.finding.verdict for comparison in comparisons]
    order: tuple[Verdict, ...] = ("does not hold", "undecided", "holds")
    verdict = next(candidate for candidate in order if candidate in verdicts)
    settling = comparisons[verdicts.index(verdict)]
    why = settling.finding.why
    if len(comparisons) > 1:
        count = verdicts.count(verdict)
        why = f"{settling.subject}: {why} ({count} of {len(comparisons)} tests)"
        if verdict == "holds":
            why = f"each of the {count} tests holds"
    missing = n_tests - len(comparisons)
    return verdict, why + (f"; {missing} of {n_tests} not run here" if missing else "")


def _measured(comparisons: list[Comparison]) -> str:
    if not comparisons:
        return "-"
    if len(comparisons) <= 2:
        return "; ".join(f"{c.subject}: {c.finding.measured}" for c in comparisons)
    n_holding = sum(comparison.finding.verdict == "holds" for comparison in comparisons)
    return f"holds in {n_holding} of {len(comparisons)} comparisons"


def _subject(test: Within | Below | Compare, known: dict[str, Result]) -> str:
    name = test.experiment
    if name == BEST:
        name = f"{known[BEST].short_name} (the best)"
    if isinstance(test, Compare):
        name = f"{name} \N{MINUS SIGN} {test.baseline}"
    what = {"accuracy": "", "gap": ", train \N{MINUS SIGN} test"}.get(
        test.measure, f", {test.measure.replace('_', ' ')}"
    )
    return name + what


def _rule(test: Within | Below | Compare) -> str:
    """Return the test's thresholds in words."""
    unit = _unit(test)
    if isinstance(test, Within):
        digits = number(test.claimed, unit)
        return f"{digits} ± {number(test.tolerance, unit)} {unit.symbol}"
    if isinstance(test, Below):
        return f"below {test.bar:g} {unit.symbol}"
    return f"{test.rule.replace('_', ' ')} by more than {threshold(test.margin, unit)}"


def _unit(test: Within | Below | Compare) -> Unit:
    return NATS if test.measure.endswith("loss") else PERCENT
