"""What every page has around its text: style, sections, and the script that makes tables sort."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import unescape
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

HEADING = re.compile(r'<h2 id="([^"]+)">(.*?)</h2>')
TAG = re.compile(r"<[^>]+>")


def skeleton(title: str, body: str, script: str, links: Sequence[tuple[str, str]]) -> str:
    """Return a whole page.

    Parameters
    ----------
    title : str
    body : str
        HTML.
    script : str
        The library that charts need; empty where there are none.
    links : sequence of (str, str)
        Addresses of other pages and their names.
    """
    own = files(__package__)
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, autoescape=False)  # noqa: S701
    template = environment.from_string(own.joinpath("page.html.j2").read_text(encoding="utf-8"))
    found = HEADING.findall(body)
    headings = [(anchor, unescape(TAG.sub("", text))) for anchor, text in found]
    return (
        template.render(
            title=title,
            style=own.joinpath("page.css").read_text(encoding="utf-8").strip(),
            script=own.joinpath("page.js").read_text(encoding="utf-8").strip(),
            library=script,
            headings=headings,
            links=links,
            body=body,
        )
        + "\n"
    )
