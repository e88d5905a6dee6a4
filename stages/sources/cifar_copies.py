"""The official files of a CIFAR version, from the network or from a copy that the user has.

Where the files come from does not matter and is no parameter: what they must be is, as a list of
digests.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from stages.runtime.errors import PipelineError
from stages.sources.cifar_archives import plain_files
from stages.sources.cifar_others import wrong_archive, wrong_files, wrong_path
from stages.sources.digests import digest_like, read_digests

DOWNLOADS = Path("data/downloads")


class Version(NamedTuple):
    """What a version is made of, and where it is.

    Attributes
    ----------
    name : str
        As people know it.
    archive, folder : str
        Names of its official archive, and of the folder in that.
    size : int
        Of the archive, in bytes.
    md5 : str
        Of the archive, as published beside the official address.
    files : tuple of str
        Names of its files; the first tells an extracted folder.
    max_bytes : int
        More than any of the files has.
    setting : str
        The environment variable that names a local archive or an extracted folder. In a folder,
        links are followed: what a file is, its digest says, wherever it is.
    mirrors_setting : str
        Another, that replaces the addresses, separated by spaces.
    mirrors : tuple of str
        Addresses that are tried in turn.
    """

    name: str
    archive: str
    folder: str
    size: int
    md5: str
    files: tuple[str, ...]
    max_bytes: int
    setting: str
    mirrors_setting: str
    mirrors: tuple[str, ...]

    @property
    def again(self) -> str:
        """What to do about a damaged archive."""
        return f"get the archive again, md5 {self.md5}"


def copy_files(version: Version, listed: Path, folder: Path) -> None:
    """Copy the official files into `folder` from the first place that has them, each checked.

    Parameters
    ----------
    version : Version
    listed : Path
        The list of their digests.
    folder : Path

    Raises
    ------
    PipelineError
        If no mirror has the archive, with what was tried and what else can be done; if the
        archive or folder is damaged, lacks a file, has another, or unpacks to too much; if a
        file cannot be written.
    """
    copies = _Copies(version, read_digests(listed, version.files), folder)
    local = os.environ.get(version.setting)
    # Not expanduser(): of a "~" that reaches us the shell knew no home either.
    place = Path(local) if local else _download(version)
    if place.is_dir():
        copies.copy_folder(place)
    elif place.is_file():
        copies.copy_archive(place)
    else:
        raise wrong_path(version, str(local))


class _Copies:
    """The official files in a folder of ours, each checked before it is written."""

    def __init__(self, version: Version, digests: dict[str, str], folder: Path) -> None:
        self.version = version
        self.digests = digests
        self.folder = folder

    def copy_folder(self, place: Path) -> None:
        """Copy them out of an extracted folder, or out of the one that this is in."""
        version = self.version
        if not (place / version.files[0]).exists() and (place / version.folder).is_dir():
            place = place / version.folder
        for name in version.files:
            if not (place / name).is_file():
                found = {path.name for depth in ("*", "*/*") for path in place.glob(depth)}
                raise wrong_files(version, place, found, name, "extract the archive again")
            with (place / name).open("rb") as file:
                self._keep(self.folder / name, file.read(version.max_bytes), str(place / name))

    def copy_archive(self, place: Path) -> None:
        """Read the wanted members in one pass, by the last part of their names.

        A member's content is written under a name of ours. What follows the end is passed over;
        of two members with one name the first counts.
        """
        version, found = self.version, set()
        try:
            for name, content in plain_files(place):
                found.add(name)
                if name in version.files and not (self.folder / name).exists():
                    what = f"{name} in {place}"
                    self._keep(self.folder / name, content.read(version.max_bytes), what)
        except PipelineError:
            raise
        except Exception as error:  # a broken archive can raise nearly anything
            if isinstance(error, OSError) and error.filename is not None:
                raise  # the disk's own trouble, not the archive's
            reason = ascii(f"{type(error).__name__}: {error}"[:100])[1:-1]
            raise wrong_archive(version, place, reason) from None
        for name in version.files:
            if not (self.folder / name).exists():
                raise wrong_files(version, place, found, name, version.again)

    def _keep(self, path: Path, content: bytes, what: str) -> None:
        expected = self.digests[path.name]
        kind, found = digest_like(expected, content)
        if found != expected:
            raise PipelineError(
                f"{what} is not {self.version.name}'s: {kind} {found}, expected {expected}: "
                f"{self.version.again}"
            )
        try:
            path.write_bytes(content)
        except OSError as error:  # a full disk is not the archive's fault
            raise PipelineError(f"{path} is not written: {error.strerror}") from None


def _download(version: Version) -> Path:
    """Return the official archive, from an earlier download or the first mirror that has it."""
    from stages.sources.download import download  # noqa: PLC0415 - slow to import: only when needed

    place = DOWNLOADS / version.archive
    mirrors = os.environ.get(version.mirrors_setting, "").split() or list(version.mirrors)
    try:
        download(mirrors, place, version.size, version.md5)
    except PipelineError as error:
        raise PipelineError(
            f"{error}. If you have the archive, set {version.setting}=/path/to/{place.name} and "
            "run again; the embedded dataset needs no network: make photos"
        ) from None
    return place
