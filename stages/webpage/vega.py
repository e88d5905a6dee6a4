"""Words of Vega-Lite: data, fields, and what a mark tells when it is pointed at."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

VERSION = "6.4"  # of Vega-Lite, for drawings and in the browser
Spec = dict[str, Any]


def data(table: pd.DataFrame) -> Spec:
    """Return a table as CSV, a third of what its numbers take as JSON."""
    # A name such as 128 is no number, which a browser would take it for.
    kinds = {
        name: "number" if pd.api.types.is_numeric_dtype(column) else "string"
        for name, column in table.items()
    }
    values = table.to_csv(index=False, lineterminator="\n")
    return {"values": values, "format": {"type": "csv", "parse": kinds}}


def quantity(field: str, title: str | None = None, **more: Any) -> Spec:
    """Return a field of numbers."""
    return {"field": field, "type": "quantitative", "title": title, **more}


def nominal(field: str, title: str | None = None, **more: Any) -> Spec:
    """Return a field of names."""
    return {"field": field, "type": "nominal", "title": title, **more}


def told(fields: Iterable[str]) -> list[Spec]:
    """Return what a mark tells of these fields."""
    return [{"field": field, "type": "nominal"} for field in fields]


def mark(kind: str, encoding: Spec, **more: Any) -> Spec:
    """Return a layer of marks of one kind."""
    return {"mark": {"type": kind, **more}, "encoding": encoding}
