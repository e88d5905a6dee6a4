"""Tables as LaTeX: a plain tabular that needs no package."""

from __future__ import annotations

import pandas as pd

WIDE = 40  # characters from which on a column wraps its lines
SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"$<$",
    ">": r"$>$",
    "±": r"$\pm$",
    "\N{MINUS SIGN}": "$-$",
    "\N{RIGHTWARDS ARROW}": r"$\to$",
    "\N{LEFT DOUBLE QUOTATION MARK}": "``",
    "\N{RIGHT DOUBLE QUOTATION MARK}": "''",
    **{character: rf"\{character}" for character in "&%$#_{}"},
}


def latex_table(table: pd.DataFrame) -> str:
    """Return a data frame of text as a tabular environment."""
    columns = [[str(title), *map(str, table[title])] for title in table.columns]
    widest = [max(map(len, column)) for column in columns]
    layout = "".join("p{0.2\\linewidth}" if width > WIDE else "l" for width in widest)
    head, *rows = [" & ".join(map(escape, row)) + r" \\" for row in zip(*columns, strict=True)]
    lines = [f"\\begin{{tabular}}{{{layout}}}", r"\hline", head, r"\hline", *rows, r"\hline"]
    return "\n".join([*lines, r"\end{tabular}"]) + "\n"


def escape(text: str) -> str:
    """Return `text` with all that LaTeX would take for a command written out."""
    # A bracket first in a row would be taken for the optional argument of the \\ before it.
    escaped = "".join(SPECIAL.get(character, character) for character in " ".join(text.split()))
    return f"{{{escaped}}}" if text.startswith("[") else escaped
