"""Patches of ten photographs that ship with scikit-image and scikit-learn.

The question put to a classifier: which photograph does this patch come from?
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field, field_validator

from stages.data.batches import join_batches
from stages.data.samples import Samples
from stages.runtime.errors import PipelineError
from stages.sources.base import Outline, Source
from stages.sources.digests import check_packaged
from stages.sources.six_batches import BATCH_NAMES, SPLITS

SIDE = 32  # height and width of a patch

# Each photograph is cut into this many vertical strips, dealt to the six batches in turn: every
# batch sees all of the photograph, and the narrowest (chelsea, 451 pixels) still gives 37.
N_STRIPS = 12
# Patches drawn for one that has contrast; where 2 % have it, 1,000 in a row miss it once in 10^9.
MAX_DRAWS = 1000
# What is read below, and where it lies.
FILES = {
    "astronaut.png": "skimage.data",
    "chelsea.png": "skimage.data",
    "coffee.png": "skimage.data",
    "hubble_deep_field.jpg": "skimage.data",
    "ihc.png": "skimage.data",
    "motorcycle_left.png": "skimage.data",
    "retina.jpg": "skimage.data",
    "rocket.jpg": "skimage.data",
    "china.jpg": "sklearn.datasets.images",
    "flower.jpg": "sklearn.datasets.images",
}
GREY = np.array([0.2125, 0.7154, 0.0721])  # luminance of red, green, blue (ITU-R BT.709)


class Photos(Source):
    """Random 32x32 patches, in equal numbers from each photograph, no network needed.

    The batches come from disjoint strips of each photograph: no pixel of one batch, test or
    training, is in another. Within a batch patches may overlap.

    Attributes
    ----------
    min_contrast : float
        Patches whose grey values have a smaller standard deviation, on the scale of 0 to 255, are
        left out: the black of one photograph's sky is that of another's margin, and equal to the
        byte in every batch.
    """

    redistributable: ClassVar[bool] = True
    about: ClassVar[str] = (
        "Patches of ten photographs; the class is the photograph that a patch comes from. That is "
        "a task of colour and texture: what is left of a picture without its colours (binarized, "
        "or as HOG of its grey values) lacks most of what tells the classes apart, so "
        "preprocessing that drops colour loses here by construction."
    )

    pictures_per_batch: Annotated[int, Field(ge=10, le=10_000)]
    min_contrast: Annotated[float, Field(ge=0, le=127.5)]
    seed: Annotated[int, Field(ge=0, lt=2**32)]

    @field_validator("pictures_per_batch")
    @classmethod
    def _balanced(cls, value: int) -> int:
        if value % 10:
            raise ValueError("it must be a multiple of 10, the number of photographs")
        return value

    def outline(self) -> Outline:
        """Return six batches of equal size."""
        sizes = dict.fromkeys(BATCH_NAMES, self.pictures_per_batch)
        return Outline((SIDE, SIDE, 3), sizes, SPLITS)

    def fetch(self) -> Samples:
        """Cut the patches.

        Raises
        ------
        PipelineError
            If a photograph is not the one of the list, or a strip of it hardly has a patch of
            `min_contrast`.
        """
        check_packaged(Path(self.files), FILES)
        photographs = _photographs()
        generator = np.random.default_rng(self.seed)
        batches = {}
        for number, name in enumerate(BATCH_NAMES):
            labels = np.repeat(np.arange(len(photographs)), self.pictures_per_batch // 10)
            generator.shuffle(labels)
            pictures = np.empty((len(labels), SIDE, SIDE, 3), dtype=np.uint8)
            strips = {name: strips_of(photo, number) for name, photo in photographs.items()}
            for picture, label in zip(pictures, labels, strict=True):
                picture[:] = self._patch(strips, [*strips][label], generator)
            batches[name] = pictures, labels
        return join_batches(batches, list(photographs), SPLITS)

    def _patch(
        self,
        strips: dict[str, list[npt.NDArray[np.uint8]]],
        name: str,
        generator: np.random.Generator,
    ) -> npt.NDArray[np.uint8]:
        for _ in range(MAX_DRAWS):
            patch = _random_patch(strips[name], generator)
            if (patch @ GREY).std() >= self.min_contrast:
                return patch
        raise PipelineError(
            f"min_contrast: {self.min_contrast} is not allowed: {MAX_DRAWS} patches of the "
            f"photograph {name} have less, choose a lower one"
        )


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
