"""Patches of ten photographs that ship with scikit-image and scikit-learn.

The question put to a classifier: which photograph does this patch come from?
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field, field_validator

from stages.data.batches import PICTURE_SHAPE, SIDE, write_batch, write_class_names
from stages.params.batches import BATCH_NAMES
from stages.sources.base import Source

# Each photograph is cut into this many vertical strips, dealt to the six batches in turn: every
# batch sees all of the photograph, and the narrowest (chelsea, 451 pixels) still gives 37.
N_STRIPS = 12


class Photos(Source):
    """Random 32x32 patches, in equal numbers from each photograph, no network needed.

    The batches come from disjoint strips of each photograph: no pixel of one batch, test or
    training, is in another. Within a batch patches may overlap.
    """

    redistributable: ClassVar[bool] = True

    seed: Annotated[int, Field(ge=0, lt=2**32)]

    @field_validator("pictures_per_batch")
    @classmethod
    def _balanced(cls, value: int) -> int:
        if value % 10:
            raise ValueError("it must be a multiple of 10, the number of photographs")
        return value

    def fetch(self, folder: Path) -> None:
        """Cut the patches; nothing here can fail but the disk."""
        photographs = _photographs()
        generator = np.random.default_rng(self.seed)
        for number, name in enumerate(BATCH_NAMES):
            labels = np.repeat(np.arange(len(photographs)), self.pictures_per_batch // 10)
            generator.shuffle(labels)
            pictures = np.empty((len(labels), *PICTURE_SHAPE), dtype=np.uint8)
            strips = [strips_of(photo, number) for photo in photographs.values()]
            for picture, label in zip(pictures, labels, strict=True):
                picture[:] = _random_patch(strips[label], generator)
            write_batch(folder / name, pictures, labels.tolist())
        write_class_names(folder, list(photographs), self.pictures_per_batch)


def strips_of(photo: npt.NDArray[np.uint8], batch: int) -> list[npt.NDArray[np.uint8]]:
    """Return the strips of `photo`, (height, width, 3), that belong to batch number `batch`."""
    width = photo.shape[1] // N_STRIPS
    numbers = range(batch, N_STRIPS, len(BATCH_NAMES))
    return [photo[:, number * width : (number + 1) * width] for number in numbers]


def _random_patch(
    strips: list[npt.NDArray[np.uint8]], generator: np.random.Generator
) -> npt.NDArray[np.uint8]:
    strip = strips[generator.integers(len(strips))]
    top = generator.integers(strip.shape[0] - SIDE + 1)
    left = generator.integers(strip.shape[1] - SIDE + 1)
    return strip[top : top + SIDE, left : left + SIDE]


def _photographs() -> dict[str, npt.NDArray[np.uint8]]:
    """Return the ten photographs, (height, width, 3), by name; all are in the two wheels."""
    from skimage import data  # noqa: PLC0415 - slow to import: only when needed
    from sklearn.datasets import load_sample_image  # noqa: PLC0415

    return {
        "astronaut": data.astronaut(),
        "chelsea": data.chelsea(),
        "coffee": data.coffee(),
        "hubble": data.hubble_deep_field(),
        "ihc": data.immunohistochemistry(),
        "motorcycle": data.stereo_motorcycle()[0],
        "retina": data.retina(),
        "rocket": data.rocket(),
        "china": load_sample_image("china.jpg"),
        "flower": load_sample_image("flower.jpg"),
    }
