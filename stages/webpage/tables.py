"""Tables as HTML, in which every name stands as it is written."""

from __future__ import annotations

import re
from html import escape

import pandas as pd

from stages.webpage.markdown import FRAME

DRAWN_AT = 2  # the column, counted from 0
LONGEST = 40  # characters that a line is not broken within
NUMBER = re.compile(r"^\[?[<+\N{MINUS SIGN}-]?\d")


def html_table(table: pd.DataFrame, name: str = "", drawn: list[str] | None = None) -> str:
    """Return a data frame of text as a table on lines that Markdown leaves alone.

    Parameters
    ----------
    table : DataFrame
    name : str
        Of the file in ``tables/`` that has its numbers, if there is one.
    drawn : list of str, optional
        Another column, of HTML.
    """
    heads = [str(column) for column in table.columns]
    rows = [[_cell(str(value)) for value in row] for row in table.to_numpy().tolist()]
    if drawn is not None:
        heads.insert(DRAWN_AT, "drawn")
        for row, picture in zip(rows, drawn, strict=True):
            row.insert(DRAWN_AT, f"<td>{picture}</td>")
    body = "".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    source = f' data-csv="{escape(name)}"' if name else ""
    frame = FRAME.replace('"table"', f'"{escape(name or "table")}"')
    return (
        f'{frame}<table class="data"{source}><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _cell(text: str) -> str:
    kind = ' class="number"' if NUMBER.match(text) and len(text) <= LONGEST else ""
    return f"<td{kind}>{escape(' '.join(text.split()))}</td>"
