"""Names of points, placed so that they overlap neither each other nor the points."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stages.drawing.canvas import DPI, Axes, Bbox, Figure, label

MARKER = 5  # pixels from the middle of a point that stay free
RINGS = range(10, 150, 8)  # pixels from a point to the nearest side of its name
ANGLES = np.deg2rad([0, 180, 45, -45, 135, -135, 90, -90, 20, -20, 160, -160, 70, -70, 110, -110])


def place_labels(
    figure: Figure, axes: Axes, names: Sequence[str], points: Sequence[tuple[float, float]]
) -> None:
    """Write each point's name at the nearest free place, with a line from the point to it.

    Parameters
    ----------
    figure : Figure
        All else is drawn: its layout must not change any more.
    axes : Axes
    names : sequence of str
        Empty for a point that only needs its own room.
    points : sequence of (float, float)
        In the units of the axes.
    """
    figure.set_dpi(DPI)
    figure.draw_without_rendering()  # places on the canvas are known from here on
    places = axes.transData.transform(np.array(points, dtype=float))
    taken = [Bbox.from_extents(x - MARKER, y - MARKER, x + MARKER, y + MARKER) for x, y in places]
    frame = axes.get_window_extent()
    for name, point, place in zip(names, points, places, strict=True):
        if not name:
            continue
        note = axes.annotate(
            label(name),
            point,
            xytext=(0, 0),
            textcoords="offset pixels",
            ha="center",
            va="center",
            fontsize=8,
            arrowprops={"arrowstyle": "-", "linewidth": 0.5, "color": "grey", "shrinkB": 2},
        )
        own = note.get_window_extent()
        size = np.array([own.width, own.height]) / 2 + 1
        offsets = [
            np.array([np.cos(a), np.sin(a)]) * (ring + np.abs([np.cos(a), np.sin(a)]) @ size)
            for ring in RINGS
            for a in ANGLES
        ]
        boxes = [Bbox([place + offset - size, place + offset + size]) for offset in offsets]
        free = [
            number
            for number, box in enumerate(boxes)
            if not box.count_overlaps(taken)
            and frame.containsx(box.x0)
            and frame.containsx(box.x1)
            and frame.containsy(box.y0)
            and frame.containsy(box.y1)
        ]
        chosen = free[0] if free else 0
        note.set_position(tuple(offsets[chosen]))
        taken.append(boxes[chosen])
