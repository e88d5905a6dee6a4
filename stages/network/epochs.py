"""Epochs of mini-batch training, as a state that can be stored and restored."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from stages.network.inputs import Inputs
from stages.network.losses import Floats, Labels
from stages.network.model import Network
from stages.network.optimizers import SGD, changes_in_epochs, learning_rate_at
from stages.network.penalties import PENALTIES, Penalty
from stages.runtime.processor import kind

LAST_BATCHES = ("even", "short", "drop")
ALTERNATING = "alternating"


class DivergedError(ArithmeticError):
    """The loss became infinite or not a number."""


class Settings(NamedTuple):
    """How to train; the fields mean what they mean in `SoftmaxNetwork`."""

    penalty: str
    alpha: float
    learning_rate: float
    batch_size: int
    epochs: int
    momentum: float
    nesterov: bool
    schedule: str
    label_smoothing: float
    flip: bool | str = False
    shift: int = 0
    edges: str = "repeat"
    picture_shape: tuple[int, int, int] | None = None
    averaged_epochs: int = 0
    last_batch: str = "even"
    weight_decay: float = 0.0
    bias_rate: float = 1.0


def batch_slices(n: int, batch_size: int, last_batch: str) -> list[slice]:
    """Cut an epoch of `n` samples into batches of at most `batch_size`.

    Parameters
    ----------
    n, batch_size : int
        One batch of all samples, if there are no more than `batch_size`.
    last_batch : {"even", "short", "drop"}
        What becomes of a remainder. ``even``: batches differ by at most one sample. ``short``:
        the last batch has the remainder alone. ``drop``: it is left out of this epoch.

    Notes
    -----
    A short last batch takes a full step on a noisy gradient right before the network is
    measured. Of 50,000 samples in batches of 256, 80 remain; the report's forensics page has
    the accuracy that this costs, and how much it adds to the spread over the seeds.
    """
    size = min(batch_size, n)
    if last_batch == "even":
        n_batches = math.ceil(n / size)
        edges = [number * n // n_batches for number in range(n_batches + 1)]
    else:
        edges = list(range(0, n + 1, size))
        if last_batch == "short" and edges[-1] < n:
            edges.append(n)
    return [slice(start, end) for start, end in itertools.pairwise(edges)]


class Training:
    """A network on its way: weights, velocities, generator, and the losses so far.

    Parameters
    ----------
    network : Network
        Trained in place.
    settings : Settings
    generator : numpy.random.Generator
        Shuffles the samples of every epoch, mirrors and moves them, and drops units.
    penalty : Penalty, optional
        Used instead of the one that the settings name.

    Attributes
    ----------
    losses : list of (float, float)
        Of each epoch, the total loss and the data loss: the mean cross-entropy over its
        batches, each taken before its own update, with and without the penalty at the end of
        the epoch. (The course report prints them as "loss" and "net loss".)
    processors : set of str
        Kinds of processors that it was on.
    """

    def __init__(
        self,
        network: Network,
        settings: Settings,
        generator: np.random.Generator,
        penalty: Penalty | None = None,
    ) -> None:
        self.network = network
        self.settings = settings
        self.generator = generator
        self.penalty = penalty or PENALTIES[settings.penalty](settings.alpha)
        self.optimizer = SGD(
            network.parameters,
            settings.momentum,
            settings.nesterov,
            settings.weight_decay,
            [1.0] * len(network.weights) + [settings.bias_rate] * len(network.biases),
        )
        self.means = [np.zeros_like(p) for p in network.parameters] if self._averages else []
        self.processors = {kind()}
        self.mirrored: npt.NDArray[np.bool_] | None = None
        self.losses: list[tuple[float, float]] = []

    @property
    def epoch(self) -> int:
        """How many epochs are done."""
        return len(self.losses)

    @property
    def _averages(self) -> bool:
        return self.settings.averaged_epochs > 0

    def run_epoch(
        self,
        X: npt.NDArray[Any],
        y: Labels,
        views: Sequence[npt.NDArray[Any]] = (),
        rows: npt.NDArray[np.int64] | None = None,
    ) -> None:
        """Go once through all samples in a new random order.

        Parameters
        ----------
        X : ndarray of shape (n, n_features)
            May be a read-only memory map: rows are copied a batch at a time.
        y : ndarray of shape (n,), int64
        views : sequence of ndarray of shape (n, n_features)
            See `Inputs`.
        rows : ndarray of int64, optional
            Those that are trained on; all, if it is not given.

        Raises
        ------
        DivergedError
            If the loss is no longer finite.
        """
        settings, network = self.settings, self.network
        rate = self._rate(0.0)
        rows = np.arange(len(X)) if rows is None else rows
        size = min(settings.batch_size, len(rows))
        inputs = Inputs(
            X,
            size,
            network.dtype,
            flip=settings.flip,
            shift=settings.shift,
            edges=settings.edges,
            views=views,
            picture_shape=settings.picture_shape,
        )
        mirrored = self._mirrored(len(X)) if settings.flip == ALTERNATING else None
        slices = batch_slices(len(rows), size, settings.last_batch)
        order, total = rows[self.generator.permutation(len(rows))], 0.0
        # An overflow shows as a loss that is not finite, which is reported once and clearly.
        with np.errstate(over="ignore", invalid="ignore"):
            for number, batch in enumerate(slices):
                chosen = order[batch]
                samples = inputs.batch(chosen, self.generator, mirrored)
                loss = network.backpropagate(
                    samples, y[chosen], self.generator, settings.label_smoothing
                )
                total += loss * len(chosen)
                if changes_in_epochs(settings.schedule):
                    rate = self._rate(number / len(slices))
                gradients = network.gradients
                self.penalty.add_gradients(network.weights, gradients)
                self.optimizer.step(network.parameters, gradients, rate)
                self.penalty.shrink(network.weights, rate)
            data_loss = total / slices[-1].stop
            loss = data_loss + self.penalty.value(network.weights)
        if not np.isfinite(loss):
            raise DivergedError(
                f"the loss is {loss} at epoch {self.epoch + 1} of {settings.epochs}: try a "
                f"learning_rate below {settings.learning_rate}, or standardise the features"
            )
        self.losses.append((loss, data_loss))
        if self._averages:
            self._average()

    def copy(self, network: Network, settings: Settings) -> Training:
        """Return a training of a copy of the network that goes on from here, with other settings.

        This one stays as it is.
        """
        other = Training(network, settings, copy.deepcopy(self.generator))
        if other.optimizer.velocities and self.optimizer.velocities:
            other.optimizer.velocities = [np.array(v) for v in self.optimizer.velocities]
        other.losses = list(self.losses)
        other.mirrored = self.mirrored
        other.processors |= self.processors
        return other

    def _rate(self, progress: float) -> float:
        """Return the learning rate at a part of this epoch."""
        settings = self.settings
        done = (self.epoch + progress) / settings.epochs
        return learning_rate_at(settings.schedule, settings.learning_rate, done)

    def _mirrored(self, n: int) -> npt.NDArray[np.bool_]:
        """Return which of n samples are mirrored in this epoch: not those of the last one.

        In the first epoch, each with probability 1/2 (Jordan, "94% on CIFAR-10 in 3.29 seconds on
        a single GPU", 2024).
        """
        if self.mirrored is None or len(self.mirrored) != n:
            self.mirrored = self.generator.random(n) < 0.5
        return self.mirrored ^ bool(self.epoch % 2)

    def _average(self) -> None:
        """Take the weights into the mean over the last epochs; end with that mean.

        Izmailov et al., "Averaging weights leads to wider optima", 2018.
        """
        n_averaged = self.epoch - (self.settings.epochs - self.settings.averaged_epochs)
        for mean, parameter in zip(self.means, self.network.parameters, strict=True):
            if n_averaged >= 1:
                mean += (parameter - mean) / n_averaged
            if self.epoch == self.settings.epochs:
                parameter[:] = mean

    def state(self) -> tuple[dict[str, Floats], dict[str, Any]]:
        """Return all that is needed to go on bit for bit: arrays, and a value for JSON."""
        arrays = {f"parameter_{i}": p for i, p in enumerate(self.network.parameters)}
        arrays |= {f"velocity_{i}": v for i, v in enumerate(self.optimizer.velocities)}
        arrays |= {f"mean_{i}": m for i, m in enumerate(self.means)}
        arrays |= {f"kept_{i}": k for i, k in enumerate(self.network.kept)}
        if self.mirrored is not None:
            arrays["mirrored"] = self.mirrored.astype(np.float32)
        return arrays, {
            "losses": self.losses,
            "generator": self.generator.bit_generator.state,
            "processors": sorted(self.processors),
        }

    def restore(self, arrays: dict[str, Floats], rest: dict[str, Any]) -> None:
        """Restore a state that `state` gave for the same network and settings."""
        for i, parameter in enumerate(self.network.parameters):
            parameter[:] = arrays[f"parameter_{i}"]
        for i, velocity in enumerate(self.optimizer.velocities):
            velocity[:] = arrays[f"velocity_{i}"]
        for i, mean in enumerate(self.means):
            mean[:] = arrays[f"mean_{i}"]
        for i, kept in enumerate(self.network.kept):
            kept[:] = arrays[f"kept_{i}"]
        mirrored = arrays.get("mirrored")
        self.mirrored = None if mirrored is None else mirrored.astype(bool)
        self.losses = [(loss, data_loss) for loss, data_loss in rest["losses"]]
        self.processors |= set(rest["processors"])
        self.generator.bit_generator.state = rest["generator"]
