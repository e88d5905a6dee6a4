"""The picture of both losses under every reading, as a PNG whose bytes depend on numbers alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from stages.drawing.canvas import COLOURS, Line2D, new_figure, save
from stages.drawing.labels import place_labels
from stages.readings.fitting import LAST, Figure, measured
from stages.readings.storage import ReadingRuns

# Colours, and shapes for print.
STYLES = {"even": (COLOURS[0], "o"), "short": (COLOURS[1], "^"), "drop": (COLOURS[2], "s")}
REPORT = ("#000000", "*")
FURTHEST = 1.5  # times either of the report's losses; points beyond would press others together


def loss_figures(figures: Sequence[Figure]) -> tuple[Figure, Figure] | None:
    """Return the first two figures that are loss and net loss of one run at one epoch."""
    for loss in figures:
        for net in figures:
            same = (loss.run, loss.epoch) == (net.run, net.epoch) and loss.epoch is not None
            if same and (loss.measure, net.measure) == ("loss", "net_loss"):
                return loss, net
    return None


def draw_losses(runs: Sequence[ReadingRuns], figures: Sequence[Figure], path: Path) -> bool:
    """Draw loss against net loss, a numbered point for each reading and a star for the report.

    Parameters
    ----------
    runs : sequence of ReadingRuns
    figures : sequence of Figure
    path : Path
        Becomes a PNG whatever its name; not written if the figures have no such pair, or the
        runs no reading of it.

    Returns
    -------
    bool
        Whether it was written.
    """
    pair = loss_figures(figures)
    tried = [reading for reading in runs if pair and reading.run == pair[0].run]
    if pair is None or not tried:
        return False
    loss, net = pair
    points = [
        (float(measured(r, net, LAST).mean()), float(measured(r, loss, LAST).mean())) for r in tried
    ]
    canvas = new_figure(9, 5.4)
    axes = canvas.subplots()
    entries, beyond, drawn = [], [], []
    for number, (reading, point) in enumerate(zip(tried, points, strict=True), start=1):
        colour, marker = STYLES[str(reading.values["last_batch"])]
        label = f"{number}  {reading.reading}"
        x, y = point
        if not (x <= FURTHEST * net.claimed and y <= FURTHEST * loss.claimed):  # NaN is beyond, too
            beyond.append(label)
            continue
        axes.plot(*point, marker, color=colour, markersize=6)
        entries.append(Line2D([], [], color=colour, marker=marker, linestyle="", label=label))
        drawn.append((str(number), point))
    colour, marker = REPORT
    star = axes.plot(net.claimed, loss.claimed, marker, color=colour, markersize=14, label="report")
    axes.set_xlabel(f"net loss at epoch {net.epoch} (nats)")
    axes.set_ylabel(f"loss at epoch {loss.epoch}, with the penalty (nats)")
    axes.set_title(f"{loss.run}: mean over the seeds of each reading", fontsize=10)
    axes.margins(0.1)
    axes.grid(alpha=0.3)
    title = "blue: even, orange: short, green: drop"
    if beyond:
        title += "\nbeyond the picture, or diverged:\n" + "\n".join(beyond)
    canvas.legend(
        handles=[*star, *entries],
        loc="outside right upper",
        fontsize=8,
        title=title,
        title_fontsize=8,
        alignment="left",
    )
    names, places = zip(*drawn, ("", (net.claimed, loss.claimed)), strict=True)
    place_labels(canvas, axes, names, places)
    save(canvas, path)
    return True
