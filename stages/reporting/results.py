"""What evaluate wrote about the experiments of one dataset."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from stages.params.experiment import Experiment, merge
from stages.params.loading import entry
from stages.runtime.errors import PipelineError
from stages.runtime.files import read_json


@dataclass(frozen=True)
class Result:
    """One experiment and what came of it.

    Attributes
    ----------
    name : str
    experiment : Experiment
    metrics : dict
        The content of ``metrics/<name>.json``.
    curves : DataFrame
        The content of ``curves/<name>.csv``, one row per epoch.
    """

    name: str
    experiment: Experiment
    metrics: dict[str, Any]
    curves: pd.DataFrame

    @property
    def accuracy(self) -> float:
        """Mean accuracy on the test batches over the seeds."""
        return float(self.metrics["accuracy"]["mean"])

    @property
    def class_names(self) -> list[str]:
        """Names of the classes in the order of their indices."""
        return [row["class"] for row in self.metrics["per_class"]]


def load_results(document: dict[str, Any], dataset: str, folder: Path) -> list[Result]:
    """Return the results of `dataset`'s experiments, in the order of params.yaml.

    Files of experiments that params.yaml no longer names are left alone.

    Raises
    ------
    PipelineError
        If an experiment has no results, or the dataset has no experiment.
    """
    results = []
    for name in entry(document, "experiments"):
        experiment = merge(document, name)
        if experiment.dataset != dataset:
            continue
        curves = folder / "curves" / f"{name}.csv"
        if not curves.exists():
            raise PipelineError(f"{curves} is missing: run 'dvc repro evaluate@{name}'")
        metrics = read_json(folder / "metrics" / f"{name}.json")
        results.append(Result(name, experiment, metrics, pd.read_csv(curves)))
    if not results:
        raise PipelineError(f"no entry of experiments: in params.yaml has dataset {dataset!r}")
    return results
