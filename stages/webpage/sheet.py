"""Test pictures of each class, each with what the best network thinks of it."""

from __future__ import annotations

from html import escape
from typing import Any

from stages.evaluation.results import Result

SIDE = 40  # pixels of a picture on the page


def sheet_html(result: Result, sheet: dict[str, Any], source: str) -> str:
    """Return the pictures as buttons that tell the answer, cut out of one file.

    Parameters
    ----------
    result : Result
    sheet : dict
        ``rows``, for each class the test pictures that the file shows in a line, and ``columns``,
        how many have room there.
    source : str
        The address of the file.
    """
    rows, names = sheet["rows"], result.class_names
    size = f"{sheet['columns'] * SIDE}px {len(rows) * SIDE}px"
    lines = []
    for line, places in enumerate(rows):
        buttons = "".join(
            _button(result, place, column, line) for column, place in enumerate(places)
        )
        lines.append(f'<div>{escape(names[line])}</div><div class="row">{buttons}</div>')
    style = f".sheet button {{ background-image: url({source}); background-size: {size}; }}"
    told = (
        '<p id="thinks" role="status">Point at a picture for the answer.</p>' if any(rows) else ""
    )
    return f'<style>{style}</style>\n\n<div class="sheet">{"".join(lines)}</div>\n\n{told}'


def _button(result: Result, place: int, column: int, line: int) -> str:
    answers, names = result.predictions, result.class_names
    likely = zip(answers.likely[place], answers.likelihoods[place], strict=True)
    said = ", ".join(f"{names[k]} {float(share):.0%}" for k, share in likely)
    true = names[int(answers.labels[place])]
    is_wrong = answers.likely[place, 0] != answers.labels[place]
    label = escape(f"Test picture {place}, {true}: {said}{' (wrong)' if is_wrong else ''}")
    kind = ' class="wrong"' if is_wrong else ""
    return (
        f'<button type="button"{kind} aria-label="{label}" '
        f'title="{label}" style="background-position:-{column * SIDE}px -{line * SIDE}px"></button>'
    )
