"""Stored transforms: what preprocess learned, and the way from raw pictures to features."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field
from threadpoolctl import threadpool_limits

from stages.augmentation.views import View, views_of
from stages.params.loading import Section, parse
from stages.runtime.errors import ParamsError, PipelineError
from stages.runtime.npz import load_npz, save_npz
from stages.transforms.base import Features, Learned, Rows, Transform, find_transform

FORMAT = "transform 1"
Name = Annotated[str, Field(pattern="^[a-z0-9]+(-[a-z0-9]+)*$")]


class Origin(Section):
    """How features are made; stands in their header, and with what was learned.

    Attributes
    ----------
    dataset : str
    input : str
        ``<dataset>-raw``, or the feature set of this dataset whose transform comes before.
    input_shape : tuple of int
        Of one sample of the input.
    transform : str
        The module in `stages.transforms`.
    params : dict
        All of its parameters.
    flip, shift
        The moved pictures that are transformed, too, see `stages.transforms.feature.Feature`.
    """

    dataset: Name
    input: Name
    input_shape: list[int] = Field(min_length=1, max_length=3)
    transform: str
    params: dict[str, Any]
    flip: bool
    shift: int = Field(ge=0)


def raw_name(dataset: str) -> str:
    """Return the name of a dataset's pictures, the input of a first step."""
    return f"{dataset}-raw"


@dataclass(frozen=True)
class Step:
    """One transform with what it learned."""

    origin: Origin
    transform: Transform
    learned: Learned

    def apply(self, rows: Rows) -> Features:
        """Return the features of (n, *input_shape) rows."""
        return self.transform.apply(rows, self.learned)


@dataclass(frozen=True)
class Chain:
    """All steps from the raw pictures of a dataset to a feature set, first to last."""

    steps: list[Step]

    def apply(self, pictures: Rows) -> Features:
        """Return the features of (n, height, width, channels) pictures, uint8."""
        expected = tuple(self.steps[0].origin.input_shape)
        if pictures.shape[1:] != expected:
            raise PipelineError(
                f"pictures of {'x'.join(map(str, pictures.shape[1:]))} do not fit transforms made "
                f"for {'x'.join(map(str, expected))}: resize them"
            )
        rows = pictures
        # One thread, as in preprocess: with more, BLAS would add in another order.
        with threadpool_limits(1):
            for step in self.steps:
                rows = step.apply(rows)
        return rows

    def views_of(self, pictures: Rows) -> list[View]:
        """Return the moved and mirrored pictures that come with the feature set, in its order."""
        return views_of(pictures, self.steps[0].origin.flip, self.steps[0].origin.shift)


def save_step(path: Path, step: Step) -> None:
    """Write one transform with what it learned; the same content gives the same bytes."""
    save_npz(path, {"format": FORMAT, **step.origin.model_dump()}, step.learned)


def load_step(path: Path) -> Step:
    """Read what `save_step` wrote.

    Raises
    ------
    PipelineError
        If the file is missing, damaged, of another version, or its arrays are not what this
        transform learns from such an input.
    """
    header, learned = load_npz(path)
    if (version := header.pop("format", None)) != FORMAT:
        raise PipelineError(
            f"{path} is of another version, {version!r} instead of {FORMAT!r}: run 'dvc repro'"
        )
    try:
        origin = parse(Origin, header, "header")
        kind = find_transform(origin.transform, "transform")
        transform = parse(kind, origin.params, "params")
        shape = tuple(origin.input_shape)
        transform.n_outputs(shape, None)
        _check_learned(learned, transform, shape)
    except (ParamsError, ValueError) as error:
        raise PipelineError(f"{path} is no stored transform ({error}): run 'dvc repro'") from None
    return Step(origin, transform, learned)


def load_chain(folder: Path, name: str) -> Chain:
    """Read the transforms that make a feature set; params.yaml has no say in it.

    Parameters
    ----------
    folder : Path
        Has a file for each feature set of a dataset.
    name : str
        The feature set, such as ``photos-pca``.

    Raises
    ------
    PipelineError
        If a transform is missing or damaged, or they do not fit each other.
    """
    steps = [load_step(folder / f"{name}.npz")]
    names = [name]
    while (before := steps[0].origin.input) != raw_name(steps[0].origin.dataset):
        if before in names:
            raise PipelineError(f"{folder / before}.npz is made from itself: run 'dvc repro'")
        steps.insert(0, load_step(folder / f"{before}.npz"))
        names.insert(0, before)
    for name_before, before_step, step in zip(names, steps, steps[1:], strict=False):
        given = before_step.transform.n_outputs(tuple(before_step.origin.input_shape), None)
        if given is not None and [given] != step.origin.input_shape:
            raise PipelineError(
                f"{folder / name_before}.npz gives {given} features, the next transform takes "
                f"{step.origin.input_shape}: run 'dvc repro'"
            )
    return Chain(steps)


def _check_learned(learned: Learned, transform: Transform, shape: tuple[int, ...]) -> None:
    """Raise a ValueError unless the arrays are those that such a transform learns."""
    expected = transform.learned_shapes(shape)
    if set(learned) != set(expected):
        raise ValueError(f"it has {sorted(learned)}, expected {sorted(expected)}")
    for name, wanted in expected.items():
        array = learned[name]
        fits = len(array.shape) == len(wanted) and all(
            size is None or size == found for size, found in zip(wanted, array.shape, strict=True)
        )
        if not fits or array.dtype.kind != "f" or not np.isfinite(array).all():
            raise ValueError(f"{name} is {array.dtype} of {array.shape}, expected {wanted}")
