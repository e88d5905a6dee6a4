"""Many picture files side by side: pixels of one shape, and what identifies each picture."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stages.images.fitting import Fit, fit_image
from stages.images.reading import UnreadableError, open_picture
from stages.runtime.parallel import ordered_map

CHUNK = 50  # pictures that a process reads at a time: 25 MB of photographs, a quarter of a second


class Looks(NamedTuple):
    """How pictures are brought to one shape.

    Attributes
    ----------
    shape : tuple of int
        Height, width, channels.
    fit : {"crop", "pad", "stretch"}
    background : str
    """

    shape: tuple[int, int, int]
    fit: Fit
    background: str


class Picture(NamedTuple):
    """What is kept of a picture file.

    Attributes
    ----------
    pixels : ndarray of the shape asked for, uint8
    digest : str
        SHA-256 of the whole picture as decoded, so that names and formats do not count.
    fingerprint : int
        64 bits that hardly change when a picture is scaled, compressed or a little brightened.
    kinds : frozenset of str
        See `stages.images.reading.Opened`, and the format's name.
    """

    pixels: npt.NDArray[np.uint8]
    digest: str
    fingerprint: int
    kinds: frozenset[str]


def n_chunks(n_pictures: int) -> int:
    """Return how many chunks `read_pictures` yields."""
    return -(-n_pictures // CHUNK)


def read_pictures(files: Sequence[Path], looks: Looks) -> Iterator[list[Picture | str]]:
    """Yield the pictures in order, `CHUNK` at a time; of one that is unreadable, the reason.

    All processors read; in memory are no more whole pictures than processes.
    """
    chunks = [files[start : start + CHUNK] for start in range(0, len(files), CHUNK)]
    return ordered_map(partial(_read_chunk, looks), chunks, len(chunks))


def _read_chunk(looks: Looks, files: Sequence[Path]) -> list[Picture | str]:
    return [_read(file, looks) for file in files]


def _read(file: Path, looks: Looks) -> Picture | str:
    try:
        if not stat.S_ISREG(file.stat().st_mode):  # a pipe can be waited for, for ever
            return "it is no plain file"
        image, kinds, form = open_picture(file, looks.background)
    except UnreadableError as error:
        return str(error)
    except OSError as error:
        return error.strerror or str(error)
    from imagehash import phash  # noqa: PLC0415 - slow to import: only when needed

    colour = image.convert("RGB")
    size = f"{colour.width}x{colour.height} "
    digest = hashlib.sha256(size.encode() + colour.tobytes()).hexdigest()
    bits = phash(colour).hash
    fingerprint = int.from_bytes(np.packbits(bits).tobytes(), "big")
    return Picture(fit_image(image, *looks), digest, fingerprint, kinds | {form})
