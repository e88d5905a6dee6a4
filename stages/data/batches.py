"""One dataset of several batches: arrays of pictures and labels, joined and checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from stages.data.samples import Samples, Split
from stages.runtime.errors import PipelineError


def join_batches(
    batches: Mapping[str, tuple[npt.ArrayLike, npt.ArrayLike]],
    class_names: list[str],
    splits: dict[str, Split],
) -> Samples:
    """Return the pictures and labels of all batches, which may differ in size, one after another.

    Parameters
    ----------
    batches : dict of str to (array_like, array_like)
        Pictures, (n, height, width, channels) or (n, height, width), and n labels of any integer
        type, by the name of the batch.
    class_names : list of str
    splits : dict of str to Split

    Raises
    ------
    PipelineError
        If there is no batch, or the arrays of one do not fit each other or those of the others.
    """
    if not batches:
        raise PipelineError("a dataset needs one batch or more")
    pictures, labels = {}, {}
    for name, pair in batches.items():
        pictures[name], labels[name] = _as_batch(name, *pair)
    shapes = {name: values.shape[1:] for name, values in pictures.items()}
    first, *others = shapes
    for name in others:
        if shapes[name] != shapes[first]:
            raise PipelineError(
                f"batch {name} has pictures of {shapes[name]}, batch {first} of {shapes[first]}"
            )
    ends = np.cumsum([len(own) for own in labels.values()]).tolist()
    return Samples(
        values=np.concatenate([*pictures.values()]),
        labels=np.concatenate([*labels.values()]).astype(np.int64),
        batches=dict(zip(batches, zip([0, *ends], ends, strict=False), strict=True)),
        splits=splits,
        class_names=class_names,
        picture_shape=shapes[first],
    )


def _as_batch(
    name: str, pictures: npt.ArrayLike, labels: npt.ArrayLike
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return the arrays of one batch, its pictures with an axis of channels."""
    values, own = np.asarray(pictures), np.asarray(labels)
    values = values[..., np.newaxis] if values.ndim == 3 else values
    if values.ndim != 4:
        raise PipelineError(
            f"batch {name} has pictures of shape {values.shape}, which must be (n, height, width) "
            "or (n, height, width, channels)"
        )
    if own.shape != (len(values),):
        raise PipelineError(
            f"batch {name} has {len(values)} pictures and labels of shape {own.shape}"
        )
    if len(own) and own.dtype.kind not in "iu":
        raise PipelineError(f"batch {name} has labels of {own.dtype}, which must be integers")
    return values, own
