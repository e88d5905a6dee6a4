"""One entry of ``features:``: which transform is applied to what."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from stages.params.loading import Section, entry, parse, shown
from stages.runtime.errors import ParamsError
from stages.transforms.base import Transform, find_transform
from stages.transforms.chain import Name, Origin, raw_name


class Feature(Section):
    """One step of preprocessing; a chain names the step before it as its input.

    Attributes
    ----------
    dataset : str
        An entry of ``datasets:``, with which the name of this one begins.
    input : str
        ``<dataset>-raw`` or, for a chain, another entry of the dataset.
    transform : str
        The module in `stages.transforms`.
    fit : str, optional
        The split whose training batches the transform is fitted on, if it learns something.
    options : dict
        Parameters that differ from those in ``transforms.<transform>``.
    flip : bool
        Whether the pictures mirrored left to right are transformed too, by this step and by
        those after it, for experiments with ``flip`` or ``average_views``.
    shift : int
        Whether also the pictures moved along the diagonals by so many pixels, in four
        directions, for experiments with ``shift`` or ``average_views``.
    """

    dataset: str
    input: Name
    transform: str
    fit: str | None = None
    options: dict[str, Any] = Field(default_factory=dict)
    flip: bool = False
    shift: Annotated[int, Field(ge=0)] = 0


def merge_feature(document: dict[str, Any], name: str) -> tuple[Feature, Transform]:
    """Return the entry `name` and its transform with all its parameters.

    Raises
    ------
    ParamsError
        If a key is unknown or a value wrong, or if `fit` is missing or pointless.
    """
    where = f"features.{name}"
    feature = parse(Feature, entry(document, "features", name), where)
    kind = find_transform(feature.transform, f"{where}.transform")
    shared = entry(document, "transforms", feature.transform)
    if not isinstance(shared, dict):
        where = f"transforms.{feature.transform}"
        raise ParamsError(f"{where}: {shown(shared)} is not allowed: write a mapping of parameters")
    parse(kind, shared, f"transforms.{feature.transform}")
    transform = parse(kind, {**shared, **feature.options}, f"{where}.options")
    if transform.learns and feature.fit is None:
        raise ParamsError(f"{where}.fit: {feature.transform} learns: name a split")
    if not transform.learns and feature.fit is not None:
        reason = f"{feature.transform} learns nothing: remove this key"
        raise ParamsError(f"{where}.fit: {feature.fit} is not allowed: {reason}")
    for key, value in (("flip", feature.flip), ("shift", feature.shift)):
        if value and feature.input != raw_name(feature.dataset):
            reason = "only pictures (<dataset>-raw) are mirrored and moved"
            raise ParamsError(f"{where}.{key}: {value} is not allowed: {reason}")
    return feature, transform


def origin_of(feature: Feature, transform: Transform, shape: tuple[int, ...]) -> Origin:
    """Return what is stored of how a feature set is made from samples of `shape`."""
    return Origin(
        dataset=feature.dataset,
        input=feature.input,
        input_shape=list(shape),
        transform=feature.transform,
        params=transform.model_dump(),
        flip=feature.flip,
        shift=feature.shift,
    )
