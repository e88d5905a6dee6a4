"""CIFAR-100: 60,000 colour pictures of a hundred kinds of things, which make up twenty.

A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009,
https://www.cs.toronto.edu/~kriz/cifar.html.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import ClassVar, Literal

from stages.data.batches import join_batches
from stages.data.samples import Samples, Split
from stages.sources.base import Outline, Source
from stages.sources.cifar_copies import Version, copy_files
from stages.sources.cifar_layout import PICTURE_SHAPE, read_batch, read_class_names
from stages.sources.cifar_pickles import Limits

TRAIN, TEST = "train", "test"
# Recipes name a split: the course's "one" of few training pictures and its "all" are one here.
SPLITS = dict.fromkeys(("one", "all"), Split(train=(TRAIN,), test=(TEST,)))
VERSION = Version(
    name="CIFAR-100",
    archive="cifar-100-python.tar.gz",
    folder="cifar-100-python",
    size=169_001_437,
    md5="eb9058c3a382ffc7106e4002c42a8d85",
    files=("meta", TRAIN, TEST),
    max_bytes=160 * 2**20,
    setting="CIFAR100_ARCHIVE",
    mirrors_setting="CIFAR100_MIRRORS",
    mirrors=("https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",),
)
# The training file has 155 MB and, with names and two labels for each picture, 250,000 opcodes.
LIMITS = Limits(n_bytes=VERSION.max_bytes, n_opcodes=500_000)


class Cifar100(Source):
    """Its three files, which must be the official ones byte for byte.

    The environment variables ``CIFAR100_ARCHIVE`` and ``CIFAR100_MIRRORS`` say where they are, see
    `stages.sources.cifar_copies.Version`. The digests that are published of them are MD5.

    Attributes
    ----------
    labels : {"fine", "coarse"}
        The hundred classes, or the twenty.
    """

    about: ClassVar[str] = "500 training and 100 test pictures of each of the hundred fine classes."

    labels: Literal["fine", "coarse"]

    def outline(self) -> Outline:
        """Return a batch to train on and one to test, of 32x32 colour pictures."""
        return Outline(PICTURE_SHAPE, dict.fromkeys((TRAIN, TEST)), SPLITS)

    def fetch(self) -> Samples:
        """Read the files from the first place that has them; every digest is checked before.

        Raises
        ------
        PipelineError
            If they cannot be had, or are not what they must be.
        """
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            copy_files(VERSION, Path(self.files), folder)
            names = read_class_names(folder / "meta", f"{self.labels}_label_names")
            key = f"{self.labels}_labels"
            batches = {
                part: read_batch(folder / part, key, len(names), LIMITS) for part in (TRAIN, TEST)
            }
        return join_batches(batches, names, SPLITS)
