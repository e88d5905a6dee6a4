"""Markdown with tables and formulas as HTML."""

from __future__ import annotations

import re
from typing import Any

import latex2mathml.converter
from markdown_it import MarkdownIt
from mdit_py_plugins.anchors import anchors_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin

# A wide table scrolls by itself, by keyboard too, and the page does not.
FRAME = '<div class="wide" role="region" tabindex="0" aria-label="table">'
FORMULA = FRAME.replace('"table"', '"formula"').replace('"wide"', '"wide math block"')
UNFRAMED = re.compile(r"</table>(?!</div>)")
DEEPEST = 3  # level of headings that have an anchor


def to_html(text: str) -> str:
    """Return Markdown, in which HTML may stand, as HTML; formulas become MathML.

    Headings have anchors, as GitHub makes them.
    """
    markdown = MarkdownIt("commonmark", {"html": True}).enable("table")
    markdown.use(anchors_plugin, max_level=DEEPEST, slug_func=slug)
    markdown.use(dollarmath_plugin, renderer=_mathml, double_inline=True)
    html: str = markdown.render(text)
    html = html.replace("<table>", f'{FRAME}<table class="data">')
    html = html.replace('<div class="math block">', FORMULA)
    return UNFRAMED.sub("</table></div>", html)


def slug(heading: str) -> str:
    """Return the anchor of a heading."""
    kept = "".join(c for c in heading.lower() if c.isalnum() or c in " -_")
    return kept.strip().replace(" ", "-")


def _mathml(formula: str, options: dict[str, Any]) -> str:
    display = "block" if options["display_mode"] else "inline"
    mathml: str = latex2mathml.converter.convert(formula.strip(), display=display)
    return mathml
