"""What every dataset source is: typed parameters, an outline, and a way to get the pictures."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, NamedTuple

from pydantic import Field

from stages.data.samples import PictureShape, Samples, Split
from stages.params.loading import Section, entry, parse
from stages.runtime.errors import ParamsError, PipelineError
from stages.runtime.plugins import find_plugin


class Outline(NamedTuple):
    """What is known of a dataset before it is fetched.

    Attributes
    ----------
    picture_shape : tuple of int
        Height, width, and one channel or three.
    sizes : dict of str to (int or None)
        How many pictures each batch has; None where only the pictures can tell.
    splits : dict of str to Split
    """

    picture_shape: PictureShape
    sizes: Mapping[str, int | None]
    splits: dict[str, Split]

    def n_pictures(self, batches: Sequence[str]) -> int | None:
        """Return how many pictures some batches have together, if that is known."""
        sizes = [self.sizes[batch] for batch in batches]
        return None if None in sizes else sum(size for size in sizes if size)


class Source(Section):
    """Where a dataset's pictures come from, and what they must be.

    To add one, put a module with a subclass into this folder and name it as ``source`` in
    an entry of ``datasets:``. Other modules may stand beside it.

    Attributes
    ----------
    files : str
        What the pictures are made of: a list of files with their digests, or a folder. DVC fetches
        anew when it changes.
    redistributable : bool
        Whether figures that show its pictures may be committed; ``.gitignore`` lists those folders.
    about : str
        What the report says of the pictures, and of what they can and cannot show.
    """

    redistributable: ClassVar[bool] = False
    about: ClassVar[str] = ""

    source: str
    files: Annotated[str, Field(min_length=1)]

    @abstractmethod
    def outline(self) -> Outline:
        """Return what the parameters alone tell of the dataset."""

    @abstractmethod
    def fetch(self) -> Samples:
        """Return all pictures, as the outline says; `join_batches` makes them of arrays.

        Raises
        ------
        PipelineError
            If the pictures cannot be had, or are not what they must be.
        """

    def fetch_with_card(self) -> tuple[Samples, dict[str, Any]]:
        """Return all pictures, and what there is to say of them beyond how many there are."""
        return self.fetch(), {}


def make_source(document: dict[str, Any], name: str) -> Source:
    """Return the checked entry `name` of ``datasets:``."""
    where = f"datasets.{name}"
    value = entry(document, "datasets", name)
    if not isinstance(value, dict) or not isinstance(value.get("source"), str):
        raise ParamsError(f"{where}.source: this key is required, and names a module")
    return parse(find_plugin(Source, value["source"], f"{where}.source"), value, where)


def check_fetched(samples: Samples, outline: Outline, name: str) -> None:
    """Raise a PipelineError unless a dataset's pictures are as its outline says."""
    where = f"datasets.{name}"
    if mistake := _wrong_batches(samples, outline, where) or _wrong_arrays(samples, outline, where):
        raise PipelineError(f"{name}: {mistake}")


def _wrong_batches(samples: Samples, outline: Outline, where: str) -> str:
    found = {batch: end - start for batch, (start, end) in samples.batches.items()}
    for batch, size in outline.sizes.items():
        if not found.get(batch) or (size is not None and found[batch] != size):
            said = "that it has some" if size is None else size
            return f"{batch} has {found.get(batch) or 'no'} pictures, {where} says {said}"
    if others := [*found.keys() - outline.sizes.keys()]:
        return f"there is a batch {min(others)}, {where} says {' '.join(outline.sizes)} alone"
    if samples.splits != outline.splits:
        return f"its splits ({' '.join(samples.splits)}) are not those of its outline"
    return ""


def _wrong_arrays(samples: Samples, outline: Outline, where: str) -> str:
    if len(samples.values) != len(samples.labels):
        return f"it has {len(samples.values)} pictures and {len(samples.labels)} labels"
    if samples.values.dtype != "uint8" or samples.picture_shape != outline.picture_shape:
        return (
            f"its pictures are {samples.values.dtype} of {samples.picture_shape}, "
            f"{where} says uint8 of {outline.picture_shape}"
        )
    n_classes = len(samples.class_names)
    if not 0 <= samples.labels.min() <= samples.labels.max() < n_classes or n_classes < 2:
        return (
            f"labels go from {samples.labels.min()} to {samples.labels.max()}, but there "
            f"are {n_classes} classes; two or more are needed"
        )
    return ""
