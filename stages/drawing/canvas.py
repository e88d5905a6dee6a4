"""Matplotlib as it comes, with the colours of this project.

All that draw take what they need of matplotlib from here, which must be imported first.
"""

from __future__ import annotations

import os
from pathlib import Path

# Before the import, which refuses a backend that is not installed: every notebook sets one.
os.environ["MPLBACKEND"] = "agg"

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator
from matplotlib.transforms import Bbox

__all__ = ["Axes", "Bbox", "Figure", "Line2D", "LogLocator"]

# A matplotlibrc of the user's would move, colour and write everything in another way.
mpl.rcdefaults()

DPI = 110
WIDEST = 2000 / DPI  # inches, of any figure
# M. Okabe and K. Ito, "Color universal design", 2008: apart for colour-blind readers. Without
# their yellow, which is faint on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
LONGEST = 24  # characters of a name in a figure


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of so many inches, which keeps its parts from overlapping."""
    return Figure(figsize=(min(width, WIDEST), height), layout="constrained")


def save(figure: Figure, path: Path) -> None:
    """Write a PNG, whatever the path's name."""
    # Without the version of matplotlib, which would change the bytes at every upgrade.
    figure.savefig(path, format="png", dpi=DPI, metadata={"Software": None})


def label(name: str, longest: int = LONGEST) -> str:
    """Return a name as figures can show it.

    A dollar sign stays one, instead of starting mathematics. A long name loses its middle. A
    character that the font does not have is written as its number, since the fonts that have it
    are others on every machine.
    """
    if len(name) > longest:
        half = (longest - 1) // 2
        name = f"{name[:half]}\N{HORIZONTAL ELLIPSIS}{name[-half:]}"
    known = get_font(findfont(FontProperties())).get_charmap()
    shown = (c if ord(c) in known and c.isprintable() else f"U+{ord(c):04X}" for c in name)
    return "".join(shown).replace("$", r"\$")
