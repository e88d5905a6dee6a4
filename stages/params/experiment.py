"""One entry of ``experiments:``, merged over ``defaults:``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from stages.params.batches import Batches
from stages.params.loading import Section, entry, parse, read_params
from stages.runtime.errors import ParamsError

Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Strength = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Defaults(Section):
    """How to train and test, unless an experiment says otherwise.

    The fields from `hidden_layer_sizes` to `validation_fraction` are those of
    `stages.network.classifier.SoftmaxNetwork` and mean the same there; of a list for `alpha` or
    `learning_rate`, the value is chosen on held-out training samples.
    """

    train: Batches
    test: Batches
    hidden_layer_sizes: list[Annotated[int, Field(ge=1, le=16384)]]
    activation: Literal["identity", "relu", "tanh"]
    penalty: Literal["none", "l1", "l2"]
    alpha: Strength | Annotated[list[Strength], Field(min_length=2)]
    learning_rate: Rate | Annotated[list[Rate], Field(min_length=2)]
    batch_size: Annotated[int, Field(ge=1)]
    epochs: Annotated[int, Field(ge=1)]
    momentum: Annotated[float, Field(ge=0, lt=1)]
    nesterov: bool
    schedule: Literal["constant", "step", "cosine"]
    dropout: Annotated[float, Field(ge=0, lt=1)]
    label_smoothing: Annotated[float, Field(ge=0, lt=1)]
    early_stopping: bool
    validation_fraction: Annotated[float, Field(gt=0, lt=1)]
    seeds: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]


class Experiment(Defaults):
    """What is trained on what, and how."""

    dataset: str
    preprocessing: str

    @model_validator(mode="after")
    def _no_contradictions(self) -> Experiment:
        for name in ("seeds", "alpha", "learning_rate"):
            values = getattr(self, name)
            if isinstance(values, list) and len(set(values)) < len(values):
                raise ValueError(f"{name} names one value twice")
        if shared := set(self.train) & set(self.test):
            raise ValueError(f"train and test share {min(shared)}")
        strengths = self.alpha if isinstance(self.alpha, list) else [self.alpha]
        if self.penalty == "none" and any(strengths):
            raise ValueError("alpha needs a penalty: l1 or l2")
        if self.penalty != "none" and not all(strengths):
            raise ValueError(f"penalty {self.penalty} needs an alpha above 0")
        if self.dropout > 0 and not self.hidden_layer_sizes:
            raise ValueError("dropout needs a hidden layer")
        if self.nesterov and self.momentum == 0:
            raise ValueError("nesterov needs a momentum above 0")
        return self

    def network_params(self) -> dict[str, Any]:
        """Return the fields that are constructor arguments of `SoftmaxNetwork`."""
        ours = {"dataset", "preprocessing", "train", "test", "seeds"}
        return self.model_dump(exclude=ours)


def merge(document: dict[str, Any], name: str) -> Experiment:
    """Return the experiment `name`: its own entry laid over ``defaults``."""
    defaults, own = entry(document, "defaults"), entry(document, "experiments", name)
    for where, value in (("defaults", defaults), (f"experiments.{name}", own)):
        if not isinstance(value, dict):
            raise ParamsError(f"{where}: {value!r} is not allowed: write a mapping of keys")
    parse(Defaults, defaults, "defaults")
    return parse(Experiment, {**defaults, **own}, f"experiments.{name}")


def load_experiment(path: Path, name: str) -> Experiment:
    """Read the experiment `name` from a params file.

    Raises
    ------
    ParamsError
        If there is none, or a value of it is wrong.
    """
    return merge(read_params(path), name)
