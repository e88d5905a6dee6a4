"""All experiments: what each was, and what came of it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from stages.evaluation.results import Result
from stages.network.layer_names import written_out
from stages.params.experiment import Experiment
from stages.statistics.units import plus_minus
from stages.tables.base import DIGITS, Outcome, Table
from stages.tables.measures import quality


class Experiments(Table):
    """One row per experiment."""

    def numbers(self, outcome: Outcome) -> dict[str, pd.DataFrame]:
        """Return settings, and mean and spread of every measure."""
        rows = [quality(result) | _settings(result) for result in outcome.results]
        return {"experiments": pd.DataFrame(rows).round(DIGITS)}

    def cells(self, numbers: pd.DataFrame) -> pd.DataFrame:
        """Return what was trained, and how well."""
        accuracy = zip(numbers["accuracy_mean"], numbers["accuracy_sd"], strict=True)
        return pd.DataFrame(
            {
                "experiment": numbers["experiment"],
                "preprocessing": numbers["preprocessing"],
                "split": numbers["split"],
                "accuracy %": [plus_minus(mean, sd, 2) for mean, sd in accuracy],
                "differs from the defaults in": numbers["settings"],
            }
        )


def _settings(result: Result) -> dict[str, Any]:
    experiment = result.experiment
    return {
        "experiment": result.name,
        "preprocessing": experiment.preprocessing,
        "hidden_layers": _hidden_layers(experiment),
        "activation": experiment.activation if experiment.hidden_layer_sizes else "none",
        "split": experiment.split,
        "epochs": experiment.epochs,
        "seeds": len(experiment.seeds),
        "settings": settings_text({k: v for k, v in result.settings.items() if k != "split"}),
    }


def _hidden_layers(experiment: Experiment) -> str:
    if experiment.layers is None:
        return "-".join(map(str, experiment.hidden_layer_sizes)) or "none"
    names = written_out(experiment.layers)
    convolutions = sum(name.startswith("convolution") for name in names)
    dense = [name.removeprefix("dense ") for name in names if name.startswith("dense")]
    return "-".join([f"{convolutions} convolutions", *dense])


def settings_text(settings: dict[str, Any]) -> str:
    """Return settings in words, as in ``hidden_layer_sizes 128, flip true``."""
    return ", ".join(f"{key} {_written(value)}" for key, value in settings.items())


def _written(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(_written, value))
    return str(value).lower() if isinstance(value, bool) else f"{value}"
