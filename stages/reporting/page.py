"""The report's text, from a template."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined

from stages.reporting.manner import Manner

TEMPLATE = "report.md.j2"


def render(page: Manner, **values: Any) -> str:
    """Return the report in Markdown; a value that the template names must be among `values`."""
    return fill(TEMPLATE, values | {"page": page})


def fill(template: str, values: dict[str, Any], **filters: Callable[..., str]) -> str:
    """Fill a template of this package with values; it may apply the filters to them."""
    # Markdown, not HTML: what needs escaping, the filters escape.
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, autoescape=False)  # noqa: S701
    environment.filters.update(filters)
    text = files(__package__).joinpath(template).read_text(encoding="utf-8")
    filled = environment.from_string(text).render(values).strip() + "\n"
    return re.sub(r"\n{3,}", "\n\n", filled)  # where something had nothing to say
