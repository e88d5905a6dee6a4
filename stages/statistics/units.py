"""Numbers as the report writes them."""

from __future__ import annotations

import math
from typing import NamedTuple


class Unit(NamedTuple):
    """The unit of a measure, that of a difference of two, and how many digits make sense."""

    symbol: str
    difference: str
    digits: int


TO_PERCENT = 100  # from a share
PERCENT = Unit("%", "points", 2)
NATS = Unit("nats", "nats", 3)
LOGITS = Unit("nats", "nats", 1)


def number(value: float, unit: Unit, *, sign: bool = False) -> str:
    """Return a number with the unit's digits; with its sign, if it is a difference."""
    text = f"{value:{'+' if sign else ''}.{unit.digits}f}"
    return text.replace("-", "\N{MINUS SIGN}")


def threshold(value: float, unit: Unit, *, sign: bool = False) -> str:
    """Return a margin as ``1 point`` or ``0.5 points``."""
    name = unit.difference.removesuffix("s") if abs(value) == 1 else unit.difference
    return f"{value:{'+' if sign else ''}g} {name}".replace("-", "\N{MINUS SIGN}")


def bracket(low: float, high: float, unit: Unit, *, sign: bool = False) -> str:
    """Return an interval as ``[low, high]``."""
    return f"[{number(low, unit, sign=sign)}, {number(high, unit, sign=sign)}]"


def plus_minus(mean: float, sd: float, digits: int) -> str:
    """Return ``mean ± sd``, or the mean alone where the latter is NaN, for there is one seed."""
    text = f"{mean:.{digits}f}"
    return text if math.isnan(sd) else f"{text} ± {sd:.{digits}f}"


def p_value(p: float) -> str:
    """Return a p-value with three digits behind the point."""
    return "<0.001" if p < 0.001 else f"{p:.3f}"
