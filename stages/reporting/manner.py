"""How a report writes tables and figures: as Markdown, or as a subclass does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from stages.tables.markdown import markdown_table


class Manner:
    """Markdown, with pictures in files beside it.

    Parameters
    ----------
    charts : mapping of str to sequence of str
        The names of the drawings in ``figures/`` that make up a figure which is not one PNG file.
    """

    def __init__(self, charts: Mapping[str, Sequence[str]]) -> None:
        self.files = charts

    def table(self, frame: pd.DataFrame, name: str = "") -> str:
        """Return a table of text; `name` is that of its file in ``tables/``, if there is one."""
        return markdown_table(frame)

    def figure(self, name: str, text: str) -> str:
        """Return a figure that the report drew, with a text for those who do not see it."""
        files = [f"{chart}.svg" for chart in self.files.get(name, ())] or [f"{name}.png"]
        return "\n\n".join(f"![{text}](figures/{file})" for file in files)

    def picture(self, name: str, text: str) -> str:
        """Return a figure that shows pictures of the dataset."""
        return f"![{text}](pictures/{name}.png)"

    def only_here(self, name: str) -> str:
        """Return what a page has that a browser opens; of that, Markdown has the charts."""
        return self.figure(name, name) if name in self.files else ""
