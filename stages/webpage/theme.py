"""How charts look: colours that CSS decides, so that they suit a light and a dark page."""

from __future__ import annotations

from typing import Any

from stages.drawing.canvas import COLOURS

# In a drawing these stand for the page's own colours; the first two are no colours of data.
INK, FAINT = "#010203", "#040506"
PAGE_COLOURS = {INK: "var(--ink)", FAINT: "var(--faint)"}
PAPER_COLOURS = {INK: "#333333", FAINT: "#dddddd"}  # of a drawing in a file of its own, on white
DATA_COLOURS = [colour for colour in COLOURS if colour != "#000000"]
DASHES = [[1, 0], [6, 3], [8, 3, 2, 3], [2, 2]]
FONT = "DejaVu Sans"  # which the drawing library carries: widths are the same everywhere


def config() -> dict[str, Any]:
    """Return what Vega-Lite calls a configuration."""
    return {
        "background": None,
        "font": FONT,
        "view": {"stroke": None},
        "axis": {
            "labelColor": INK,
            "titleColor": INK,
            "gridColor": FAINT,
            "domainColor": INK,
            "tickColor": INK,
            "labelLimit": 220,
            "titleFontWeight": "normal",
        },
        "legend": {"labelColor": INK, "titleColor": INK, "labelLimit": 240, "symbolLimit": 60},
        "title": {"color": INK, "anchor": "start", "fontSize": 13},
        "header": {"labelColor": INK, "titleColor": INK},
        "text": {"color": INK},
        "rule": {"color": INK},
        "range": {"category": DATA_COLOURS},
    }
