"""Tables as Markdown, in which every name stands as it is written."""

from __future__ import annotations

import re

import pandas as pd

# What GitHub's Markdown would take for markup in a cell: not underscores within a word, a less-than
# sign before a number, and brackets that are no link.
MARKUP = re.compile(
    r"""[\\`*~$|]             # code, emphasis, strike-through, mathematics, the next cell
    | (?<!\w)_ | _(?!\w)      # emphasis
    | <(?=[A-Za-z/!?])        # a tag
    | &(?=\#?\w+;)            # a character by its name
    | \](?=[(\[:])            # a link
    """,
    re.VERBOSE,
)


def markdown_table(table: pd.DataFrame) -> str:
    """Return a data frame of text as a Markdown table, without padding."""
    rows = [[*table.columns], *table.to_numpy().tolist()]
    head, *body = ([escape(str(cell)) for cell in row] for row in rows)
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *body])


def escape(text: str) -> str:
    """Return `text` on one line, with all that Markdown would take for markup written out."""
    return MARKUP.sub(r"\\\g<0>", " ".join(text.split()))


def code(text: str) -> str:
    """Return `text` on one line as code, whatever backticks it has itself."""
    line = " ".join(text.split())
    fence = "`" * (1 + max(map(len, re.findall("`+", line)), default=0))
    room = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{room}{line}{room}{fence}"
