"""The tests of the claims that have several, one row each."""

from __future__ import annotations

import pandas as pd

from stages.statistics.units import p_value
from stages.tables.base import Outcome, Table


class Comparisons(Table):
    """What each test of a claim found."""

    def numbers(self, outcome: Outcome) -> dict[str, pd.DataFrame]:
        """Return one row per test of a claim that has tests of its own."""
        rows = [
            {
                "claim": judgement.claim.id,
                "of": comparison.subject,
                "holds if": comparison.rule,
                "measured": comparison.finding.measured,
                "verdict": comparison.finding.verdict,
                "p (Holm)": "" if comparison.p_holm is None else p_value(comparison.p_holm),
            }
            for judgement in outcome.judgements
            if not judgement.claim.each_of
            for comparison in judgement.comparisons
        ]
        return {"comparisons": pd.DataFrame(rows)}
