"""The report's text, from a template."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import pandas as pd
from jinja2 import Environment, StrictUndefined

TEMPLATE = "report.md.j2"


def render(**values: Any) -> str:
    """Fill the template; a value that it names and does not get is an error."""
    # Markdown, not HTML: there is nothing to escape.
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, autoescape=False)  # noqa: S701
    environment.filters["table"] = markdown_table
    text = files(__package__).joinpath(TEMPLATE).read_text(encoding="utf-8")
    return environment.from_string(text).render(values).strip() + "\n"


def markdown_table(table: pd.DataFrame) -> str:
    """Return a data frame of text as a Markdown table, without padding."""
    rows = [list(table.columns), ["---"] * table.shape[1], *table.to_numpy().tolist()]
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows)
