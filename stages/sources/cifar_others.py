"""What people hand over instead of the version for Python, and what to say of it."""

from __future__ import annotations

import fnmatch
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import TYPE_CHECKING

from stages.runtime.errors import PipelineError

if TYPE_CHECKING:
    from stages.sources.cifar_copies import Version

# How a file begins that is no tar archive, compressed or not.
BEGINNINGS = {
    b"PK": "a zip archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a rar archive",
    b"PAR1": "a Parquet file",
    b"<": "a web page",
}
# Files that, together, no other version has.
VERSIONS = {
    "CIFAR-10": {"batches.meta", "data_batch_1", "test_batch"},
    "CIFAR-10's binary version": {"data_batch_1.bin"},
    "CIFAR-10's version for Matlab": {"data_batch_1.mat"},
    "CIFAR-100": {"meta", "train", "test"},
    "CIFAR-100's binary version": {"train.bin", "fine_label_names.txt"},
    "CIFAR-100's version for Matlab": {"meta.mat", "train.mat"},
}


def wrong_path(version: Version, value: str) -> PipelineError:
    """Return what to say where a setting's value is neither a file nor a folder."""
    meant = value.strip(" \t\r\n'\"")
    hint = f"name {version.archive} or the folder {version.folder}"
    if meant and Path(meant).exists():
        hint = f"did you mean {meant!r}?"
    return PipelineError(f"{version.setting}={value!r} is neither an archive nor a folder: {hint}")


def wrong_archive(version: Version, place: Path, reason: str) -> PipelineError:
    """Return what to say of an archive that cannot be read, by how it begins."""
    with place.open("rb") as file:
        beginning = file.read(4)
    for magic, kind in BEGINNINGS.items():
        if beginning.startswith(magic):
            return PipelineError(f"{place} is {kind}: {_get(version)}")
    return PipelineError(f"{place} is damaged ({reason}): {version.again}")


def wrong_files(
    version: Version, place: Path, names: AbstractSet[str], missing: str, remedy: str
) -> PipelineError:
    """Return what to say of an archive or folder that lacks a file, by the names that it has."""
    for other, files in VERSIONS.items():
        if files <= names and other != version.name:
            return PipelineError(f"{place} is {other}: {_get(version)}")
    pattern = f"{version.name.lower()}*.tar*"
    for inner in (*sorted(fnmatch.filter(names, pattern)), version.folder):
        if inner in names:
            return PipelineError(f"{place} has no {missing}, but {inner!a} is inside: name that")
    return PipelineError(f"{place} has no {missing}: {remedy}")


def _get(version: Version) -> str:
    return f"get the version for Python, {version.archive}"
