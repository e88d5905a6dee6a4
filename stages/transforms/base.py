"""What every transform is: typed parameters, an output shape, and a fit."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from stages.params.loading import Section
from stages.params.plugins import find_plugin

Rows = npt.NDArray[Any]
Apply = Callable[[Rows], npt.NDArray[np.float32]]


class Transform(Section):
    """A preprocessing step. Its fields are its parameters in params.yaml.

    To add one, put a module with a subclass into this folder; the module's name is the
    transform's name in params.yaml.
    """

    learns: ClassVar[bool] = False  # whether `fit` looks at its samples
    elementwise: ClassVar[bool] = False  # whether what was a pixel's value still is

    @abstractmethod
    def n_outputs(self, shape: tuple[int, ...], n_samples: int) -> int | None:
        """Return how many features come out of a sample of `shape`.

        Parameters
        ----------
        shape : tuple of int
            (32, 32, 3) for a picture, (n_features,) for a vector.
        n_samples : int
            How many samples `fit` will see.

        Returns
        -------
        int or None
            None if the samples themselves decide.

        Raises
        ------
        ValueError
            If such samples cannot be transformed with these parameters.
        """

    @abstractmethod
    def fit(self, samples: Rows) -> Apply:
        """Learn from (n, *shape) training samples; return what maps a block to float32 rows."""


def find_transform(name: str, where: str) -> type[Transform]:
    """Return the transform of the module `name`; `where` is the key that names it."""
    return find_plugin(Transform, name, where)


def require_pictures(shape: tuple[int, ...]) -> None:
    """Raise a ValueError unless `shape` is that of a colour picture."""
    if len(shape) != 3:
        raise ValueError("this transform needs pictures: set input to raw/<dataset>")


def require_vectors(shape: tuple[int, ...]) -> None:
    """Raise a ValueError unless `shape` is that of a feature vector."""
    if len(shape) != 1:
        raise ValueError("this transform needs vectors: set input to features/<name>")
