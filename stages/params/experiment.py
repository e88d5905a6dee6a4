"""One entry of ``experiments:``, merged over ``defaults:``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from stages.params.loading import Section, entry, parse, read_params, shown, suggestion
from stages.runtime.errors import ParamsError

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Strength = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, lt=1)]


class Defaults(Section):
    """How to train and test, unless an experiment says otherwise.

    `split` names one of the dataset's splits. The fields from `hidden_layer_sizes` to
    `validation_fraction` are those of `stages.network.classifier.SoftmaxNetwork` and mean the same
    there; of a list of numbers, the value is chosen on held-out training samples. With
    `average_views` the probabilities of a test picture and of its mirror image, or of all views
    that its features come with, are averaged.
    """

    split: str
    hidden_layer_sizes: list[Annotated[int, Field(ge=1, le=16384)]]
    activation: Literal["identity", "relu", "tanh"]
    penalty: Literal["none", "l1", "l2"]
    alpha: Strength | Annotated[list[Strength], Field(min_length=2)]
    learning_rate: Positive | Annotated[list[Positive], Field(min_length=2)]
    batch_size: Annotated[int, Field(ge=1)]
    last_batch: Literal["even", "short", "drop"]
    epochs: Annotated[int, Field(ge=1, le=1_000_000)]
    momentum: Share | Annotated[list[Share], Field(min_length=2)]
    nesterov: bool
    schedule: Literal["constant", "step", "cosine"]
    dropout: Share | Annotated[list[Share], Field(min_length=2)]
    label_smoothing: Share | Annotated[list[Share], Field(min_length=2)]
    weight_scale: Positive | None
    flip: bool
    shift: Annotated[int, Field(ge=0)]
    averaged_epochs: Annotated[int, Field(ge=0)]
    early_stopping: bool
    validation_fraction: Annotated[float, Field(gt=0, lt=1)]
    average_views: bool
    seeds: Annotated[list[Annotated[int, Field(ge=0, lt=2**32)]], Field(min_length=1)]


class Experiment(Defaults):
    """What is trained on what, and how.

    Attributes
    ----------
    dataset : str
        An entry of ``datasets:``.
    preprocessing : str
        With the dataset's name before it, an entry of ``features:``.
    recipe : str
        An entry of ``recipes:``, whose settings replace the defaults.
    """

    dataset: str
    preprocessing: str
    recipe: str

    @model_validator(mode="after")
    def _no_contradictions(self) -> Experiment:
        for name in ("seeds", "learning_rate", "alpha", "momentum", "dropout", "label_smoothing"):
            values = getattr(self, name)
            if isinstance(values, list) and len(set(values)) < len(values):
                raise ValueError(f"{name}: {values} is not allowed: it names one value twice")
        strengths, momenta, dropouts = map(_as_list, (self.alpha, self.momentum, self.dropout))
        if self.penalty == "none" and any(strengths):
            raise ValueError(f"alpha: {self.alpha} is not allowed: it needs a penalty, l1 or l2")
        if self.penalty != "none" and not all(strengths):
            needs = f"penalty {self.penalty} needs an alpha above 0"
            raise ValueError(f"alpha: {self.alpha} is not allowed: {needs}")
        if any(dropouts) and not self.hidden_layer_sizes:
            raise ValueError(f"dropout: {self.dropout} is not allowed: it needs a hidden layer")
        if self.nesterov and not all(momenta):
            raise ValueError("nesterov: True is not allowed: it needs a momentum above 0")
        if self.averaged_epochs > self.epochs:
            allowed = f"at most the {self.epochs} epochs"
            raise ValueError(f"averaged_epochs: {self.averaged_epochs} is not allowed: {allowed}")
        if self.averaged_epochs and self.early_stopping:
            raise ValueError("early_stopping: True is not allowed: weights are averaged instead")
        return self

    def network_params(self) -> dict[str, Any]:
        """Return the fields that are constructor arguments of `SoftmaxNetwork`."""
        ours = {"dataset", "preprocessing", "recipe", "split", "seeds", "average_views"}
        return self.model_dump(exclude=ours)


class Quick(Section):
    """Fewer epochs and seeds for every experiment, to try things; the reports say so."""

    enabled: bool
    epochs: Annotated[int, Field(ge=1, le=1_000_000)]
    seeds: Annotated[int, Field(ge=1, le=1000)]

    def shorten(self, experiment: Experiment) -> Experiment:
        """Return the experiment with at most so many epochs and seeds."""
        epochs = min(experiment.epochs, self.epochs)
        averaged = min(experiment.averaged_epochs, epochs)
        seeds = experiment.seeds[: self.seeds]
        update = {"epochs": epochs, "averaged_epochs": averaged, "seeds": seeds}
        return experiment.model_copy(update=update)


def _as_list(value: float | list[float]) -> list[float]:
    return value if isinstance(value, list) else [value]


def merge(document: dict[str, Any], name: str) -> Experiment:
    """Return an experiment: its entry over its recipe over ``defaults``, shortened by ``quick``."""
    where, own = f"experiments.{name}", entry(document, "experiments", name)
    recipe = _mapping(own, where).get("recipe")
    if not isinstance(recipe, str):
        allowed = "name an entry of recipes:"
        raise ParamsError(f"{where}.recipe: {shown(recipe)} is not allowed: {allowed}")
    known = _mapping(entry(document, "recipes"), "recipes")
    if recipe not in known:
        hint = suggestion(recipe, [*map(str, known)])
        raise ParamsError(f"{where}.recipe: no entry recipes.{recipe}{hint}")
    settings = merge_recipe(document, recipe)
    experiment = parse(Experiment, {**settings, **own}, where)
    quick = read_quick(document)
    return quick.shorten(experiment) if quick.enabled else experiment


def merge_recipe(document: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the settings of the recipe `name` over ``defaults``, each checked by itself."""
    defaults = _mapping(entry(document, "defaults"), "defaults")
    parse(Defaults, defaults, "defaults")
    settings = {**defaults, **_mapping(entry(document, "recipes", name), f"recipes.{name}")}
    parse(Defaults, settings, f"recipes.{name}")
    return settings


def _mapping(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ParamsError(f"{where}: {shown(value)} is not allowed: write a mapping of keys")
    return value


def read_quick(document: dict[str, Any]) -> Quick:
    """Return the section ``quick``."""
    return parse(Quick, entry(document, "quick"), "quick")


def load_experiment(path: Path, name: str) -> Experiment:
    """Read the experiment `name` from a params file.

    Raises
    ------
    ParamsError
        If there is none, or a value of it is wrong.
    """
    return merge(read_params(path), name)
