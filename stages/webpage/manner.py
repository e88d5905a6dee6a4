"""Tables and figures of a report as HTML, within text that is Markdown."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import pandas as pd

from stages.reporting.manner import Manner
from stages.runtime.errors import PipelineError
from stages.webpage.chart import Chart, figure_html
from stages.webpage.tables import html_table


class PageManner(Manner):
    """HTML, with all that may be passed on within the page.

    Parameters
    ----------
    folder : Path
        Of the report; has ``figures/`` and ``pictures/``.
    charts : mapping of str to sequence of Chart
        What stands where the report has a figure of this name, or nothing.
    parts : mapping of str to str
        HTML by the names of places that only a page has.
    drawn : mapping of str to list of str
        A column of drawings for a table.
    """

    def __init__(
        self,
        folder: Path,
        charts: Mapping[str, Sequence[Chart]],
        parts: Mapping[str, str],
        drawn: Mapping[str, list[str]],
    ) -> None:
        super().__init__({})
        self.folder = folder
        self.charts = charts
        self.parts = parts
        self.drawn = drawn

    def table(self, frame: pd.DataFrame, name: str = "") -> str:
        """Return a table."""
        return html_table(frame, name, self.drawn.get(name))

    def figure(self, name: str, text: str) -> str:
        """Return the charts of this name or, where there are none, the drawing in ``figures/``."""
        file = self.folder / "figures" / f"{name}.png"
        image = _image(embedded(file), text) if file.exists() else ""
        if name in self.charts:
            return "\n\n".join(figure_html(one, image) for one in self.charts[name])
        return image

    def picture(self, name: str, text: str) -> str:
        """Return a figure of ``pictures/``."""
        return _image(self.source(name), text)

    def source(self, name: str) -> str:
        """Return an address that holds a file of ``pictures/``."""
        return embedded(self.folder / "pictures" / f"{name}.png")

    def only_here(self, name: str) -> str:
        """Return what only a page has."""
        if name in self.charts:
            return self.figure(name, "")
        return self.parts.get(name, "")


def embedded(path: Path) -> str:
    """Return a PNG file as an address that holds it.

    Raises
    ------
    PipelineError
        If it is missing.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise PipelineError(f"{path} is missing: run 'dvc repro' to draw it") from None
    return f"data:image/png;base64,{b64encode(content).decode()}"


def _image(source: str, text: str) -> str:
    return (
        f'<figure class="wide" role="region" tabindex="0" aria-label="{escape(text)}">'
        f'<img src="{source}" alt="{escape(text)}" loading="lazy"></figure>'
    )
