"""What every dataset source is: typed parameters and a way to write batch files."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field

from stages.params.loading import Section, entry, parse
from stages.params.plugins import find_plugin
from stages.runtime.errors import ParamsError


class Source(Section):
    """Where a dataset's pictures come from, and what they must be.

    To add one, put a module with a subclass into this folder and name it as ``source`` in
    an entry of ``datasets:``.

    Attributes
    ----------
    redistributable : bool
        Whether figures that show its pictures may be committed; ``.gitignore`` lists those folders.
    about : str
        What the report says of the pictures, and of what they can and cannot show.
    """

    redistributable: ClassVar[bool] = False
    about: ClassVar[str] = ""

    source: str
    pictures_per_batch: Annotated[int, Field(ge=10, le=10_000)]

    @abstractmethod
    def fetch(self, folder: Path) -> None:
        """Write the six batch files and ``batches.meta`` into the empty `folder`.

        Raises
        ------
        PipelineError
            If the pictures cannot be had, or are not what they must be.
        """


def make_source(document: dict[str, Any], name: str) -> Source:
    """Return the checked entry `name` of ``datasets:``."""
    where = f"datasets.{name}"
    value = entry(document, "datasets", name)
    if not isinstance(value, dict) or not isinstance(value.get("source"), str):
        raise ParamsError(f"{where}.source: this key is required, and names a module")
    return parse(find_plugin(Source, value["source"], f"{where}.source"), value, where)
