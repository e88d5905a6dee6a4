"""Handwritten digits that ship with scikit-learn: 1,797 grey pictures of 8x8 pixels.

E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning
Repository, 1998, https://doi.org/10.24432/C50P49, its test set.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from stages.data.batches import join_batches
from stages.data.samples import Samples
from stages.sources.base import Outline, Source
from stages.sources.digests import check_packaged
from stages.sources.six_batches import BATCH_NAMES, SPLITS

FILE = "digits.csv.gz"
TOP = 16  # the darkest of scikit-learn's values


class Digits(Source):
    """Digits of people's hands, in grey, no network needed.

    The digits of each class are shuffled and dealt to the six batches in turn.
    """

    redistributable: ClassVar[bool] = True
    about: ClassVar[str] = (
        "Handwritten digits of 8x8 grey pixels. A linear classifier tells nearly all of them "
        "apart, so little is left for preprocessing and depth to gain. The same writers may have "
        "written digits of several batches, so the test says nothing of other hands."
    )

    seed: Annotated[int, Field(ge=0, lt=2**32)]

    def outline(self) -> Outline:
        """Return six batches of about 300 pictures."""
        return Outline((8, 8, 1), dict.fromkeys(BATCH_NAMES), SPLITS)

    def fetch(self) -> Samples:
        """Read the digits, with values from 0 to 255.

        Raises
        ------
        PipelineError
            If scikit-learn has other digits than those of the list.
        """
        from sklearn.datasets import load_digits  # noqa: PLC0415 - slow to import: only when needed

        check_packaged(Path(self.files), {FILE: "sklearn.datasets.data"})
        found = load_digits()
        pictures = np.rint(found.images * (255 / TOP)).astype(np.uint8)
        batches = np.empty(len(pictures), dtype=np.int64)
        generator = np.random.default_rng(self.seed)
        for label in range(10):
            places = generator.permutation(np.flatnonzero(found.target == label))
            batches[places] = np.arange(len(places)) % len(BATCH_NAMES)
        return join_batches(
            {
                name: (pictures[batches == number], found.target[batches == number])
                for number, name in enumerate(BATCH_NAMES)
            },
            [str(label) for label in range(10)],
            SPLITS,
        )
