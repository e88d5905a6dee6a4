"""Lists of files with their digests, as ``sha256sum`` writes and checks them, or ``md5sum``."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from importlib import resources
from pathlib import Path

from stages.runtime.errors import ParamsError, PipelineError

LINE = re.compile(r"([0-9a-f]{64}|[0-9a-f]{32}) [ *](\S.*)")
KINDS = {64: "sha256", 32: "md5"}  # by the length of a digest


def read_digests(path: Path, names: Collection[str]) -> dict[str, str]:
    """Return the digest of each file, by its name.

    Parameters
    ----------
    path : Path
    names : collection of str
        The files that it must list, and no others.

    Raises
    ------
    ParamsError
        If the list is missing, has a line of another form, a name twice, or others than `names`.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, IsADirectoryError):
        raise ParamsError(f"files: {path} is no list of digests: name one") from None
    found: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        match = LINE.fullmatch(line)
        if not match or match[2] in found:
            wrong = f"{match[2]} is there twice" if match else "it is no digest and name"
            raise ParamsError(f"files: {path}, line {number}: {wrong}, see 'sha256sum'")
        found[match[2]] = match[1]
    if found.keys() != set(names):
        odd = min(found.keys() ^ set(names))
        wrong = "is not one of its files" if odd in found else "has no digest"
        raise ParamsError(f"files: {path}: {odd} {wrong}")
    return found


def digest_like(expected: str, content: bytes) -> tuple[str, str]:
    """Return the kind of digest that `expected` is, and that of `content`.

    MD5 is for files of which nothing else is published. It is no proof against an attacker: what
    reads such a file must not trust it.
    """
    kind = KINDS[len(expected)]
    return kind, hashlib.new(kind, content, usedforsecurity=False).hexdigest()


def check_packaged(path: Path, files: Mapping[str, str]) -> None:
    """Check that packages have the very files of a list.

    Parameters
    ----------
    path : Path
        The list.
    files : mapping of str to str
        The package that each file is in.

    Raises
    ------
    ParamsError
        See `read_digests`.
    PipelineError
        If a file is another one.
    """
    digests = read_digests(path, files)
    for name, package in files.items():
        content = (resources.files(package) / name).read_bytes()
        if digest_like(digests[name], content)[1] != digests[name]:
            raise PipelineError(
                f"{name} of {package} is another file than it was: install the versions of "
                "requirements.txt, or write its digest into the list to study the new one"
            )
