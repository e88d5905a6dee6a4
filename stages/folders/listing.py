"""Which picture files a folder has, of which class, and in which part if that is given."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from PIL import Image

from stages.images.reading import FORMATS
from stages.runtime.errors import PipelineError

TABLE = "labels.csv"
# At the top of a folder these are parts, not classes, if training and test pictures are there.
PARTS = {"train": "train", "val": "train", "valid": "train", "test": "test"}
MOST_CLASSES = 1000


class Listed(NamedTuple):
    """A file that should be a picture.

    Attributes
    ----------
    path : Path
        In the folder.
    class_name : str
    part : str or None
        "train" or "test"; None where the split is for us to make.
    group : str or None
        Pictures of one group belong together in one part.
    """

    path: Path
    class_name: str
    part: str | None = None
    group: str | None = None


class Listing(NamedTuple):
    """What a folder has.

    Attributes
    ----------
    pictures : list of Listed
        Sorted by path.
    n_others : int
        Files that are no pictures by the ends of their names.
    """

    pictures: list[Listed]
    n_others: int

    @property
    def class_names(self) -> list[str]:
        """The classes, sorted; those of the training pictures where a split is given."""
        return sorted({one.class_name for one in self.pictures if one.part != "test"})


def list_pictures(folder: Path) -> Listing:
    """Find the pictures of one of three layouts.

    ``class/picture`` (folders within a class are the class's); ``train/class/picture`` and
    ``test/class/picture``, with ``val/`` or ``valid/`` beside them or not; or a table
    ``labels.csv`` with the columns path and label and, if wanted, split and group. What begins
    with a dot is passed over. Links to folders are not followed.

    Raises
    ------
    PipelineError
        If the folder is none of this, has fewer than two classes or too many, a class without
        pictures, or a class that is only tested.
    """
    if not folder.is_dir():
        raise PipelineError(f"{folder} is no folder of pictures: give the path of one")
    if (folder / TABLE).is_file():
        listing = Listing(sorted(_from_table(folder)), 0)
    else:
        listing = _from_folders(folder)
    _check_classes(folder, listing)
    return listing


def check_watched(folder: Path) -> None:
    """Raise a PipelineError if DVC cannot watch a folder: it reads all files, pictures or not.

    A pipe it would wait for without end, and say of the rest what nobody understands.
    """
    for place, _, names in os.walk(folder, onerror=_raise):
        for file in (Path(place, name) for name in names):
            try:
                file.name.encode()
                wrong = "" if stat.S_ISREG(file.stat().st_mode) else "is no plain file"
            except UnicodeEncodeError:
                wrong = "has a name that is no UTF-8"
            except OSError as error:
                wrong = f"cannot be read ({error.strerror})"
            if wrong:
                raise PipelineError(
                    f"{written(file, folder)} in {written(folder)} {wrong}: DVC, which watches the "
                    "folder, stops at such files: rename or remove it"
                )


def written(path: Path, folder: Path | None = None) -> str:
    """Return a path, in a folder or as it is; bytes that are no UTF-8 are written out."""
    shown = path.relative_to(folder) if folder else path
    return os.fsencode(shown).decode(errors="backslashreplace")


def _from_folders(folder: Path) -> Listing:
    tops = _folders(folder)
    parted = {"train", "test"} <= tops.keys() <= PARTS.keys() and bool(_folders(tops["train"]))
    if not parted and "train" in tops and tops.keys() <= PARTS.keys():
        raise PipelineError(
            f"{folder} has {', '.join(tops)}: folders of classes are needed in train and in test, "
            "or else folders of classes alone, which are then split"
        )
    classes: list[tuple[str | None, Path]] = [(None, path) for path in tops.values()]
    if parted:
        classes = [(PARTS[top], path) for top in tops for path in _folders(tops[top]).values()]
    pictures, n_others = [], 0
    for part, path in classes:
        _check_name(path)
        files = [*_files(path)]
        own = [file for file in files if _is_picture(file)]
        n_others += len(files) - len(own)
        if not own:
            raise PipelineError(f"{path} has no pictures: add some, or remove the folder")
        pictures += [Listed(file, path.name, part) for file in own]
    return Listing(sorted(pictures), n_others)


def _folders(folder: Path) -> dict[str, Path]:
    return {
        path.name: path
        for path in sorted(folder.iterdir())
        if path.is_dir() and not path.name.startswith(".")
    }


def _files(folder: Path) -> Iterator[Path]:
    """Yield all that is no folder; a link to one, which may lead in circles, is not followed."""
    for place, folders, names in os.walk(folder, onerror=_raise):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        links = [name for name in folders if Path(place, name).is_symlink()]
        yield from (Path(place, name) for name in sorted(names + links) if name[0] != ".")


def _raise(error: OSError) -> None:
    raise error  # or what is in a folder that cannot be read would be left out


def _is_picture(file: Path) -> bool:
    ending = file.suffix.lower()
    return not ending or Image.registered_extensions().get(ending) in FORMATS


def _check_name(path: Path) -> None:
    try:
        path.name.encode()
    except UnicodeEncodeError:
        raise PipelineError(f"the name of {written(path)} is no UTF-8: rename it") from None


def _from_table(folder: Path) -> Iterator[Listed]:
    path = folder / TABLE
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (ValueError, UnicodeDecodeError) as error:  # pandas' own errors are ValueErrors
        raise PipelineError(f"{path} is no table in UTF-8: {error}") from None
    if missing := {"path", "label"} - {*table.columns}:
        raise PipelineError(f"{path} has no column {min(missing)!r}: it needs path and label")
    if twice := table["path"][table["path"].duplicated()].tolist():
        raise PipelineError(f"{path} names {twice[0]} twice")
    given = "split" in table.columns
    for number, row in enumerate(table.to_dict("records"), start=2):
        where = f"{path}, line {number}"
        inside = Path(row["path"])
        if inside.is_absolute() or ".." in inside.parts:
            raise PipelineError(f"{where}: {inside} is not in the folder: write a path within it")
        if not row["label"]:
            raise PipelineError(f"{where}: the label is empty")
        if given and row["split"] not in PARTS:
            allowed = ", ".join(PARTS)
            raise PipelineError(f"{where}: the split {row['split']!r} is none of {allowed}")
        part = PARTS[row["split"]] if given else None
        yield Listed(folder / inside, row["label"], part, row.get("group") or None)


def _check_classes(folder: Path, listing: Listing) -> None:
    names = listing.class_names
    if len(names) < 2:
        what = f"one class alone, {names[0]}" if names else "no classes"
        raise PipelineError(
            f"{folder} has {what}: make a folder for each class, with its pictures in it"
        )
    if len(names) > MOST_CLASSES:
        raise PipelineError(f"{folder} has {len(names)} classes: at most {MOST_CLASSES} are read")
    tested = {one.class_name for one in listing.pictures if one.part == "test"}
    given = any(one.part for one in listing.pictures)
    if odd := sorted(tested - {*names}):
        raise PipelineError(f"{folder}: class {odd[0]} has test pictures, but none to train on")
    if given and (odd := sorted({*names} - tested)):
        raise PipelineError(f"{folder}: class {odd[0]} has training pictures, but none in the test")
