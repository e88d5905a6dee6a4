"""What all layers have in common."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from stages.network.losses import Floats

MANY = 64  # maps from which on compiled functions are worth their start, in a prediction


class Buffers:
    """Arrays that are made once, for the largest shape that was asked for.

    To allocate them for every batch costs more than all element-wise work together.
    """

    def __init__(self) -> None:
        self._arrays: dict[str, npt.NDArray[Any]] = {}

    def get(
        self, name: str, shape: tuple[int, ...], dtype: npt.DTypeLike, fill: float | None = None
    ) -> Any:
        """Return the array `name`, of any content; with `fill`, a new one has it everywhere."""
        size = math.prod(shape)
        array = self._arrays.get(name)
        if array is None or array.size < size or array.dtype != dtype:
            array = np.empty(size, dtype) if fill is None else np.full(size, fill, dtype)
            self._arrays[name] = array
        return array[:size].reshape(shape)


class Layer:
    """A function y = f(x) that may have weights and a bias.

    Samples are rows (n, features), or maps (height, width, n, channels): pictures of a batch lie
    beside each other, so that the same place of all of them is contiguous.

    Attributes
    ----------
    weight, bias : ndarray or None
        What is learned; changed in place.
    weight_gradient, bias_gradient : ndarray
        Of the mean loss; there after `backward`.
    kept : dict of ndarray
        What else is needed to go on or to predict, such as running means; changed in place.
    keeps_output : bool
        Whether `backward` needs what `forward` returned.
    overwrites : bool
        Whether a training step may overwrite x: not if the layer before keeps its output.
    """

    weight_gradient: Floats
    bias_gradient: Floats
    keeps_output = False
    overwrites = True

    def __init__(self, weight: Floats | None = None, bias: Floats | None = None) -> None:
        self.weight = weight
        self.bias = bias
        self.kept: dict[str, Floats] = {}
        self._buffers = Buffers()

    @property
    def name(self) -> str:
        """Its name in a list of layers; none if it is not written there."""
        return ""

    @property
    def products(self) -> int:
        """About how many multiplications a sample takes, where that matters."""
        return 0

    @property
    def learns(self) -> bool:
        """Whether it has weights or a bias."""
        return self.weight is not None or self.bias is not None

    def apply(self, x: Floats) -> Floats:
        """Return f(x) in a prediction; x may be overwritten.

        The layer stays as it is, so that several threads can predict.
        """
        raise NotImplementedError

    def forward(self, x: Floats, generator: np.random.Generator | None) -> Floats:
        """Return f(x) in a training step; keep what `backward` needs.

        Parameters
        ----------
        x : ndarray
            Overwritten by some layers, here or in `backward`, if `overwrites` says so.
        generator : numpy.random.Generator or None
            Draws what is random in the layer.
        """
        raise NotImplementedError

    def backward(self, delta: Floats, wanted: bool) -> Floats:
        """Return the gradient with respect to x, from that with respect to f(x).

        It sets the gradients of what the layer learns, too. `delta` may be overwritten; where
        the gradient is not `wanted`, it is not computed, and `delta` comes back.
        """
        raise NotImplementedError

    def _in_place(self, x: Floats) -> Floats:
        """Return x if it may be overwritten, else a copy."""
        if self.overwrites:
            return x
        y: Floats = self._buffers.get("y", x.shape, x.dtype)
        y[:] = x
        return y

    def __getstate__(self) -> dict[str, Any]:
        """Return what makes the layer, without what a training step left."""
        left = {"weight_gradient", "bias_gradient", "where"}
        state = {k: v for k, v in vars(self).items() if k not in left and not k.startswith("_")}
        return {**state, "_buffers": Buffers()}

    def forget(self) -> None:
        """Free what a training step left."""
        self.__dict__ = self.__getstate__()
