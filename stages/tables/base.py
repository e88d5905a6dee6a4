"""What every table of the report is: numbers, and the same as text."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from stages.claims.judge import Judgement
from stages.claims.schema import Study
from stages.evaluation.results import Result

DIGITS = 6


@dataclass(frozen=True)
class Outcome:
    """What came of a dataset's experiments, and what is known beside it.

    Attributes
    ----------
    results : list of Result
    judgements : list of Judgement
        Of the claims, in the order of `study`.
    study : Study
    minutes : mapping of str to float
        What an experiment's features and training took, of those that were timed.
    near_duplicates : list of int
        Test pictures, from 0, that have near-duplicates in training.
    published : DataFrame
        What others have published of the dataset, one row each.
    """

    results: list[Result]
    judgements: list[Judgement]
    study: Study
    minutes: Mapping[str, float]
    near_duplicates: list[int]
    published: pd.DataFrame


class Table(ABC):
    """A table of the report, or several of one kind, in ``tables/`` as CSV and as LaTeX.

    To add one, put a module with a subclass into this folder.

    Attributes
    ----------
    title : str
        The heading of its own section. The template, ``reporting/report.md.j2``, says where the
        tables stand that have none.
    text : str
        What its section says above it.
    """

    title: ClassVar[str] = ""
    text: ClassVar[str] = ""

    @abstractmethod
    def numbers(self, outcome: Outcome) -> dict[str, pd.DataFrame]:
        """Return the tables, by the name of their file; those without rows are left out."""

    def cells(self, numbers: pd.DataFrame) -> pd.DataFrame:
        """Return the text of one of them."""
        return numbers
