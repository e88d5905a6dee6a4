"""How far the networks get on the test batch, and what they cost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from stages.evaluation.results import Result
from stages.runtime.errors import PipelineError
from stages.statistics.units import TO_PERCENT, plus_minus
from stages.tables.base import DIGITS, Outcome, Table
from stages.tables.measures import accuracy_intervals, interval, spread


class Leaderboard(Table):
    """One row per experiment on all batches, best first; accuracies in percent.

    Only experiments that train on all other batches can be compared with what is published.
    """

    def numbers(self, outcome: Outcome) -> dict[str, pd.DataFrame]:
        """Return the ranks; `without_duplicates` and `minutes` are NaN where they are not known."""
        rows = [
            {
                "experiment": result.short_name,
                **spread(result, "accuracy"),
                **accuracy_intervals(result),
                "ensemble": TO_PERCENT * result.scores["ensemble"]["accuracy"],
                "without_duplicates": _without(result, outcome.near_duplicates),
                "views": result.scores["n_views"],
                "features": result.scores["n_features"],
                "parameters": result.scores["n_parameters"],
                "minutes": outcome.minutes.get(result.name, np.nan),
            }
            for result in outcome.results
            if result.predictions.is_complete
        ]
        table = pd.DataFrame(rows).round(DIGITS)
        if rows:
            table = table.sort_values("accuracy_mean", ascending=False, kind="stable")
        return {"leaderboard": table}

    def cells(self, numbers: pd.DataFrame) -> pd.DataFrame:
        """Return the columns that are not empty."""
        cells = pd.DataFrame(
            {
                "experiment": row["experiment"],
                "accuracy %": plus_minus(row["accuracy_mean"], row["accuracy_sd"], 2),
                "95 %, seeds": interval(row["accuracy_low"], row["accuracy_high"]),
                "95 %, pictures": interval(row["pictures_low"], row["pictures_high"]),
                "without near-duplicates %": ""
                if pd.isna(row["without_duplicates"])
                else f"{row['without_duplicates']:.2f}",
                "ensemble %": f"{row['ensemble']:.2f}",
                "views averaged": str(row["views"]),
                "features": f"{row['features']:,}",
                "parameters": f"{row['parameters']:,}",
                "minutes": "" if pd.isna(row["minutes"]) else f"{row['minutes']:.1f}",
            }
            for row in numbers.to_dict("records")
        )
        return cells.drop(columns=[name for name in cells if (cells[name] == "").all()])


def load_near_duplicates(folder: Path, dataset: str, n_pictures: int) -> list[int]:
    """Return the test pictures that have near-duplicates in training, from 0; none if not listed.

    Raises
    ------
    PipelineError
        If the list is damaged, or names pictures that the test batch does not have.
    """
    path = folder / f"{dataset}.csv"
    if not path.exists():
        return []
    try:
        listed: list[int] = pd.read_csv(path)["test_picture"].astype(int).tolist()
    except (KeyError, ValueError, UnicodeDecodeError) as error:
        raise PipelineError(f"{path} has no column test_picture of numbers ({error})") from None
    if listed and not 0 <= min(listed) <= max(listed) < n_pictures:
        raise PipelineError(
            f"{path}: test_picture goes from {min(listed)} to {max(listed)}, but the test has "
            f"{n_pictures} pictures, counted from 0: correct the list"
        )
    return listed


def _without(result: Result, pictures: list[int]) -> float:
    """Return the mean accuracy in percent on all but these test pictures; NaN if there are none."""
    if not pictures:
        return np.nan
    return TO_PERCENT * float(np.delete(result.correct, pictures, axis=1).mean())
