"""The values that were tried on held-out training samples, and what came of them."""

from __future__ import annotations

import pandas as pd

from stages.statistics.units import TO_PERCENT
from stages.tables.base import DIGITS, Outcome, Table
from stages.tables.experiments import settings_text


class Searches(Table):
    """One row per experiment and combination; accuracy on the held-out samples, in percent."""

    def numbers(self, outcome: Outcome) -> dict[str, pd.DataFrame]:
        """Return the combinations in the order of params.yaml; NaN where a training diverged."""
        rows = [
            {
                "experiment": result.short_name,
                "values": settings_text(trial["values"]),
                "accuracy": None if trial["accuracy"] is None else TO_PERCENT * trial["accuracy"],
                "chosen": trial["values"] == result.scores["chosen"],
            }
            for result in outcome.results
            for trial in result.scores["trials"]
        ]
        return {"searches": pd.DataFrame(rows).round(DIGITS)}
