"""Entries of a section of params.yaml, added or taken out by the line."""

from __future__ import annotations

import io
from collections.abc import Collection
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from stages.runtime.errors import ParamsError


def add_entries(text: str, section: str, entries: dict[str, Any]) -> str:
    """Return the text of a params file with `entries` at the end of a section.

    An entry's scalars stand on lines of their own; of an entry that is a `Flow`, side by side, as
    DVC would break the lines.
    """
    lines = text.splitlines(keepends=True)
    _, end = _bounds(lines, text, section)
    file = io.StringIO()
    YAML().dump({section: entries}, file)
    _, *new = file.getvalue().splitlines(keepends=True)
    return "".join([*lines[:end], *new, *lines[end:]])


def remove_entries(text: str, section: str, names: Collection[str]) -> str:
    """Return the text without some entries of a section; comments above the next entry stay."""
    lines = text.splitlines(keepends=True)
    _, end = _bounds(lines, text, section)
    own = YAML().load(text)[section]
    starts = {name: own.lc.key(name)[0] for name in own}
    ends = dict(zip(starts, [*[*starts.values()][1:], end], strict=True))
    for name in reversed([*starts]):
        if name in names:
            del lines[starts[name] : _content_end(lines, starts[name], ends[name])]
    return "".join(lines)


def flow(**values: Any) -> CommentedMap:
    """Return a mapping that is written side by side, in braces."""
    mapping = CommentedMap(values)
    mapping.fa.set_flow_style()
    return mapping


def _bounds(lines: list[str], text: str, section: str) -> tuple[int, int]:
    """Return the line of a section's key and the one after its last entry."""
    document = YAML().load(text)
    if section not in document:
        raise ParamsError(f"params.yaml has no section {section}: add it")
    starts = sorted(document.lc.key(key)[0] for key in document)
    start = document.lc.key(section)[0]
    after = [*starts, len(lines)][starts.index(start) + 1]
    return start, _content_end(lines, start, after)


def _content_end(lines: list[str], start: int, end: int) -> int:
    """Return where the comments and blank lines begin that stand before line `end`."""
    while end > start + 1 and (not lines[end - 1].strip() or lines[end - 1].lstrip()[0] == "#"):
        end -= 1
    return end
