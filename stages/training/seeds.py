"""One network per seed, and one of fewer samples: side by side, one BLAS thread each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from joblib import delayed

from stages.network.checkpoint import Checkpoint
from stages.network.classifier import SoftmaxNetwork
from stages.network.epochs import DivergedError
from stages.network.losses import Labels
from stages.network.storage import load_network
from stages.runtime.errors import PipelineError
from stages.runtime.parallel import side_by_side


def network_path(folder: Path, seed: int) -> Path:
    """Return where the network of a seed is kept."""
    return folder / f"seed-{seed}.npz"


def load_seeds(folder: Path, seeds: list[int]) -> list[SoftmaxNetwork]:
    """Return the networks of `seeds`, in that order.

    Raises
    ------
    PipelineError
        If one is missing or damaged.
    """
    return [load_network(network_path(folder, seed))[0] for seed in seeds]


def fit_seeds(
    params: dict[str, Any],
    X: npt.NDArray[Any],
    y: Labels,
    seeds: list[int],
    checkpoints: Path,
    views: Sequence[npt.NDArray[Any]] = (),
    monitor: tuple[npt.NDArray[Any], Labels] | None = None,
    rows: npt.NDArray[np.int64] | None = None,
) -> Iterator[SoftmaxNetwork]:
    """Yield a fitted network for each seed, its `random_state`, in the order of `seeds`.

    With `rows` comes one more at the end, of the first seed and these samples alone.

    Parameters
    ----------
    params : dict
        Arguments of `SoftmaxNetwork`, without `random_state`.
    X : ndarray of shape (n_samples, n_features)
        A memory map is shared between the processes.
    y : ndarray of shape (n_samples,), int64
    seeds : list of int
    checkpoints : Path
        A folder for one checkpoint per seed; left there for the caller to remove.
    views : sequence of ndarray of shape (n_samples, n_features)
    monitor : (ndarray of shape (n, n_features), ndarray of shape (n,)), optional
        See `SoftmaxNetwork.fit`.
    rows : ndarray of int64, optional
        Not watched by `monitor`.

    Raises
    ------
    PipelineError
        If a training diverges, says for which seed; or if its process is killed.
    """
    jobs = [
        delayed(_fit)(
            {**params, "random_state": seed}, X, y, network_path(checkpoints, seed), views, monitor
        )
        for seed in seeds
    ]
    if rows is not None:
        first = {**params, "random_state": seeds[0]}
        path = checkpoints / "fewer-samples.npz"
        jobs.append(delayed(_fit_rows)(rows, first, X, y, path, views))
    return side_by_side(jobs, len(jobs))


def _fit_rows(
    rows: npt.NDArray[np.int64],
    params: dict[str, Any],
    X: npt.NDArray[Any],
    y: Labels,
    path: Path,
    views: Sequence[npt.NDArray[Any]],
) -> SoftmaxNetwork:
    """Fit a part of the samples, which is copied in the process that needs it."""
    return _fit(params, X[rows], y[rows], path, [view[rows] for view in views])


def _fit(
    params: dict[str, Any],
    X: npt.NDArray[Any],
    y: Labels,
    path: Path,
    views: Sequence[npt.NDArray[Any]],
    monitor: tuple[npt.NDArray[Any], Labels] | None = None,
) -> SoftmaxNetwork:
    seed = params["random_state"]
    checkpoint = Checkpoint(path)
    try:
        network = SoftmaxNetwork(**params)
        return network.fit(X, y, views=views, monitor=monitor, checkpoint=checkpoint)
    except DivergedError as error:
        raise PipelineError(f"seed {seed}: {error}") from None
