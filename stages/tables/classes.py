"""How well each experiment tells each class: precision, recall and F1, in percent."""

from __future__ import annotations

import pandas as pd

from stages.statistics.units import TO_PERCENT
from stages.tables.base import Outcome, Table


class Classes(Table):
    """One row per experiment and class."""

    def numbers(self, outcome: Outcome) -> dict[str, pd.DataFrame]:
        """Return the means over the seeds."""
        rows = [
            {"experiment": result.name, "class": numbers["class"]}
            | {name: TO_PERCENT * numbers[name] for name in ("precision", "recall", "f1")}
            for result in outcome.results
            for numbers in result.scores["per_class"]
        ]
        return {"classes": pd.DataFrame(rows).round(2)}
