"""What others have published of the dataset."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from stages.params.loading import Section, parse, read_params
from stages.tables.base import Outcome, Table


class Published(Table):
    """One row per figure: what reached it, the accuracy in percent, and where it stands."""

    def numbers(self, outcome: Outcome) -> dict[str, pd.DataFrame]:
        """Return the rows of ``study/published.yaml``."""
        return {"published": outcome.published}


class Figure(Section):
    """A figure that others have published: test accuracy in percent, and where it stands."""

    what: str
    accuracy: str
    source: str


def load_published(path: Path, dataset: str) -> pd.DataFrame:
    """Return what is published of a dataset, one row each; none if the file does not name it.

    Raises
    ------
    ParamsError
        With the path of the first wrong key, its value, and what is allowed.
    """
    listed = read_params(path).get(dataset, [])
    rows = [parse(Figure, value, f"{dataset}.{i}") for i, value in enumerate(listed)]
    return pd.DataFrame([row.model_dump() for row in rows], columns=list(Figure.model_fields))
