"""What the luck of one more draw of the features adds to the spread over the seeds."""

from __future__ import annotations

import numpy as np
import pandas as pd

from stages.statistics.components import variance_components
from stages.tables.base import Outcome, Table


class Spreads(Table):
    """One row per spread of the study that was run, in points."""

    def numbers(self, outcome: Outcome) -> dict[str, pd.DataFrame]:
        """Return the components of variance, between draws and between seeds."""
        known = {result.short_name: result for result in outcome.results}
        rows = []
        for one in outcome.study.spreads:
            run = [known[name] for name in one.experiments if name in known]
            if len(run) < len(one.experiments) or min(result.n_seeds for result in run) < 2:
                continue
            groups = [result.per_seed("accuracy") for result in run]
            found = variance_components(groups)
            rows.append(
                {
                    "drawn": one.drawn,
                    "draws": len(run),
                    "seeds": run[0].n_seeds,
                    "means": [float(np.mean(group)) for group in groups],
                    "sd_between": found.between,
                    "sd_within": found.within,
                }
            )
        return {"spreads": pd.DataFrame(rows)}

    def cells(self, numbers: pd.DataFrame) -> pd.DataFrame:
        """Return all means in one cell."""
        return pd.DataFrame(
            {
                "drawn anew": row["drawn"],
                "draws": row["draws"],
                "seeds of each": row["seeds"],
                "mean accuracies %": ", ".join(f"{mean:.2f}" for mean in row["means"]),
                "sd between draws": f"{row['sd_between']:.2f}",
                "sd between seeds": f"{row['sd_within']:.2f}",
            }
            for row in numbers.to_dict("records")
        )
