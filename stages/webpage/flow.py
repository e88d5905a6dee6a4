"""The pipeline as a drawing, made of dvc.yaml: one box for each stage, however many entries."""

from __future__ import annotations

from html import escape
from typing import Any, NamedTuple

WIDTH, HEIGHT, GAP_X, GAP_Y = 96, 30, 44, 16  # pixels of a box, and between boxes
RAW = "-raw"  # ends the names of what fetch writes
INPUT = "${item.input}"  # of preprocess: what fetch or preprocess itself has written
EVERYWHERE = "code"  # a stage that all others depend on: a box without lines


class Stage(NamedTuple):
    """What a stage of dvc.yaml reads and writes, as paths with DVC's variables in them."""

    deps: list[str]
    outs: list[str]


def stages_of(document: dict[str, Any]) -> dict[str, Stage]:
    """Return the stages of dvc.yaml, those over entries once."""
    found = {}
    for name, entry in document["stages"].items():
        body = entry.get("do", entry)
        outs = [*body.get("outs", []), *body.get("metrics", []), *body.get("plots", [])]
        paths = [next(iter(out)) if isinstance(out, dict) else out for out in outs]
        found[name] = Stage(list(body.get("deps", [])), paths)
    return found


def edges(stages: dict[str, Stage]) -> list[tuple[str, str]]:
    """Return which stage writes what another one reads."""
    found = []
    for reader, stage in stages.items():
        for dep in (dep for dep in stage.deps if not dep.startswith("${")):
            writers = [
                writer
                for writer, other in stages.items()
                if writer not in {reader, EVERYWHERE} and any(_meets(dep, o) for o in other.outs)
            ]
            found += [(writer, reader) for writer in writers]
    return list(dict.fromkeys(found))


def _meets(dep: str, out: str) -> bool:
    """Return whether a path that is read may lie in, or hold, one that is written."""
    ours, theirs = dep.split("/"), out.split("/")
    if ours[:2] == theirs[:2] == ["data", "samples"] and ours[-1] != INPUT:
        return ours[-1].endswith(RAW) == theirs[-1].endswith(RAW)
    return all(_same(one, other) for one, other in zip(ours, theirs, strict=False))


def _same(one: str, other: str) -> bool:
    """Return whether two parts of paths may be the same; an entry's name is no file's."""
    if "${" in one and "${" in other:
        return True
    fixed, open_ = (other, one) if "${" in one else (one, other)
    return one == other or ("${" in open_ and "." not in fixed)


def flow_svg(document: dict[str, Any]) -> str:
    """Return the drawing; who depends on whom is in the lines, from left to right."""
    stages = stages_of(document)
    lines = edges(stages)
    level = dict.fromkeys(stages, 0)
    for _ in stages:  # as often as the longest way can be
        for before, after in lines:
            level[after] = max(level[after], level[before] + 1)
    rows: dict[int, int] = {}
    places = {}
    for name in stages:
        row = rows.get(level[name], 0)
        rows[level[name]] = row + 1
        places[name] = (
            10 + level[name] * (WIDTH + GAP_X),
            10 + row * (HEIGHT + GAP_Y),
        )
    width = 20 + (max(level.values()) + 1) * (WIDTH + GAP_X) - GAP_X
    height = 20 + max(rows.values()) * (HEIGHT + GAP_Y) - GAP_Y
    drawn = [_line(places[before], places[after]) for before, after in lines]
    for name, (x, y) in places.items():
        drawn.append(
            f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="5"/><text '
            f'x="{x + WIDTH / 2:g}" y="{y + HEIGHT / 2 + 4:g}" text-anchor="middle">'
            f"{escape(name)}</text>"
        )
    said = "; ".join(f"{before} before {after}" for before, after in lines)
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="flow"><svg class="flow" '
        f'role="img" aria-label="{escape(said)}" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}"><defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" '
        'markerWidth="8" markerHeight="8" orient="auto"><path d="M0,0L8,4L0,8z"/></marker></defs>'
        f"{''.join(drawn)}</svg></div>"
    )


def _line(before: tuple[int, int], after: tuple[int, int]) -> str:
    x1, y1 = before[0] + WIDTH, before[1] + HEIGHT // 2
    x2, y2 = after[0], after[1] + HEIGHT // 2
    bend = (x2 - x1) // 2
    return (
        f'<path d="M{x1},{y1}C{x1 + bend},{y1} {x2 - bend},{y2} {x2},{y2}" marker-end="url(#tip)"/>'
    )
