"""The claims, one row each: what was said, the verdict, the numbers, the threshold, and why."""

from __future__ import annotations

import pandas as pd

from stages.tables.base import Outcome, Table


class Claims(Table):
    """The verdicts."""

    def numbers(self, outcome: Outcome) -> dict[str, pd.DataFrame]:
        """Return one row per claim."""
        rows = []
        for judgement in outcome.judgements:
            claim = judgement.claim
            said = f"\N{LEFT DOUBLE QUOTATION MARK}{claim.quotation}\N{RIGHT DOUBLE QUOTATION MARK}"
            rows.append(
                {
                    "claim": f"{said} ({claim.meaning})" if claim.meaning else said,
                    "verdict": judgement.verdict,
                    "measured": judgement.measured,
                    "holds if": judgement.rule,
                    "why": judgement.why,
                    "remarks": "; ".join(judgement.remarks),
                    "a teacher would say": claim.teacher,
                }
            )
        return {"claims": pd.DataFrame(rows)}
