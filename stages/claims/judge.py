"""Claims put to the results of one dataset."""

from __future__ import annotations

from typing import NamedTuple

from stages.claims.kinds import Remark
from stages.claims.numbers import FIRST_READINGS, readings_of
from stages.claims.rules import (
    Finding,
    Verdict,
    difference_text,
    mean_text,
)
from stages.claims.schema import Claim
from stages.evaluation.results import Result
from stages.readings.fitting import Fit
from stages.statistics.comparisons import difference, holm


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
    verdict: str
    why: str
    comparisons: list[Comparison]
    remarks: list[str]


def judge(claim: Claim, results: list[Result], dataset: str, fits: list[Fit]) -> Judgement:
    """Decide a claim by those of its tests whose experiments have results.

    It holds if all of them do, does not if one does not, and is undecided otherwise: also if
    none was run, or if it is a number about another dataset. A number that the plain experiment
    does not give may come out under one of the readings in `fits`.
    """
    known = {result.short_name: result for result in results}
    found = [(test, test.find(known)) for test in claim.tests]
    run = [(test, finding) for test, finding in found if finding is not None]
    p = [finding.p for _, finding in run if finding.p is not None]
    corrected = iter(holm(p))
    comparisons = [
        Comparison(
            test.subject,
            test.words(known),
            finding,
            None if finding.p is None else next(corrected),
        )
        for test, finding in run
    ]
    # The rules of tests that were not run are shown, too: they are what the claim asks.
    rule = "; ".join(dict.fromkeys(test.words(known) for test in claim.tests))
    remarks = [text for text in (_remark(remark, known) for remark in claim.remarks) if text]
    measured = _measured(comparisons)
    if claim.only not in {None, dataset}:
        why = f"applies only to {claim.only}"
        return Judgement(claim, rule, measured, "undecided", why, [], [])
    verdict, why = _conclude(comparisons, len(found))
    words: str = verdict
    if verdict == "does not reproduce":
        words, why = _under_readings(claim, fits, why)
    return Judgement(claim, rule, measured, words, why, comparisons, remarks)


def _conclude(comparisons: list[Comparison], n_tests: int) -> tuple[Verdict, str]:
    """Return the verdict on all tests, and a sentence from the one that settles it."""
    if not comparisons:
        return "undecided", "not run"
    verdicts: list[Verdict] = [comparison.finding.verdict for comparison in comparisons]
    order: tuple[Verdict, ...] = (
        "does not hold",
        "does not reproduce",
        "undecided",
        "holds",
        "reproduces",
    )
    verdict = next(candidate for candidate in order if candidate in verdicts)
    settling = comparisons[verdicts.index(verdict)]
    why = settling.finding.why
    if len(comparisons) > 1:
        count = verdicts.count(verdict)
        why = f"{settling.subject}: {why} ({count} of {len(comparisons)} tests)"
        if count == len(comparisons) and verdict in {"holds", "reproduces"}:
            why = f"each of the {count} tests {verdict}"
    missing = n_tests - len(comparisons)
    return verdict, why + (f"; {missing} of {n_tests} not run here" if missing else "")


def _under_readings(claim: Claim, fits: list[Fit], why: str) -> tuple[str, str]:
    """Return the verdict on a number that the plain experiment does not give."""
    tried, fitting = readings_of(claim, fits)
    if not tried:
        return "undecided", f"{why}; no other reading was tried"
    if not fitting:
        return f"does not reproduce under any of {len(tried)} readings", why
    names = " or ".join(fitting[:FIRST_READINGS])
    more = len(fitting) - FIRST_READINGS
    return (
        f"reproduces if {names}",
        why
        + f"; {len(fitting)} of {len(tried)} readings fit"
        + (f", {more} more than named" if more > 0 else ""),
    )


def _measured(comparisons: list[Comparison]) -> str:
    if not comparisons:
        return "-"
    if len(comparisons) <= 3:
        return "; ".join(f"{c.subject}: {c.finding.measured}" for c in comparisons)
    n_holding = sum(comparison.finding.verdict == "holds" for comparison in comparisons)
    return f"holds in {n_holding} of {len(comparisons)} comparisons"


def _remark(remark: Remark, known: dict[str, Result]) -> str | None:
    """Return a number that decides nothing, with what it is; None if it was not run."""
    unit, result = remark.unit, known.get(remark.experiment)
    if result is None:
        return None
    if remark.baseline is None:
        return f"{remark.subject}: {mean_text(remark.values(result), unit, remark.limits)}"
    baseline = known.get(remark.baseline)
    if (
        baseline is None
        or not result.has_pictures_of(baseline)
        or 1 in {result.n_seeds, baseline.n_seeds}
    ):
        return None
    found = difference(
        baseline.runs(remark.measure),
        result.runs(remark.measure),
        paired=result.is_paired_with(baseline),
    )
    return f"{remark.subject}: {difference_text(found, unit)}"
