"""Try every combination of candidate values on a held-out part of the training samples."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from joblib import delayed
from sklearn.model_selection import train_test_split

from stages.network.classifier import SoftmaxNetwork
from stages.network.epochs import DivergedError
from stages.network.losses import Labels
from stages.runtime.errors import PipelineError
from stages.runtime.parallel import side_by_side

N_SEEDS = 2  # of the experiment's own, for each combination


class Trial(NamedTuple):
    """One combination of candidate values, and how it did.

    Attributes
    ----------
    values : dict
        Hyperparameters by name.
    accuracy : float or None
        Mean validation accuracy over the seeds; None if a training diverged.
    """

    values: dict[str, float]
    accuracy: float | None


def candidates(params: dict[str, Any]) -> dict[str, list[float]]:
    """Return the parameters that are given as a list of values to choose from."""
    names = ("learning_rate", "alpha", "momentum", "dropout", "label_smoothing")
    return {name: params[name] for name in names if isinstance(params.get(name), list)}


def search(
    params: dict[str, Any],
    X: npt.NDArray[Any],
    y: Labels,
    seeds: list[int],
    views: Sequence[npt.NDArray[Any]] = (),
) -> list[Trial]:
    """Train each combination on a part of the samples, score it on the rest.

    Parameters
    ----------
    params : dict
        Arguments of `SoftmaxNetwork`; those that `candidates` looks at may be lists.
    X : ndarray of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,), int64
    seeds : list of int
        The first `N_SEEDS` are trained; the first also draws the held-out part, which has
        ``validation_fraction`` of the samples, in equal shares of each class.
    views : sequence of ndarray of shape (n_samples, n_features)
        See `SoftmaxNetwork.fit`.

    Returns
    -------
    list of Trial
        In the order of the candidates.

    Raises
    ------
    PipelineError
        If every combination diverges.
    """
    lists = candidates(params)
    combinations = [
        dict(zip(lists, values, strict=True)) for values in itertools.product(*lists.values())
    ]
    share = params["validation_fraction"]
    parts = train_test_split(X, y, *views, test_size=share, stratify=y, random_state=seeds[0])
    jobs = (
        delayed(_score)({**params, **values, "random_state": seed}, *parts)
        for values in combinations
        for seed in seeds[:N_SEEDS]
    )
    scores = list(side_by_side(jobs, len(combinations) * N_SEEDS))
    trials = []
    for values in combinations:
        of_seeds = [scores.pop(0) for _ in seeds[:N_SEEDS]]
        trials.append(Trial(values, None if None in of_seeds else float(np.mean(of_seeds))))
    if all(trial.accuracy is None for trial in trials):
        raise PipelineError(f"every candidate diverges: add smaller ones to {', '.join(lists)}")
    return trials


def best(trials: list[Trial]) -> dict[str, float]:
    """Return the values of the highest accuracy; of equals, the one named first."""
    return max(trials, key=lambda t: -1.0 if t.accuracy is None else t.accuracy).values


def _score(
    params: dict[str, Any],
    X: npt.NDArray[Any],
    held_out: npt.NDArray[Any],
    y: Labels,
    held_out_y: Labels,
    *views: npt.NDArray[Any],
) -> float | None:
    try:
        network = SoftmaxNetwork(**params).fit(X, y, views=views[::2])  # the odd ones are held out
        return float(network.score(held_out, held_out_y))
    except DivergedError:
        return None
