"""A chart in all its forms: a drawing, what a browser makes move, a text, and its numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import escape
from typing import NamedTuple

import pandas as pd
import vl_convert

from stages.webpage.theme import PAGE_COLOURS, config
from stages.webpage.vega import VERSION, Spec

SCHEMA = f"https://vega.github.io/schema/vega-lite/v{VERSION}.json"  # a name, never asked for


FRACTION = re.compile(r"(?<![\w.#])-?\d+\.\d{2,}(?![\w.])")  # of a pixel: a tenth will do


class Chart(NamedTuple):
    """A figure of the page.

    Attributes
    ----------
    name : str
        Of its files in ``figures/``: a drawing, and its numbers.
    text : str
        What it shows: its caption, also for those who do not see it.
    numbers : DataFrame
    description : dict
        In Vega-Lite, with the page's configuration.
    svg : str
        The drawing, in the colours that stand for the page's own.
    """

    name: str
    text: str
    numbers: pd.DataFrame
    description: Spec
    svg: str

    def drawing(self, colours: Mapping[str, str], attributes: str) -> str:
        """Return the drawing with these in place of the page's colours."""
        svg = self.svg
        for colour, ours in colours.items():
            svg = svg.replace(colour, ours)
        return svg.replace("<svg ", f"<svg {attributes} ", 1)


def draw(name: str, spec: Spec, text: str, numbers: pd.DataFrame) -> Chart:
    """Return a chart in all its forms.

    Parameters
    ----------
    name : str
        Of its files.
    spec : dict
        What it is, in Vega-Lite.
    text : str
    numbers : DataFrame
    """
    described = {"$schema": SCHEMA, "config": config(), **spec}
    svg = vl_convert.vegalite_to_svg(described, vl_version=VERSION)
    svg = FRACTION.sub(lambda found: f"{float(found[0]):.1f}".removesuffix(".0"), svg)
    # A drawing is one thing to a screen reader; its numbers are in a file and in tables.
    svg = re.sub(r' (aria-[a-z]+|role|tabindex)="[^"]*"', "", svg)
    # Numbered through all drawings of a process, and not unique on a page that has several.
    for number, own in enumerate(re.findall(r' id="([^"]+)"', svg)):
        svg = re.sub(rf'(?<=[#"]){re.escape(own)}(?=[")])', f"{name}-{number}", svg)
    return Chart(name, text, numbers, described, svg)


def figure_html(one: Chart, picture: str = "") -> str:
    """Return the drawing, and the description by which a script makes it answer the mouse.

    `picture` is HTML that stands there until then, instead of the drawing.
    """
    attributes = f'role="img" aria-label="{escape(one.text)}"'
    picture = picture or one.drawing(PAGE_COLOURS, attributes)
    as_json = json.dumps(one.description, separators=(",", ":")).replace("<", "\\u003c")
    return (
        f'<figure class="chart" id="figure-{one.name}"><div class="drawing wide" role="region" '
        f'tabindex="0" aria-label="{escape(one.name)}">{picture}</div>'
        f'<script type="application/json">{as_json}</script>'
        f'<figcaption>{escape(one.text)} <a href="figures/{one.name}.csv">CSV</a></figcaption>'
        "</figure>"
    )
