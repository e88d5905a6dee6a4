"""Published numbers of the claims file, put to the readings of what the slides leave open."""

from __future__ import annotations

from collections.abc import Sequence

from stages.claims.kinds import Published
from stages.claims.schema import Claim
from stages.readings.fitting import LAST, Figure, Fit

FIRST_READINGS = 2  # that a verdict names; the forensics page has all


def figures_of(claims: Sequence[Claim]) -> list[Figure]:
    """Return every published number, in the claims' order."""
    return [
        _figure(test) for claim in claims for test in claim.tests if isinstance(test, Published)
    ]


def readings_of(claim: Claim, fits: Sequence[Fit]) -> tuple[list[str], list[str]]:
    """Return the readings that were tried on all numbers of a claim, and those that fit them all.

    Those of the narrowest intervals come first: they say the most.

    A reading that was inferred from a number is neither a success nor a failure on it; it needs
    another number of the claim that it fits.
    """
    ids = {_figure(test).id for test in claim.tests if isinstance(test, Published)}
    found: dict[tuple[str, str], dict[str, Fit]] = {}
    for fit in fits:
        if fit.figure.id in ids:
            found.setdefault((fit.reading, fit.measured_at), {})[fit.figure.id] = fit
    # Losses are the same wherever the accuracy is measured: they are given with the last epoch.
    whole = {key: {**found.get((key[0], LAST), {}), **of} for key, of in found.items()}
    tried = {_name(*key): of for key, of in whole.items() if set(of) == ids}
    fitting = {
        name: max(fit.high - fit.low for fit in of.values())
        for name, of in tried.items()
        if all(fit.fits or fit.inferred for fit in of.values())
        and any(fit.fits for fit in of.values())
    }
    return list(tried), sorted(fitting, key=lambda name: fitting[name])


def _name(reading: str, measured_at: str) -> str:
    # The experiment may differ from the plain reading: in the batches that it is trained on, say.
    name = "the plain reading of forensics" if reading == "plain" else reading
    return name if measured_at == LAST else f"{name}, {measured_at}"


def _figure(test: Published) -> Figure:
    return Figure(
        id=test.subject,
        run=test.experiment,
        measure=test.measure,
        claimed=test.claimed,
        epoch=test.epoch,
        since=test.since,
        rounding=test.rounding,
    )
