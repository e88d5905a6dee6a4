"""The picture of the errors against the step, as a PNG whose bytes depend on numbers alone."""

from __future__ import annotations

from pathlib import Path

from stages.drawing.canvas import COLOURS, new_figure, save
from stages.gradients.checker import STEP

LABELS = {
    "forward": "forward: h",
    "centred": "centred: h²",
    "extrapolated": "extrapolated: h⁴",
}


def draw_sweep(curves: dict[str, list[float]], path: Path) -> None:
    """Draw the V of each difference: rounding errors on its left, truncation on its right.

    Parameters
    ----------
    curves : dict of lists of float
        What `combinations.sweep` returned.
    path : Path
        Becomes a PNG whatever its name.
    """
    figure = new_figure(7.2, 4.4)
    axes = figure.subplots()
    for (name, label), colour in zip(LABELS.items(), COLOURS, strict=False):
        axes.loglog(curves["step"], curves[f"{name}_max"], label=label, color=colour)
        axes.loglog(curves["step"], curves[f"{name}_median"], "--", color=colour)
    axes.axvline(STEP, color="grey", linewidth=0.8)
    axes.text(STEP, 1.2, "the check's step ", fontsize=8, color="grey", ha="right")
    axes.set_xlabel("step h")
    axes.set_ylabel("relative error of the gradient")
    axes.set_title("solid: largest over all parameters, dashed: median", fontsize=10)
    axes.grid(alpha=0.3)
    axes.legend(title="truncation error of order", fontsize=8, title_fontsize=8)
    save(figure, path)
