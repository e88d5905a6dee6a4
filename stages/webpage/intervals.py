"""A measured interval against what is claimed, as a drawing that fits into a cell."""

from __future__ import annotations

from stages.claims.judge import Judgement
from stages.claims.rules import Drawn

WIDTH, HEIGHT, MARGIN = 160, 18, 8  # pixels


def intervals_html(judgement: Judgement) -> str:
    """Return the drawings of all tests of a claim, one below the other."""
    drawn = [one.finding.drawn for one in judgement.comparisons if one.finding.drawn]
    return f'<div class="several">{"".join(map(_interval_svg, drawn))}</div>'


def _interval_svg(drawn: Drawn) -> str:
    """Return a line for the interval, a point for the mean, and a bar where the claim is.

    Each drawing has its own scale; what it shows stands beside it in words.
    """
    ends = (drawn.low, drawn.high, drawn.claimed, drawn.mean)
    low, high = min(ends), max(ends)
    span = (high - low) or 1.0

    def place(value: float) -> float:
        return round(MARGIN + (value - low) / span * (WIDTH - 2 * MARGIN), 1)

    middle = HEIGHT / 2
    return (
        f'<svg class="interval" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'aria-hidden="true"><line class="measured" x1="{place(drawn.low)}" '
        f'x2="{place(drawn.high)}" y1="{middle}" y2="{middle}"/>'
        f'<circle class="measured" cx="{place(drawn.mean)}" cy="{middle}" r="3.5"/>'
        f'<line class="claimed" x1="{place(drawn.claimed)}" x2="{place(drawn.claimed)}" '
        f'y1="1" y2="{HEIGHT - 1}"/></svg>'
    )
