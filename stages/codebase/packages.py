"""Locked versions of third-party packages."""

from __future__ import annotations

import re
from pathlib import Path

from stages.runtime.errors import PipelineError

# Packages that are imported by another name than they are installed by.
DISTRIBUTIONS = {
    "sklearn": "scikit-learn",
    "skimage": "scikit-image",
    "yaml": "pyyaml",
    "ruamel": "ruamel-yaml",
    "PIL": "pillow",
    "markdown_it": "markdown-it-py",
    "vl_convert": "vl-convert-python",
}
LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)(?:\s*;\s*([^\\]+?))?\s*\\?$")


def read_lock(path: Path) -> dict[str, list[str]]:
    """Return the locked versions of every package, with their conditions, by its name.

    Raises
    ------
    PipelineError
        If the file is missing.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise PipelineError(f"{path} is missing: run 'make lock'") from None
    versions: dict[str, list[str]] = {}
    for line in lines:
        if match := LOCKED.match(line):
            name, version, marker = match.groups()
            text = version if marker is None else f"{version} where {marker}"
            versions.setdefault(_normal(name), []).append(text)
    return versions


def distribution(imported: str) -> str:
    """Return the name by which a package that is imported as `imported` is installed."""
    return _normal(DISTRIBUTIONS.get(imported, imported))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
