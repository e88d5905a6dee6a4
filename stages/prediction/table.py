"""Answers for pictures as text: a table to read, CSV or JSON to go on with."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from tabulate import tabulate


class Answer(NamedTuple):
    """What is said of one picture.

    Attributes
    ----------
    picture : str
        Its path; bytes that are no UTF-8 are written out.
    class_name, runner_up : str
        The two most probable classes; empty if the picture cannot be read.
    probability, runner_up_probability : float or None
    error : str
        Why it cannot be read.
    """

    picture: str
    class_name: str = ""
    probability: float | None = None
    runner_up: str = ""
    runner_up_probability: float | None = None
    error: str = ""


HEADS = ("picture", "class", "probability", "runner-up", "its probability", "error")


def answer(path: Path, proba: npt.NDArray[np.float64], class_names: Sequence[str]) -> Answer:
    """Return the answer of (n_classes,) probabilities; of equals, the class that comes first."""
    first, second = np.argsort(-proba, kind="stable")[:2]
    return Answer(
        shown(path),
        class_names[first],
        float(proba[first]),
        class_names[second],
        float(proba[second]),
    )


def shown(path: Path) -> str:
    """Return a path as text that can be printed anywhere, on one line."""
    text = str(path).encode("utf-8", "backslashreplace").decode()
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def as_table(answers: Sequence[Answer]) -> str:
    """Return aligned columns; the last is left out if every picture could be read."""
    rows = [[*map(_cell, one)] for one in answers]
    width = len(HEADS) if any(one.error for one in answers) else len(HEADS) - 1
    cells = [row[:width] for row in rows]
    text: str = tabulate(cells, HEADS[:width], "plain", disable_numparse=True)
    return f"{text}\n"


def as_csv(answers: Sequence[Answer]) -> str:
    """Return CSV with a head; probabilities have all digits."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(Answer._fields)
    writer.writerows(answers)
    return file.getvalue()


def as_json(answers: Sequence[Answer]) -> str:
    """Return a list of objects, one a line."""
    lines = [json.dumps(one._asdict(), ensure_ascii=False) for one in answers]
    return "[\n" + ",\n".join(lines) + "\n]\n"


FORMATS = {"table": as_table, "csv": as_csv, "json": as_json}


def _cell(value: str | float | None) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else f"{value:.3f}"
