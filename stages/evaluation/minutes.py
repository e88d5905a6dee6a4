"""The minutes that lead to an experiment: its features, its search and its networks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stages.params.experiment import merge
from stages.params.loading import entry
from stages.runtime.files import read_json

SECONDS = 60


def stages_of(document: dict[str, Any], experiment: str) -> list[str]:
    """Return the stages that lead from the pictures to the networks, in their order."""
    settings, features = merge(document, experiment), entry(document, "features")
    stages = [f"train@{experiment}"]
    name = f"{settings.dataset}-{settings.preprocessing}"
    while name in features:
        stages.insert(0, f"preprocess@{name}")
        name = features[name]["input"]
    return stages


def noted_minutes(document: dict[str, Any], experiment: str, timings: Path) -> float | None:
    """Return the wall-clock minutes that these stages noted when they ran last.

    None unless all of them have run here; what came from DVC's cache noted nothing.
    """
    files = [timings / f"{stage}.json" for stage in stages_of(document, experiment)]
    if not all(file.exists() for file in files):
        return None
    seconds: float = sum(read_json(file)["seconds"] for file in files)
    return seconds / SECONDS
