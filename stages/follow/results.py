"""The remote `results`: what reports are made of, in the repository itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from stages.follow.repro import move
from stages.runtime.errors import PipelineError

STORE = Path("study/results")
FOLDERS = ("data/cards", "data/evaluations", "data/forensics")


def push(document: dict[str, Any], dataset: str) -> None:
    """Lay a dataset's results into the remote; remove what no dataset's results are any more."""
    _dvc("push", document, dataset)
    lock = YAML(typ="safe").load(Path("dvc.lock").read_text(encoding="utf-8"))
    named = {
        out["md5"]
        for stage in lock["stages"].values()
        for out in stage.get("outs", ())
        if out["path"].startswith(FOLDERS)
    }
    for file in [*STORE.rglob("*")]:
        if file.is_file() and file.parent.name + file.name not in named:
            file.unlink()


def pull(document: dict[str, Any], dataset: str) -> None:
    """Take a dataset's results out of the remote."""
    _dvc("pull", document, dataset)


def _dvc(command: str, document: dict[str, Any], dataset: str) -> None:
    names = [name for name, entry in document["experiments"].items() if entry["dataset"] == dataset]
    files = [f"data/cards/{dataset}.json", f"data/forensics/{dataset}.npz"]
    files += [
        f"data/evaluations/{dataset}/{name}.{end}" for name in names for end in ("json", "npz")
    ]
    if reason := move(command, files):
        raise PipelineError(f"not all results of {dataset} are there to {command} ({reason})")
