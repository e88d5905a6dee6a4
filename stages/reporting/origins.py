"""What a report was made of, in digests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def origins(
    document: dict[str, Any], dataset: str, code: Path, card: Path, results: Iterable[Path]
) -> list[tuple[str, str]]:
    """Return what there is to compare when two reports differ, each with its SHA-256.

    Parameters
    ----------
    document : dict
        The content of params.yaml.
    dataset : str
    code, card : Path
        What the code stage says of this report's code, and fetch of the pictures.
    results : iterable of Path
        What evaluate wrote.
    """
    entries = document["experiments"].items()
    own = {
        "dataset": document["datasets"][dataset],
        "experiments": {name: one for name, one in entries if one["dataset"] == dataset},
        "forensics": document["forensics"].get(dataset),
        **{section: document[section] for section in ("defaults", "recipes")},
    }
    if document["quick"]["enabled"]:  # otherwise its numbers do nothing
        own["quick"] = document["quick"]
    parameters = json.dumps(own, sort_keys=True).encode()
    return [
        ("code of the report, with its packages", _digest([code.read_bytes()])),
        ("parameters", _digest([parameters])),
        ("pictures, as counted", _digest([card.read_bytes()])),
        ("results", _digest(path.read_bytes() for path in sorted(results))),
    ]


def packages(code: Path) -> list[str]:
    """Return the locked packages that the report's code uses, with their versions."""
    lines = (line.split() for line in code.read_text(encoding="utf-8").splitlines())
    return [" ".join(words[1:]) for words in lines if words[:1] == ["package"]]


def _digest(contents: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for content in contents:
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()
