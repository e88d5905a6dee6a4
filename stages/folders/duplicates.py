"""Pictures that are the same, or nearly: what a test shares with the training says little."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stages.folders.pictures import Picture

NEAR = 4  # bits of 64 in which the fingerprints of near duplicates differ at most
FEW = 8  # a picture with fewer bits set, or unset, is nearly one colour: like any other such
BLOCK = 256  # pictures that are compared with all others at a time
SAME = -1  # the distance of identical pictures


class Pair(NamedTuple):
    """A picture and the one that is most like it among others, by their places.

    Attributes
    ----------
    picture, other : int
    distance : int
        In how many bits of 64 their fingerprints differ; `SAME` if the pictures are identical.
    """

    picture: int
    other: int
    distance: int


def duplicates(
    pictures: Sequence[Picture], places: npt.NDArray[np.intp], others: npt.NDArray[np.intp]
) -> list[Pair]:
    """Return those of `pictures` at `places` that are, or nearly are, among the `others` too.

    Parameters
    ----------
    pictures : sequence of Picture
    places, others : ndarray of shape (n,), int
        Two parts of the pictures.

    Returns
    -------
    list of Pair
        At most one for each place, in their order.
    """
    fingerprints = np.array([picture.fingerprint for picture in pictures], dtype=np.uint64)
    telling = np.minimum(np.bitwise_count(fingerprints), np.bitwise_count(~fingerprints)) >= FEW
    same = {pictures[place].digest: place for place in others[::-1].tolist()}
    others = others[telling[others]]
    found = []
    for start in range(0, len(places), BLOCK):
        block = places[start : start + BLOCK]
        distances = np.bitwise_count(fingerprints[block, np.newaxis] ^ fingerprints[others])
        for place, row in zip(block.tolist(), distances, strict=True):
            if (digest := pictures[place].digest) in same:
                found.append(Pair(place, same[digest], SAME))
            elif telling[place] and len(row) and row.min() <= NEAR:
                found.append(Pair(place, int(others[row.argmin()]), int(row.min())))
    return found


def in_two_classes(pictures: Sequence[Picture], class_names: Sequence[str]) -> int:
    """Return how many pictures are, identical, in another class too."""
    classes: dict[str, set[str]] = {}
    for picture, name in zip(pictures, class_names, strict=True):
        classes.setdefault(picture.digest, set()).add(name)
    return sum(len(classes[picture.digest]) > 1 for picture in pictures)
