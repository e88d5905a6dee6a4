"""What every transform is: typed parameters, an output shape, what it learns, and a function."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from stages.params.loading import Section
from stages.runtime.plugins import find_plugin

Rows = npt.NDArray[Any]  # samples: (n, height, width, channels) pictures or (n, n_features)
Features = npt.NDArray[np.float32]  # (n, n_features)
Learned = dict[str, npt.NDArray[Any]]  # what a transform learned, by names of its own
Shapes = dict[str, tuple[int | None, ...]]  # None where the samples decide


class Transform(Section):
    """A preprocessing step. Its fields are its parameters in params.yaml.

    To add one, put a module with a subclass into this folder; the module's name is the
    transform's name in params.yaml. Other modules may stand beside it.
    """

    learns: ClassVar[bool] = False  # whether `learn` looks at its samples
    elementwise: ClassVar[bool] = False  # whether what was a pixel's value still is

    @abstractmethod
    def n_outputs(self, shape: tuple[int, ...], n_samples: int | None) -> int | None:
        """Return how many features come out of a sample of `shape`.

        Parameters
        ----------
        shape : tuple of int
            (height, width, channels) for a picture, (n_features,) for a vector.
        n_samples : int or None
            How many samples `learn` will see, if that is known.

        Returns
        -------
        int or None
            None if the samples themselves decide.

        Raises
        ------
        ValueError
            If such samples cannot be transformed with these parameters.
        """

    def learn(self, samples: Rows) -> Learned:
        """Return all that `apply` needs to know of (n, *shape) training samples, as arrays."""
        return {}

    def learned_shapes(self, shape: tuple[int, ...]) -> Shapes:
        """Return the shapes of what `learn` gives for samples of `shape`."""
        return {}

    @property
    def scaling(self) -> tuple[float, float] | None:
        """Factor and offset, if every feature is ``byte * factor + offset`` of one of `stored`."""
        return None

    def stored(self, rows: Rows, learned: Learned) -> Rows:
        """Return the (n, n_features) bytes that `scaling` is of."""
        raise NotImplementedError

    @abstractmethod
    def apply(self, rows: Rows, learned: Learned) -> Features:
        """Turn (n, *shape) samples into (n, n_features) float32.

        What becomes of a sample depends on that sample and on `learned` alone: to the last bit,
        whatever other samples are transformed with it.
        """

    def undo(self, features: Features, learned: Learned) -> Rows | None:
        """Return the samples, flat, that have these features, or the nearest; None if none are."""
        return None


def find_transform(name: str, where: str) -> type[Transform]:
    """Return the transform of the module `name`; `where` is the key that names it."""
    return find_plugin(Transform, name, where)


def require_pictures(shape: tuple[int, ...]) -> None:
    """Raise a ValueError unless `shape` is that of a picture, of one channel or three."""
    if len(shape) != 3:
        raise ValueError("this transform needs pictures: set input to <dataset>-raw")
    if shape[2] not in (1, 3):
        raise ValueError(f"this transform needs pictures of 1 or 3 channels, not {shape[2]}")


def require_vectors(shape: tuple[int, ...]) -> None:
    """Raise a ValueError unless `shape` is that of a feature vector."""
    if len(shape) != 1:
        raise ValueError("this transform needs vectors: set input to another entry of features")
