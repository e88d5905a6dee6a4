"""A folder of your own pictures, of any kind and size, as a dataset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from stages.data.batches import join_batches
from stages.data.samples import PictureShape, Samples, Split
from stages.folders.card import describe, list_unreadable
from stages.folders.duplicates import duplicates
from stages.folders.listing import Listed, Listing, list_pictures, written
from stages.folders.pictures import Looks, Picture, n_chunks, read_pictures
from stages.folders.splitting import split_pictures
from stages.images.fitting import Colour, Fit
from stages.runtime.command import progress
from stages.runtime.errors import PipelineError
from stages.sources.base import Outline, Source

PARTS = ("train", "test")
# Recipes name a split: the course's "one" of few training pictures and its "all" are one here.
SPLITS = dict.fromkeys(("one", "all"), Split(train=PARTS[:1], test=PARTS[1:]))
FEWEST = 10  # pictures of a class that is split here


class Folder(Source):
    """Pictures in folders that are named after their classes, or named by a table.

    Order and split follow what the pictures look like: to rename or convert files without loss
    changes nothing.

    Attributes
    ----------
    files : str
        The folder; `stages.folders.listing` has the layouts.
    side : int
        Height and width of the pictures of the dataset, in pixels.
    colour : bool
        Whether they have three channels, or one.
    fit : {"crop", "pad", "stretch"}
        How a picture of another shape is brought to a square.
    background : str
        What shows where a picture is transparent or padded, as Pillow names colours.
    unreadable : {"error", "skip"}
        Whether a file that cannot be read is an error, or is left out and listed.
    duplicates : {"keep", "drop"}
        Whether training pictures stay that are, nearly, among the test pictures too.
    test_share : float
        Of each class, where the folder itself has no test pictures.
    seed : int
        For another choice of test pictures.
    """

    about: ClassVar[str] = "Pictures of your own."

    side: Annotated[int, Field(ge=8, le=256)] = 32
    colour: bool = True
    fit: Fit = "crop"
    background: Colour = "white"
    unreadable: Literal["error", "skip"] = "error"
    duplicates: Literal["keep", "drop"] = "keep"
    test_share: Annotated[float, Field(gt=0, lt=1)] = 0.2
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0

    def outline(self) -> Outline:
        """Return two batches of sizes that only the folder can tell."""
        return Outline(self._shape(), dict.fromkeys(PARTS), SPLITS)

    def fetch(self) -> Samples:
        """Read the pictures, see `fetch_with_card`."""
        return self.fetch_with_card()[0]

    def fetch_with_card(self) -> tuple[Samples, dict[str, Any]]:
        """Read the pictures; say what there was, and what was done to it.

        Raises
        ------
        PipelineError
            If the folder has no classes, one too small to be split, or unreadable pictures that
            `unreadable` does not skip: all of them are named.
        """
        folder = Path(self.files)
        listing = list_pictures(folder)
        read, reasons = self._read(listing)
        if reasons and self.unreadable == "error":
            raise PipelineError(
                f"{len(reasons)} of {len(listing.pictures)} pictures cannot be read: "
                f"{list_unreadable(reasons, folder)}: correct or remove them, or write "
                "'unreadable: skip'"
            )
        # By what they look like; where pictures are identical, by path.
        found = sorted(read.items(), key=lambda item: (item[1].digest, item[0].path))
        listed, pictures = [one for one, _ in found], [picture for _, picture in found]
        parts = np.array(self._parts(listed, pictures))
        train, test = (np.flatnonzero(parts == part) for part in PARTS)
        card = describe(folder, listed, pictures, duplicates(pictures, test, train)) | {
            "left_out": {written(path, folder): why for path, why in reasons.items()},
            "no_pictures": listing.n_others,
            "split": self._split_words(listing),
        }
        if self.duplicates == "drop":
            alike = [pair.picture for pair in duplicates(pictures, train, test)]
            train = np.setdiff1d(train, alike)
            card["dropped"] = len(alike)
        class_names = np.array([one.class_name for one in listed])
        for part, places in zip(PARTS, (train, test), strict=True):
            if gone := sorted({*listing.class_names} - {*class_names[places].tolist()}):
                raise PipelineError(
                    f"class {gone[0]} has no picture left in {part}: the others were unreadable or "
                    "dropped as duplicates"
                )
        return _samples(listed, pictures, (train, test), listing.class_names), card

    def n_training(self, listing: Listing) -> int:
        """Return about how many pictures of a folder there will be to train on."""
        given = [one.part for one in listing.pictures if one.part]
        n = len(listing.pictures)
        return given.count("train") if given else n - round(n * self.test_share)

    def _shape(self) -> PictureShape:
        return self.side, self.side, 3 if self.colour else 1

    def _read(self, listing: Listing) -> tuple[dict[Listed, Picture], dict[Path, str]]:
        paths = [one.path for one in listing.pictures]
        looks = Looks(self._shape(), self.fit, self.background)
        read: dict[Listed, Picture] = {}
        reasons: dict[Path, str] = {}
        waiting = iter(listing.pictures)
        chunks = progress(read_pictures(paths, looks), "pictures", n_chunks(len(paths)))
        for picture in (picture for chunk in chunks for picture in chunk):
            one = next(waiting)
            if isinstance(picture, str):
                reasons[one.path] = picture
            else:
                read[one] = picture
        return read, reasons

    def _split_words(self, listing: Listing) -> str:
        if any(one.part for one in listing.pictures):
            return "as the folder has it"
        return f"{self.test_share:.0%} of each class are tested, chosen by seed {self.seed}"

    def _parts(self, listed: Sequence[Listed], pictures: Sequence[Picture]) -> list[str]:
        """Return the part of each picture: the given one, or by its looks or its group."""
        if given := [one.part for one in listed if one.part]:
            return given
        class_names = [one.class_name for one in listed]
        counts = Counter(class_names)
        if min(counts.values()) < FEWEST:
            raise PipelineError(
                f"{self.files}: a class needs {FEWEST} pictures or more, but there are "
                + ", ".join(f"{n} of {name}" for name, n in sorted(counts.items()) if n < FEWEST)
            )
        units = [
            f"group {one.group}" if one.group else picture.digest
            for one, picture in zip(listed, pictures, strict=True)
        ]
        return split_pictures(units, class_names, self.test_share, self.seed)


def _samples(
    listed: Sequence[Listed],
    pictures: Sequence[Picture],
    parts: tuple[npt.NDArray[np.intp], ...],
    class_names: list[str],
) -> Samples:
    codes = {name: code for code, name in enumerate(class_names)}
    batches = {
        part: (
            np.stack([pictures[place].pixels for place in places]),
            np.array([codes[listed[place].class_name] for place in places]),
        )
        for part, places in zip(PARTS, parts, strict=True)
    }
    return join_batches(batches, class_names, SPLITS)
