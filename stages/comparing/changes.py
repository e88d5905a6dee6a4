"""What changed between two revisions, as tables."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t

from stages.comparing.revision import Revision
from stages.statistics.comparisons import difference
from stages.statistics.units import TO_PERCENT

NEVER = "-"  # where a revision does not have a key
LEVEL = 0.95


def parameter_changes(old: dict[str, Any], new: dict[str, Any]) -> pd.DataFrame:
    """Return a row for each parameter that differs, by its path with dots."""
    before, after = dict(_flat(old)), dict(_flat(new))
    rows = [
        {"parameter": key, "old": before.get(key, NEVER), "new": after.get(key, NEVER)}
        for key in sorted(before | after)
        if before.get(key, NEVER) != after.get(key, NEVER)
    ]
    return pd.DataFrame(rows, columns=["parameter", "old", "new"])


def _flat(section: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(section, dict) and section:
        for key, value in section.items():
            yield from _flat(value, f"{path}.{key}" if path else str(key))
    else:
        yield path, str(section)


def accuracy_changes(old: Revision, new: Revision) -> pd.DataFrame:
    """Return a row for each experiment whose numbers differ, in percent and points.

    The interval is the one by which claims are judged, paired where the seeds are; where only the
    headline numbers are to be had it is Welch's, and ``interval_of`` says so. Experiments that one
    revision lacks have one accuracy, and no interval.
    """
    rows = []
    for name in dict.fromkeys((*old.params["experiments"], *new.params["experiments"])):
        had = old.metrics(name) if name in old.params["experiments"] else None
        has = new.metrics(name) if name in new.params["experiments"] else None
        if had == has:
            continue
        row: dict[str, Any] = {
            "experiment": name,
            "old": np.nan if had is None else TO_PERCENT * had["accuracy"],
            "new": np.nan if has is None else TO_PERCENT * has["accuracy"],
        }
        if had is not None and has is not None:
            row |= _difference(old, new, name, had, has)
        rows.append(row)
    columns = ["experiment", "old", "new", "difference", "low", "high", "interval_of"]
    return pd.DataFrame(rows, columns=columns)


def _difference(
    old: Revision, new: Revision, name: str, had: dict[str, Any], has: dict[str, Any]
) -> dict[str, Any]:
    before, after = old.result(name), new.result(name)
    if (
        before
        and after
        and before.has_pictures_of(after)
        and min(before.n_seeds, after.n_seeds) > 1
    ):
        paired = before.is_paired_with(after)
        found = difference(before.runs("accuracy"), after.runs("accuracy"), paired=paired)
        of = f"{found.source}, {'paired' if paired else 'unpaired'}"
        return {"difference": found.mean, "low": found.low, "high": found.high, "interval_of": of}
    change = TO_PERCENT * (has["accuracy"] - had["accuracy"])
    half = _welch([had["sd"], has["sd"]], [len(_seeds(one, name)) for one in (old, new)])
    if half is None:
        return {"difference": change, "interval_of": "one seed gives none"}
    of = "seeds, by means and spreads"
    return {"difference": change, "low": change - half, "high": change + half, "interval_of": of}


def _seeds(revision: Revision, name: str) -> list[int]:
    entry = revision.params["experiments"][name]
    recipe = revision.params.get("recipes", {}).get(entry.get("recipe"), {})
    seeds: list[int] = (revision.params.get("defaults", {}) | recipe | entry)["seeds"]
    return seeds


def _welch(sds: list[float | None], sizes: list[int]) -> float | None:
    """Return half of Welch's interval in points, from two standard deviations of shares."""
    if None in sds or min(sizes) < 2:
        return None
    parts = [(TO_PERCENT * float(sd or 0)) ** 2 / n for sd, n in zip(sds, sizes, strict=True)]
    if not sum(parts):
        return 0.0
    degrees = sum(parts) ** 2 / sum(p**2 / (n - 1) for p, n in zip(parts, sizes, strict=True))
    return float(t.ppf((1 + LEVEL) / 2, degrees)) * math.sqrt(sum(parts))


def verdict_changes(old: Revision, new: Revision) -> pd.DataFrame:
    """Return a row for each claim of a dataset of both that has another verdict."""
    rows = []
    for dataset in new.params["datasets"]:
        before, after = old.verdicts(dataset), new.verdicts(dataset)
        rows += [
            {"dataset": dataset, "claim": claim, "old": before[claim], "new": verdict}
            for claim, verdict in after.items()
            if before.get(claim, verdict) != verdict
        ]
    return pd.DataFrame(rows, columns=["dataset", "claim", "old", "new"])
