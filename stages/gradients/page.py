"""The page that derives the gradient and shows how it was checked."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined

TEMPLATE = "gradcheck.md.j2"


def render(results: dict[str, Any]) -> str:
    """Fill the template; a value that it names and does not get is an error."""
    # Markdown, not HTML: there is nothing to escape.
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, autoescape=False)  # noqa: S701
    environment.filters["sci"] = lambda value: f"{value:.1e}"
    text = files(__package__).joinpath(TEMPLATE).read_text(encoding="utf-8")
    return environment.from_string(text).render(results).strip() + "\n"
