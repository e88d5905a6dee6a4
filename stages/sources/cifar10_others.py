"""What people hand over instead of CIFAR-10's version for Python, and what to say of it."""

from __future__ import annotations

import fnmatch
from collections.abc import Set as AbstractSet
from pathlib import Path

from stages.runtime.errors import PipelineError

FOLDER = "cifar-10-batches-py"
ARCHIVE = "cifar-10-python.tar.gz"
GET = f"get the version for Python, {ARCHIVE}"
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
    "CIFAR-10's binary version": {"data_batch_1.bin"},
    "CIFAR-10's version for Matlab": {"data_batch_1.mat"},
    "CIFAR-100": {"meta", "train", "test"},
    "CIFAR-100's binary version": {"train.bin", "fine_label_names.txt"},
    "CIFAR-100's version for Matlab": {"meta.mat", "train.mat"},
}


def wrong_path(setting: str, value: str) -> PipelineError:
    """Return what to say where a setting's value is neither a file nor a folder."""
    meant = value.strip(" \t\r\n'\"")
    hint = f"name {ARCHIVE} or the folder {FOLDER}"
    if meant and Path(meant).exists():
        hint = f"did you mean {meant!r}?"
    return PipelineError(f"{setting}={value!r} is neither an archive nor a folder: {hint}")


def wrong_archive(place: Path, reason: str, remedy: str) -> PipelineError:
    """Return what to say of an archive that cannot be read, by how it begins."""
    with place.open("rb") as file:
        beginning = file.read(4)
    for magic, kind in BEGINNINGS.items():
        if beginning.startswith(magic):
            return PipelineError(f"{place} is {kind}: {GET}")
    return PipelineError(f"{place} is damaged ({reason}): {remedy}")


def wrong_files(place: Path, names: AbstractSet[str], missing: str, remedy: str) -> PipelineError:
    """Return what to say of an archive or folder that lacks a file, by the names that it has."""
    for version, files in VERSIONS.items():
        if files <= names:
            return PipelineError(f"{place} is {version}: {GET}")
    for inner in (*sorted(fnmatch.filter(names, "cifar-10*.tar*")), FOLDER):
        if inner in names:
            return PipelineError(f"{place} has no {missing}, but {inner!a} is inside: name that")
    return PipelineError(f"{place} has no {missing}: {remedy}")
