"""Which trainings `dvc repro` would run: DVC itself is asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from stages.follow.mistakes import in_one_line
from stages.params.loading import entry, suggestion
from stages.runtime.errors import ParamsError, PipelineError
from stages.training.asking import NOTES


class Planned(NamedTuple):
    """A training that is out of date.

    Attributes
    ----------
    name : str
        The experiment.
    features : Path
        What it trains on, which is up to date.
    """

    name: str
    features: Path


def experiments_of(document: dict[str, Any], targets: Sequence[str]) -> list[str]:
    """Return the experiments that some targets of DVC need; all, if there are no targets.

    Parameters
    ----------
    document : dict
        The content of params.yaml.
    targets : sequence of str
        ``report@<dataset>``, ``train@<experiment>``, or what is behind the @ alone.

    Raises
    ------
    ParamsError
        If one is neither a dataset nor an experiment.
    """
    experiments, datasets = entry(document, "experiments"), entry(document, "datasets")
    if not targets:
        return [*experiments]
    chosen = set()
    for target in targets:
        name = target.partition("@")[2] or target
        if name not in {*experiments, *datasets}:
            hint = suggestion(name, [*datasets, *experiments])
            raise ParamsError(f"{target}: no dataset or experiment {name!r}{hint}")
        if name in experiments:
            chosen.add(name)
        else:
            chosen |= {own for own, one in experiments.items() if one["dataset"] == name}
    return [name for name in experiments if name in chosen]


def features_of(document: dict[str, Any], names: Sequence[str]) -> list[str]:
    """Return the feature sets that experiments train on, each once."""
    experiments = [entry(document, "experiments", name) for name in names]
    return [*dict.fromkeys(f"{one['dataset']}-{one['preprocessing']}" for one in experiments)]


def plan(names: Sequence[str]) -> list[Planned]:
    """Return those of the experiments that are to be trained, whose features are up to date.

    `dvc repro` of their trainings brings back what is in its run cache, and starts the others,
    which note that they were asked for.

    Raises
    ------
    PipelineError
        If a stage before them fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        notes = Path(folder) / "notes"
        notes.touch()
        command = [sys.executable, "-m", "dvc", "repro", "--keep-going"]
        done = subprocess.run(  # noqa: S603 - no shell, and DVC alone
            [*command, *(f"train@{name}" for name in names)],
            env={**os.environ, NOTES: str(notes)},
            capture_output=True,
            text=True,
            check=False,
        )
        planned = [json.loads(line) for line in notes.read_text(encoding="utf-8").splitlines()]
    if done.returncode and not planned:
        errors = [line for line in done.stderr.splitlines() if line.startswith("error:")]
        last = errors[-1].removeprefix("error: ") if errors else in_one_line(done.stderr)
        raise PipelineError(last or "DVC broke off without a word")
    return [Planned(name, Path(features)) for name, features in planned]
