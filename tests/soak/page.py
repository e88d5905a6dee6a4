"""The page that `make soak` writes: what survived, and what to do after an accident."""

from __future__ import annotations

from collections.abc import Iterable

from tests.soak.row import Row

INTRODUCTION = """\
# Reliability

`make soak` tried all of this, and wrote this page: {survived} of {tried} survived. Random moments
and bytes come from fixed seeds; where a kill meets a run depends on the machine.
"""

ADVICE = """\
## What to do after an accident

| What happened, or what you see | What to do |
|---|---|
| A stage, DVC or the machine was killed; Ctrl-C; a full disk that has room again | `dvc repro` |
| `... is busy, it is being blocked by`, `Unable to acquire lock` or `... is being written by \
process N`: another `dvc repro` is at work | wait for it, or stop it; then `dvc repro` |
| `'dvc.lock' is invalid (possible merge conflicts)` after a merge | \
`git checkout --ours dvc.lock`, then `dvc repro`: it runs what differs |
| `'dvc.lock' is invalid`, or `validation failed`, after a kill: DVC writes the file in place | \
`git checkout dvc.lock`, then `dvc repro`: what ran since comes out of DVC's run cache |
| `Unable to read RWLock-file` after a kill: the same of a file for the moment | \
`rm .dvc/tmp/rwlock`, then `dvc repro` |
| `dvc.lock` was edited; `data`, `models` or `reports` were deleted | `dvc repro` |
| `dvc commit` was interrupted | `dvc repro` |
| A file in DVC's cache was changed or cut off | `dvc repro`: DVC sees by its time that it \
changed, and makes it anew |
| The same, its time unchanged, as a failing disk does it. DVC does not notice; a stage may say \
that a file is damaged, or `git status` shows other results | \
`rm -r .dvc/cache && dvc repro --force` |
"""


def render(rows: Iterable[Row]) -> str:
    """Return the page as Markdown."""
    subjects: dict[str, list[Row]] = {}
    for row in rows:
        subjects.setdefault(row.subject, []).append(row)
    everything = [row for group in subjects.values() for row in group]
    survived, tried = sum(row.survived for row in everything), sum(row.tried for row in everything)
    parts = [INTRODUCTION.format(survived=survived, tried=tried)]
    for subject, group in subjects.items():
        lines = [f"## {subject}", "", "| What | Tried | Survived | Survived means |"]
        lines += ["|---|---:|---:|---|", *map(_line, group), ""]
        parts.append("\n".join(lines))
    return "\n".join([*parts, ADVICE])


def _line(row: Row) -> str:
    survived = f"**{row.survived}**" if row.survived < row.tried else row.survived
    return f"| {row.what} | {row.tried} | {survived} | {row.meaning} |"
