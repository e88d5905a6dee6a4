"""The course's study on a folder of pictures: the entries of params.yaml that make it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from stages.editing.sections import add_entries, flow, remove_entries
from stages.folders.listing import Listing
from stages.runtime.errors import ParamsError
from stages.schema.project import NAME
from stages.sources.base import make_source
from stages.sources.folder import Folder

PATTERN = "photos"  # the dataset whose features and experiments are those of every own study
SECTIONS = ("datasets", "features", "experiments")


def add_study(
    text: str, document: dict[str, Any], name: str, folder: Path, listing: Listing
) -> str:
    """Return the text of params.yaml with a dataset, its features and its experiments.

    Where they are there already, for the same folder, nothing changes.

    Parameters
    ----------
    text : str
    document : dict
        What it says.
    name : str
        Of the dataset.
    folder : Path
    listing : Listing
        Its pictures: of fewer training pictures there are fewer principal components.

    Raises
    ------
    ParamsError
        If the name is no name, or taken, or the text is not written line by line.
    """
    if not NAME.fullmatch(name):
        allowed = "a small letter, then letters and digits, with single hyphens between them"
        raise ParamsError(f"the name {name!r} is not allowed: use {allowed}")
    if name in document["datasets"]:
        there = make_source(document, name)
        if isinstance(there, Folder) and Path(there.files) == folder:
            return text
        raise ParamsError(f"datasets.{name}: this entry is there already: choose another name")
    own = _entries(document, name, folder, listing)
    expected = {key: value | own.get(key, {}) for key, value in document.items()}
    return _edited(text, add_entries, own, expected)


def remove_study(text: str, document: dict[str, Any], name: str) -> str:
    """Return the text of params.yaml without a dataset of pictures in a folder.

    Raises
    ------
    ParamsError
        If there is no such dataset.
    """
    if not isinstance(make_source(document, name), Folder):
        raise ParamsError(f"datasets.{name}: only datasets with source: folder are removed")
    own = {
        section: [key for key, value in document[section].items() if _is_of(name, key, value)]
        for section in SECTIONS
    }
    expected = {
        section: {key: value for key, value in entries.items() if key not in own.get(section, ())}
        for section, entries in document.items()
    }
    return _edited(text, remove_entries, own, expected)


def _is_of(dataset: str, key: str, value: dict[str, Any]) -> bool:
    named: str = value.get("dataset", key)  # the dataset's own entry does not name it
    return named == dataset


def _edited(
    text: str,
    edit: Callable[[str, str, Any], str],
    sections: Mapping[str, Any],
    expected: dict[str, Any],
) -> str:
    """Return the text with each section edited, if it then says what is expected.

    It will not where entries stand in braces, and have no lines of their own.
    """
    with suppress(YAMLError):
        for section, value in sections.items():
            text = edit(text, section, value)
        if YAML(typ="safe").load(text) == expected:
            return text
    raise ParamsError(
        "params.yaml: datasets, features and experiments must have each entry on lines of its own: "
        "run 'git checkout params.yaml', or write the entries yourself"
    )


def _entries(
    document: Mapping[str, Any], name: str, folder: Path, listing: Listing
) -> dict[str, dict[str, Any]]:
    source = Folder(source="folder", files=str(folder))
    found: dict[str, dict[str, Any]] = {"datasets": {name: source.model_dump()}}
    components = document["transforms"]["pca"]["n_components"]
    most = source.n_training(listing) - 1
    fewer = {"n_components": most} if most < components else {}
    for section in SECTIONS[1:]:
        found[section] = {}
        for key, value in document[section].items():
            if value.get("dataset") == PATTERN:
                entry = _renamed(value, name, fewer)
                found[section][name + key.removeprefix(PATTERN)] = flow(**entry)
    return found


def _renamed(value: dict[str, Any], name: str, fewer: dict[str, int]) -> dict[str, Any]:
    entry = value | {"dataset": name}
    if "input" in value:
        entry["input"] = name + value["input"].removeprefix(PATTERN)
    if value.get("transform") == "pca" and fewer:
        entry["options"] = flow(**value.get("options", {}) | fewer)
    return entry
