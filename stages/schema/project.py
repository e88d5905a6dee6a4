"""Check params.yaml as a whole, without touching any data."""

from __future__ import annotations

import re
from typing import Any

from stages.data.batches import PICTURE_SHAPE
from stages.params.experiment import Experiment, merge
from stages.params.loading import entry, parse, shown, suggestion
from stages.readings.design import forensics_section, read_forensics
from stages.runtime.errors import ParamsError
from stages.schema.feature import Feature, merge_feature
from stages.sources.base import Source, make_source
from stages.transforms.base import Transform, find_transform

SECTIONS = ["datasets", "transforms", "defaults", "quick", "features", "experiments", "forensics"]
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def check_project(document: dict[str, Any]) -> None:
    """Check every value of a params file, and every name that one entry has for another.

    Raises
    ------
    ParamsError
        At the first mistake, with its key, its value and what is allowed.
    """
    for key in document:
        if key not in SECTIONS:
            raise ParamsError(f"{key}: unknown section{suggestion(str(key), SECTIONS)}")
    sources = {name: make_source(document, name) for name in _names(document, "datasets")}
    for name in _section(document, "transforms"):
        kind = find_transform(name, f"transforms.{name}")
        parse(kind, entry(document, "transforms", name), f"transforms.{name}")
    names = _names(document, "features")
    features = {name: merge_feature(document, name) for name in names}
    chains = {name: _chain(name, features, sources) for name in features}
    _section(document, "defaults")
    for name in _names(document, "experiments"):
        _check_experiment(name, merge(document, name), chains, sources)
    for dataset in forensics_section(document):
        if dataset not in sources:
            hint = suggestion(str(dataset), [*sources])
            raise ParamsError(f"forensics: no dataset {shown(dataset)}{hint}")
        read_forensics(document, dataset)


def _section(document: dict[str, Any], name: str) -> dict[str, Any]:
    section = entry(document, name)
    if not isinstance(section, dict) or not section:
        raise ParamsError(f"{name}: {shown(section)} is not allowed: write a mapping with entries")
    return section


def _names(document: dict[str, Any], section: str) -> list[str]:
    names = list(_section(document, section))
    for name in names:
        if not isinstance(name, str) or not NAME.fullmatch(name):
            allowed = "small letters and digits in groups, with single hyphens between them"
            raise ParamsError(f"{section}: the name {shown(name)} is not allowed: use {allowed}")
    return names


def _chain(
    name: str, features: dict[str, tuple[Feature, Transform]], sources: dict[str, Source]
) -> list[Feature]:
    """Return the steps that lead to the feature set `name`, and check that they fit."""
    steps: list[str] = [name]
    while (origin := features[steps[0]][0].input.split("/"))[0] == "features":
        where = f"features.{steps[0]}.input"
        if origin[1] not in features:
            # Only features of the same dataset are possible inputs, and listing all is too long.
            own = [key for key in features if key.startswith(name.partition("-")[0])]
            raise ParamsError(f"{where}: no features {origin[1]!r}{suggestion(origin[1], own)}")
        if origin[1] in steps:
            raise ParamsError(f"{where}: {origin[1]!r} is made from these features themselves")
        steps.insert(0, origin[1])
    dataset = origin[1]
    if dataset not in sources:
        where = f"features.{steps[0]}.input"
        raise ParamsError(f"{where}: no dataset {dataset!r}{suggestion(dataset, [*sources])}")
    # An experiment finds its features by this prefix, of all datasets' names the longest.
    prefixes = [own for own in sources if name.startswith(f"{own}-")]
    if max(prefixes, key=len, default="") != dataset:
        raise ParamsError(f"features: the name {name!r} must begin with its dataset: {dataset}-")
    _check_shapes(steps, features, sources[dataset].pictures_per_batch)
    return [features[step][0] for step in steps]


def _check_shapes(
    steps: list[str], features: dict[str, tuple[Feature, Transform]], pictures_per_batch: int
) -> None:
    shape: tuple[int, ...] = PICTURE_SHAPE
    for step in steps:
        feature, transform = features[step]
        n_samples = pictures_per_batch * len(feature.fit or [])
        try:
            n_outputs = transform.n_outputs(shape, n_samples)
        except ValueError as error:
            raise ParamsError(f"features.{step}.transform: {feature.transform}: {error}") from None
        if n_outputs is None:
            return  # how much variance a component carries is not known before the data
        shape = (n_outputs,)


def _check_experiment(
    name: str,
    experiment: Experiment,
    chains: dict[str, list[Feature]],
    sources: dict[str, Source],
) -> None:
    where = f"experiments.{name}"
    if experiment.dataset not in sources:
        hint = suggestion(experiment.dataset, [*sources])
        raise ParamsError(f"{where}.dataset: no dataset {experiment.dataset!r}{hint}")
    wanted = f"{experiment.dataset}-{experiment.preprocessing}"
    if wanted not in chains:
        prefix = f"{experiment.dataset}-"
        known = [key.removeprefix(prefix) for key in chains if key.startswith(prefix)]
        hint = suggestion(experiment.preprocessing, known)
        raise ParamsError(f"{where}.preprocessing: no entry features.{wanted}{hint}")
    n_training = sources[experiment.dataset].pictures_per_batch * len(experiment.train)
    if experiment.batch_size > n_training:
        raise ParamsError(
            f"{where}.batch_size: {experiment.batch_size} is not allowed: at most the "
            f"{n_training} training pictures"
        )
    _check_views(where, experiment, chains[wanted])
    for step in chains[wanted]:
        for batch in step.fit or []:
            if batch not in experiment.train:
                raise ParamsError(
                    f"{where}.preprocessing: {experiment.preprocessing} is fitted on {batch}, "
                    "which is not among this experiment's training batches"
                )


def _check_views(where: str, experiment: Experiment, chain: list[Feature]) -> None:
    """Check that what is mirrored or moved are pixels, or features that come with such views."""
    pixels = all(find_transform(step.transform, where).elementwise for step in chain)
    name = f"features.{experiment.dataset}-{experiment.preprocessing}"
    first = chain[0]
    for key in ("flip", "shift"):
        value, given = getattr(experiment, key), getattr(first, key)
        if (first.flip or first.shift) and (experiment.flip or experiment.shift):
            if value != given:
                reason = f"{name} come with {key}: {given}; train on all of their views or on none"
                raise ParamsError(f"{where}.{key}: {value} is not allowed: {reason}")
        elif value and not pixels:
            reason = f"{name} are no pixels; give the first of its features '{key}: {value}'"
            raise ParamsError(f"{where}.{key}: {value} is not allowed: {reason}")
    if experiment.average_views and not (pixels or first.flip or first.shift):
        raise ParamsError(
            f"{where}.average_views: True is not allowed: {name} are no pixels; give the first of "
            "its features 'flip: true' or a shift"
        )
