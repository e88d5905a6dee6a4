"""All epochs of a fit: with early stopping, a curve on other samples, and checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from stages.network.checkpoint import Checkpoint, Stateful
from stages.network.early_stopping import EarlyStopping
from stages.network.epochs import Training
from stages.network.losses import Labels
from stages.network.monitor import Monitor


@dataclass
class Fit:
    """A training, and what goes along with it.

    Attributes
    ----------
    training : Training
    stopping : EarlyStopping or None
    monitor : Monitor or None
    verbose : bool
        Whether to print both losses of every epoch, as the course report does.
    """

    training: Training
    stopping: EarlyStopping | None = None
    monitor: Monitor | None = None
    verbose: bool = False

    @property
    def is_done(self) -> bool:
        """Whether no epoch is left."""
        stopped = self.stopping is not None and self.stopping.exhausted
        return stopped or self.training.epoch >= self.training.settings.epochs

    def run(
        self,
        X: npt.NDArray[Any],
        y: Labels,
        views: Sequence[npt.NDArray[Any]],
        rows: npt.NDArray[np.int64] | None,
        checkpoint: Checkpoint | None,
        identity: str,
        on_epoch: Callable[[int], None] | None,
    ) -> None:
        """Go on from where `checkpoint` is to the last epoch; see `SoftmaxNetwork.fit`."""
        parts: list[Stateful] = [p for p in (self.training, self.stopping, self.monitor) if p]
        if checkpoint:
            checkpoint.restore(identity, parts)
        # Once for all epochs: to find the libraries takes as long as an epoch of a small dataset.
        with one_thread():
            while not self.is_done:
                self._run_epoch(X, y, views, rows)
                if checkpoint and (checkpoint.due or self.is_done):
                    checkpoint.save(identity, parts)
                if on_epoch:
                    on_epoch(self.training.epoch)
        if self.stopping:
            self.stopping.put_back(self.training.network)

    def run_epoch(self, X: npt.NDArray[Any], y: Labels) -> None:
        """Go once through all samples."""
        with one_thread():
            self._run_epoch(X, y, (), None)

    def _run_epoch(
        self,
        X: npt.NDArray[Any],
        y: Labels,
        views: Sequence[npt.NDArray[Any]],
        rows: npt.NDArray[np.int64] | None,
    ) -> None:
        training = self.training
        training.run_epoch(X, y, views, rows)
        if self.stopping:
            self.stopping.record(training.network)
        if self.monitor:
            self.monitor.record(training.network, training.epoch, self.is_done)
        if self.verbose:
            loss, net_loss = training.losses[-1]
            print(f"for epoch{training.epoch}, loss is {loss}, net loss is {net_loss}")


def one_thread() -> threadpool_limits:
    """Return a context in which BLAS has one thread.

    The same sums in the same order, whatever else the machine does. Seeds and folds run side by
    side instead.
    """
    return threadpool_limits(1, "blas")
