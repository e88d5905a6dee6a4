"""The report's text, from a template."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined

from stages.tables.markdown import markdown_table

TEMPLATE = "report.md.j2"


def render(**values: Any) -> str:
    """Return the report; a value that the template names and does not get is an error."""
    return fill(TEMPLATE, values, table=markdown_table)


def fill(template: str, values: dict[str, Any], **filters: Callable[..., str]) -> str:
    """Fill a template of this package with values; it may apply the filters to them."""
    # Markdown, not HTML: what needs escaping, the filters escape.
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, autoescape=False)  # noqa: S701
    environment.filters.update(filters)
    text = files(__package__).joinpath(template).read_text(encoding="utf-8")
    return environment.from_string(text).render(values).strip() + "\n"
