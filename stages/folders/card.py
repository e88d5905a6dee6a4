"""What a data card says of a folder's pictures: what there was, and what was done to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stages.folders.duplicates import SAME, Pair, in_two_classes
from stages.folders.listing import Listed, written
from stages.folders.pictures import Picture

SHOWN = 20  # files that are named; of more, the number


def list_unreadable(reasons: Mapping[Path, str], folder: Path) -> str:
    """Return the files that cannot be read, with the reasons, in one line."""
    named = [f"{written(path, folder)} ({reason})" for path, reason in reasons.items()]
    more = f", and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
    return ", ".join(named[:SHOWN]) + more


def describe(
    folder: Path, listed: Sequence[Listed], pictures: Sequence[Picture], pairs: Sequence[Pair]
) -> dict[str, Any]:
    """Return what is said of pictures that were read.

    Parameters
    ----------
    folder : Path
    listed : sequence of Listed
    pictures : sequence of Picture
        As listed.
    pairs : sequence of Pair
        Test pictures with a duplicate in training.
    """
    counts = Counter(kind for picture in pictures for kind in picture.kinds)
    conflicts = in_two_classes(pictures, [one.class_name for one in listed])
    named = [
        [*(written(listed[at].path, folder) for at in (pair.picture, pair.other)), pair.distance]
        for pair in pairs[:SHOWN]
    ]
    return {
        "kinds": dict(sorted(counts.items())),
        "same_in_both_parts": sum(pair.distance == SAME for pair in pairs),
        "alike_in_both_parts": sum(pair.distance != SAME for pair in pairs),
        "in_two_classes": conflicts,
        "pairs": named,
    }
