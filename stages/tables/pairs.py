"""The pairs of classes that the best experiment takes for one another most often."""

from __future__ import annotations

import numpy as np
import pandas as pd

from stages.evaluation.pairs import most_confused
from stages.evaluation.results import best_result
from stages.statistics.units import TO_PERCENT
from stages.tables.base import DIGITS, Outcome, Table

MOST = 8


class Pairs(Table):
    """One row per pair; the share in percent of the true class's answers."""

    def numbers(self, outcome: Outcome) -> dict[str, pd.DataFrame]:
        """Return the pairs, the most frequent first."""
        best = best_result(outcome.results)
        names = best.class_names
        pairs = most_confused(np.array(best.scores["confusion_matrix"]), MOST)
        rows = [
            {
                "class": names[pair.actual],
                "taken for": names[pair.predicted],
                "share": TO_PERCENT * pair.share,
            }
            for pair in pairs
        ]
        return {"pairs": pd.DataFrame(rows).round(DIGITS)}

    def cells(self, numbers: pd.DataFrame) -> pd.DataFrame:
        """Return the share with one digit."""
        shares = [f"{share:.1f}" for share in numbers["share"]]
        return numbers.drop(columns="share").assign(**{"% of its answers": shares})
