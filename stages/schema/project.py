"""Check params.yaml as a whole, without touching any data."""

from __future__ import annotations

import functools
import re
from typing import Any

from stages.data.samples import Split
from stages.params.experiment import Experiment, merge, merge_recipe
from stages.params.loading import entry, parse, shown, suggestion
from stages.readings.design import forensics_section, read_forensics, readings
from stages.runtime.errors import ParamsError
from stages.sources.base import Outline, make_source
from stages.transforms.base import Transform, find_transform
from stages.transforms.chain import raw_name
from stages.transforms.feature import Feature, merge_feature

SECTIONS = [
    "datasets",
    "transforms",
    "defaults",
    "quick",
    "recipes",
    "features",
    "experiments",
    "forensics",
]
# A letter first, and no word of YAML: DVC can't name what reads as a number or as a truth value.
NAME = re.compile(r"(?!(?:true|false|null)$)[a-z][a-z0-9]*(-[a-z0-9]+)*")


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
    outlines = {name: source.outline() for name, source in sources.items()}
    for name in _section(document, "transforms"):
        kind = find_transform(str(name), f"transforms.{name}")  # YAML's keys can be anything
        parse(kind, entry(document, "transforms", name), f"transforms.{name}")
    names = _names(document, "features")
    features = {name: merge_feature(document, name) for name in names}
    chains = {name: _chain(name, features, outlines) for name in features}
    _section(document, "defaults")
    for name in _names(document, "recipes"):
        merge_recipe(document, name)
    experiments = {name: merge(document, name) for name in _names(document, "experiments")}
    for name, experiment in experiments.items():
        for one in experiment.alternatives():
            _check_experiment(name, one, chains, outlines)
    for dataset in sources:
        if all(experiment.dataset != dataset for experiment in experiments.values()):
            allowed = "give one experiment this dataset, or remove it"
            raise ParamsError(f"datasets.{dataset}: it has no entry in experiments: {allowed}")
    _check_forensics(document, outlines)


def _check_forensics(document: dict[str, Any], outlines: dict[str, Outline]) -> None:
    for dataset in forensics_section(document):
        if dataset not in outlines:
            hint = suggestion(str(dataset), [*outlines])
            raise ParamsError(f"forensics: no dataset {shown(dataset)}{hint}")
        design = read_forensics(document, dataset)
        for name, run in design.runs.items() if design else ():
            for reading in readings(run):
                where = f"forensics.{dataset}.runs.{name}: training"
                _split(reading.values.training, outlines[dataset], where)


def _split(name: str, outline: Outline, where: str) -> Split:
    if name not in outline.splits:
        hint = suggestion(name, [*outline.splits])
        raise ParamsError(f"{where}: the dataset has no split {name!r}{hint}")
    return outline.splits[name]


def _section(document: dict[str, Any], name: str) -> dict[str, Any]:
    section = entry(document, name)
    if not isinstance(section, dict) or not section:
        raise ParamsError(f"{name}: {shown(section)} is not allowed: write a mapping with entries")
    return section


def _names(document: dict[str, Any], section: str) -> list[str]:
    names = list(_section(document, section))
    for name in names:
        if not isinstance(name, str) or not NAME.fullmatch(name):
            allowed = "a small letter, then letters and digits, with single hyphens between them"
            raise ParamsError(f"{section}: the name {shown(name)} is not allowed: use {allowed}")
    return names


