"""One entry of ``experiments:``, merged over ``defaults:``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from stages.network.layer_names import check_layers
from stages.params.candidates import OR_CANDIDATES, Candidates, Search
from stages.params.loading import Section, entry, parse, read_params, shown, suggestion
from stages.runtime.errors import ParamsError

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Strength = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, lt=1)]
Count = Annotated[int, Field(ge=1)]
Units = Annotated[int, Field(ge=1, le=16384)]
MOST_SHIFT = 64
# Lists of these are candidates, too: they were before there were others.
LISTED = ("alpha", "learning_rate", "momentum", "dropout", "label_smoothing")


class Defaults(Section):
    """How to train and test, unless an experiment says otherwise.

    `split` names one of the dataset's splits. The fields from `hidden_layer_sizes` to
    `validation_fraction` are those of `stages.network.classifier.SoftmaxNetwork` and mean the same
    there; where they are `Candidates`, or lists of numbers, `search` chooses. With
    `average_views` the probabilities of a test picture and of its mirror image, or of all views
    that its features come with, are averaged; with `average_shift` both also moved by so many
    pixels along the diagonals.
    """

    split: str
    hidden_layer_sizes: Annotated[list[Units], OR_CANDIDATES]
    activation: Annotated[Literal["identity", "relu", "tanh"], OR_CANDIDATES]
    layers: Annotated[list[str] | None, OR_CANDIDATES]
    logit_scale: Annotated[Positive, OR_CANDIDATES]
    penalty: Annotated[Literal["none", "l1", "l2"], OR_CANDIDATES]
    alpha: Annotated[Strength | Annotated[list[Strength], Field(min_length=2)], OR_CANDIDATES]
    learning_rate: Annotated[
        Positive | Annotated[list[Positive], Field(min_length=2)], OR_CANDIDATES
    ]
    batch_size: Annotated[Count, OR_CANDIDATES]
    last_batch: Annotated[Literal["even", "short", "drop"], OR_CANDIDATES]
    epochs: Annotated[int, Field(ge=1, le=1_000_000)]
    momentum: Annotated[Share | Annotated[list[Share], Field(min_length=2)], OR_CANDIDATES]
    nesterov: Annotated[bool, OR_CANDIDATES]
    schedule: Annotated[Literal["constant", "step", "cosine", "triangle"], OR_CANDIDATES]
    weight_decay: Annotated[Strength, OR_CANDIDATES]
    bias_rate: Annotated[Positive, OR_CANDIDATES]
    dropout: Annotated[Share | Annotated[list[Share], Field(min_length=2)], OR_CANDIDATES]
    label_smoothing: Annotated[Share | Annotated[list[Share], Field(min_length=2)], OR_CANDIDATES]
    weight_scale: Annotated[Positive | None, OR_CANDIDATES]
    flip: Annotated[bool | Literal["alternating"], OR_CANDIDATES]
    shift: Annotated[Annotated[int, Field(ge=0)], OR_CANDIDATES]
    edges: Annotated[Literal["repeat", "reflect"], OR_CANDIDATES]
    averaged_epochs: Annotated[Annotated[int, Field(ge=0)], OR_CANDIDATES]
    early_stopping: bool
    validation_fraction: Annotated[float, Field(gt=0, lt=1)]
    average_views: bool
    average_shift: Annotated[int, Field(ge=0, le=MOST_SHIFT)]
    search: Search
    seeds: Annotated[list[Annotated[int, Field(ge=0, lt=2**32)]], Field(min_length=1)]

    def searched(self) -> dict[str, Candidates]:
        """Return the settings that are to be chosen, with what they may be."""
        found = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, Candidates):
                found[name] = value
            elif name in LISTED and isinstance(value, list):
                found[name] = Candidates(choice=value)
        return found


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
        for name in ("seeds", *LISTED):
            values = getattr(self, name)
            if isinstance(values, list) and len(set(values)) < len(values):
                raise ValueError(f"{name}: {values} is not allowed: it names one value twice")
        if self.searched():
            self.alternatives()
            return self
        dense = bool(self.hidden_layer_sizes or self.dropout)
        check_layers(self.layers, dense, self.averaged_epochs)
        if self.penalty == "none" and self.alpha:
            raise ValueError(f"alpha: {self.alpha} is not allowed: it needs a penalty, l1 or l2")
        if self.penalty != "none" and not self.alpha:
            needs = f"penalty {self.penalty} needs an alpha above 0"
            raise ValueError(f"alpha: {self.alpha} is not allowed: {needs}")
        if self.dropout and not (self.hidden_layer_sizes or self.layers):
            raise ValueError(f"dropout: {self.dropout} is not allowed: it needs a hidden layer")
        if self.average_shift and not self.average_views:
            needs = "it needs average_views"
            raise ValueError(f"average_shift: {self.average_shift} is not allowed: {needs}")
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov: True is not allowed: it needs a momentum above 0")
        if self.averaged_epochs > self.epochs:
            allowed = f"at most the {self.epochs} epochs"
            raise ValueError(f"averaged_epochs: {self.averaged_epochs} is not allowed: {allowed}")
        if self.averaged_epochs and self.early_stopping:
            raise ValueError("early_stopping: True is not allowed: weights are averaged instead")
        return self

    def alternatives(self) -> list[Experiment]:
        """Return the experiment with each candidate's values; itself, if nothing is searched.

        Raises
        ------
        ValueError
            If one of them is not allowed.
        """
        searched = self.searched()
        if not searched:
            return [self]
        plain = self.model_dump(exclude=set(searched))
        found = []
        for candidate in self.search.combinations(searched):
            try:
                found.append(type(self).model_validate({**plain, **candidate}))
            except ValidationError as error:
                mistake = error.errors()[0]
                message = mistake["msg"].removeprefix("Value error, ")
                key = "".join(f"{part}: " for part in mistake["loc"][:1])
                wrong = f"{shown(mistake['input'])} is not allowed: " if key else ""
                raise ValueError(f"{key}{wrong}{message}") from None
        return found

    def network_params(self) -> dict[str, Any]:
        """Return the fields that are constructor arguments of `SoftmaxNetwork`."""
        ours = {"dataset", "preprocessing", "recipe", "split", "seeds", "average_views"}
        ours |= {"average_shift", "search"}
        return self.model_dump(exclude=ours)


class Quick(Section):
    """Fewer epochs and seeds for every experiment, to try things; the reports say so."""

    enabled: bool
    epochs: Annotated[int, Field(ge=1, le=1_000_000)]
    seeds: Annotated[int, Field(ge=1, le=1000)]

    def shorten(self, experiment: Experiment) -> Experiment:
        """Return the experiment with at most so many epochs and seeds."""
        epochs = min(experiment.epochs, self.epochs)
        update = {"epochs": epochs, "seeds": experiment.seeds[: self.seeds]}
        if isinstance(experiment.averaged_epochs, int):
            update["averaged_epochs"] = min(experiment.averaged_epochs, epochs)
        return experiment.model_copy(update=update)


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
    experiment = parse(Experiment, _over(settings, own), where)
    quick = read_quick(document)
    return quick.shorten(experiment) if quick.enabled else experiment


def merge_recipe(document: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the settings of the recipe `name` over ``defaults``, each checked by itself."""
    defaults = _mapping(entry(document, "defaults"), "defaults")
    parse(Defaults, defaults, "defaults")
    settings = _over(defaults, _mapping(entry(document, "recipes", name), f"recipes.{name}"))
    parse(Defaults, settings, f"recipes.{name}")
    return settings


def _over(settings: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Lay an entry over settings; of `search`, each key by itself."""
    merged = {**settings, **own}
    if isinstance(own.get("search"), dict) and isinstance(settings["search"], dict):
        merged["search"] = {**settings["search"], **own["search"]}
    return merged


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
