"""Which pictures are tested: decided by what they look like, not by what their files are called."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence

from stages.runtime.errors import PipelineError


def split_pictures(
    units: Sequence[str], class_names: Sequence[str], share: float, seed: int
) -> list[str]:
    """Deal pictures to "train" and "test", the same share of each class.

    What comes first in the order of a hash of the seed and the unit is tested, so that renaming
    files changes nothing, and a picture more or less moves few others.

    Parameters
    ----------
    units : sequence of str
        What must not be parted: pictures with the same unit end in the same part.
    class_names : sequence of str
        The class of each picture.
    share : float
        Of the pictures of each class, that are tested; rounded, and at least one.
    seed : int

    Returns
    -------
    list of str
        The part of each picture.

    Raises
    ------
    PipelineError
        If a class would have no picture to test, or none to train on: its units are too large.
    """
    members: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for unit, name in zip(units, class_names, strict=True):
        members[unit][name] += 1
    room = {name: max(1, round(n * share)) for name, n in Counter(class_names).items()}
    tested = set()
    for unit in sorted(members, key=lambda unit: _hash(seed, unit)):
        if all(n <= room[name] for name, n in members[unit].items()):
            tested.add(unit)
            for name, n in members[unit].items():
                room[name] -= n
    parts = ["test" if unit in tested else "train" for unit in units]
    for part in ("test", "train"):
        there = {name for name, own in zip(class_names, parts, strict=True) if own == part}
        if missing := sorted({*class_names} - there):
            n = Counter(class_names)[missing[0]]
            raise PipelineError(
                f"class {missing[0]}, of {n} pictures, would have none in {part}: add pictures, or "
                "make its groups smaller"
            )
    return parts


def _hash(seed: int, unit: str) -> bytes:
    return hashlib.sha256(f"{seed} {unit}".encode(errors="surrogateescape")).digest()