def _chain(
    name: str, features: dict[str, tuple[Feature, Transform]], outlines: dict[str, Outline]
) -> list[Feature]:
    """Return the steps that lead to the feature set `name`, and check that they fit."""
    dataset = features[name][0].dataset
    where = f"features.{name}"
    if dataset not in outlines:
        hint = suggestion(dataset, [*outlines])
        raise ParamsError(f"{where}.dataset: no dataset {dataset!r}{hint}")
    if not name.startswith(f"{dataset}-") or name == raw_name(dataset):
        allowed = f"write {dataset}-<a name other than raw>"
        raise ParamsError(f"{where}: the name must begin with its dataset: {allowed}")
    own = [key for key, (feature, _) in features.items() if feature.dataset == dataset]
    steps: list[str] = [name]
    while (before := features[steps[0]][0].input) != raw_name(dataset):
        where = f"features.{steps[0]}.input"
        if before not in own:
            hint = suggestion(before, [raw_name(dataset), *own])
            raise ParamsError(f"{where}: no features {before!r} of {dataset}{hint}")
        if before in steps:
            raise ParamsError(f"{where}: {before!r} is made from these features themselves")
        steps.insert(0, before)
    _check_shapes(steps, features, outlines[dataset])
    return [features[step][0] for step in steps]


def _check_shapes(
    steps: list[str], features: dict[str, tuple[Feature, Transform]], outline: Outline
) -> None:
    shape: tuple[int, ...] = outline.picture_shape
    _check_shift(features[steps[0]][0].shift, outline, f"features.{steps[0]}")
    for step in steps:
        feature, transform = features[step]
        n_samples: int | None = 0
        if feature.fit is not None:
            split = _split(feature.fit, outline, f"features.{step}.fit")
            n_samples = outline.n_pictures(split.train)
        try:
            n_outputs = transform.n_outputs(shape, n_samples)
        except ValueError as error:
            raise ParamsError(f"features.{step}.transform: {feature.transform}: {error}") from None
        if n_outputs is None:
            return  # how much variance a component carries is not known before the data
        shape = (n_outputs,)


def _check_shift(shift: int, outline: Outline, where: str) -> None:
    height, width, _ = outline.picture_shape
    if shift >= min(height, width):
        allowed = f"below the sides of {height}x{width} pixels"
        raise ParamsError(f"{where}.shift: {shift} is not allowed: it must be {allowed}")


def _check_experiment(
    name: str,
    experiment: Experiment,
    chains: dict[str, list[Feature]],
    outlines: dict[str, Outline],
) -> None:
    where = f"experiments.{name}"
    if experiment.dataset not in outlines:
        hint = suggestion(experiment.dataset, [*outlines])
        raise ParamsError(f"{where}.dataset: no dataset {experiment.dataset!r}{hint}")
    outline = outlines[experiment.dataset]
    wanted = f"{experiment.dataset}-{experiment.preprocessing}"
    prefix = f"{experiment.dataset}-"
    own = [key for key, steps in chains.items() if steps[0].dataset == experiment.dataset]
    if not own:
        allowed = f"add features.{wanted}, or remove it"
        raise ParamsError(f"datasets.{experiment.dataset}: it has no entry in features: {allowed}")
    if wanted not in own:
        hint = suggestion(experiment.preprocessing, [key.removeprefix(prefix) for key in own])
        raise ParamsError(f"{where}.preprocessing: no entry features.{wanted}{hint}")
    train = _split(experiment.split, outline, f"{where}.split").train
    n_training = outline.n_pictures(train)
    if n_training is not None and experiment.batch_size > n_training:
        raise ParamsError(
            f"{where}.batch_size: {experiment.batch_size} is not allowed: at most the "
            f"{n_training} training pictures"
        )
    _check_shift(experiment.shift, outline, where)
    _check_views(where, experiment, chains[wanted])
    for step in chains[wanted]:
        seen = outline.splits[step.fit].train if step.fit is not None else ()
        for batch in seen:
            if batch not in train:
                raise ParamsError(
                    f"{where}.preprocessing: {experiment.preprocessing} is fitted on {batch}, "
                    "which is not among this experiment's training batches"
                )


def _check_views(where: str, experiment: Experiment, chain: list[Feature]) -> None:
    """Check that what is mirrored or moved are pixels, or features that come with such views."""
    pixels = all(_is_elementwise(step.transform) for step in chain)
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


@functools.cache
def _is_elementwise(transform: str) -> bool:
    # To find a transform reads all of their modules: once for each is enough.
    return find_transform(transform, f"transforms.{transform}").elementwise
