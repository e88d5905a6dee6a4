"""One entry of ``features:``: which transform is applied to what."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from stages.params.batches import Batches
from stages.params.loading import Section, entry, parse, shown
from stages.runtime.errors import ParamsError
from stages.transforms.base import Transform, find_transform


class Feature(Section):
    """One step of preprocessing; a chain names the step before it as its input.

    Attributes
    ----------
    input : str
        ``raw/<dataset>`` or ``features/<name of another entry>``.
    transform : str
        The module in `stages.transforms`.
    fit : list of str, optional
        The batches that the transform is fitted on, for the transforms that learn something.
    options : dict
        Parameters that differ from those in ``transforms.<transform>``.
    flip : bool
        Whether the pictures mirrored left to right are transformed too, by this step and by
        those after it, for experiments with ``flip`` or ``average_views``.
    shift : int
        Whether also the pictures moved along the diagonals by so many pixels, in four
        directions, for experiments with ``shift`` or ``average_views``.
    """

    input: Annotated[str, Field(pattern=r"^(raw|features)/[a-z0-9][a-z0-9-]*$")]
    transform: str
    fit: Batches | None = None
    options: dict[str, Any] = Field(default_factory=dict)
    flip: bool = False
    shift: Annotated[int, Field(ge=0, le=16)] = 0


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
        raise ParamsError(f"{where}.fit: {feature.transform} is fitted: name its training batches")
    if not transform.learns and feature.fit is not None:
        reason = f"{feature.transform} learns nothing: remove this key"
        raise ParamsError(f"{where}.fit: {feature.fit} is not allowed: {reason}")
    for key, value in (("flip", feature.flip), ("shift", feature.shift)):
        if value and not feature.input.startswith("raw/"):
            reason = "only pictures (raw/) are mirrored and moved"
            raise ParamsError(f"{where}.{key}: {value} is not allowed: {reason}")
    return feature, transform
