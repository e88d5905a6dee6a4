"""The fits of an experiment, as calls that any process can make: by names of files, no arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from stages.data.samples import Split, open_samples
from stages.network.checkpoint import Checkpoint
from stages.network.classifier import SoftmaxNetwork
from stages.network.epochs import DivergedError
from stages.network.losses import Labels
from stages.params.experiment import Experiment
from stages.runtime.cluster import still_wanted
from stages.runtime.errors import PipelineError
from stages.runtime.parallel import ordered_map
from stages.runtime.processes import sole_writer
from stages.training.calibration import held_out_rows


class Fit(NamedTuple):
    """One network to be trained.

    Attributes
    ----------
    features : Path
        The feature set.
    split : Split
        Of its batches.
    settings : dict
        Arguments of `SoftmaxNetwork`, ``random_state`` among them.
    checkpoint : Path
        Where its state is kept; what was trained there is not trained again.
    with_views : bool
        Whether it trains on mirrored and moved pictures.
    for_calibration : bool
        Whether samples are left out, which `held_out_rows` names, and none of the test batches
        are watched.
    """

    features: Path
    split: Split
    settings: dict[str, Any]
    checkpoint: Path
    with_views: bool
    for_calibration: bool = False


def checkpoint_folder(checkpoints: Path, name: str, experiment: Experiment) -> Path:
    """Return where an experiment's fits are kept until all are done: other settings, another."""
    digest = hashlib.sha256(experiment.model_dump_json().encode()).hexdigest()
    return checkpoints / f"{name}-{digest[:16]}"


def fits_of(experiment: Experiment, features: Path, folder: Path) -> list[Fit]:
    """Return a fit for each seed, and the one that leaves samples out for the calibration.

    Parameters
    ----------
    experiment : Experiment
        In which nothing is left to be searched.
    features : Path
    folder : Path
        Gets a checkpoint for each.
    """
    samples = open_samples(features)
    split = samples.split(experiment.split)
    settings = {**experiment.network_params(), "picture_shape": samples.picture_shape}
    with_views = bool(experiment.flip or experiment.shift)
    fits = [
        Fit(
            features,
            split,
            {**settings, "random_state": seed},
            folder / f"seed-{seed}.npz",
            with_views,
        )
        for seed in experiment.seeds
    ]
    fewer = fits[0]._replace(checkpoint=folder / "fewer-samples.npz", for_calibration=True)
    return [*fits, fewer]


def networks_of(fits: list[Fit]) -> Iterator[SoftmaxNetwork]:
    """Yield the network of each fit, in order; they are trained side by side.

    Raises
    ------
    PipelineError
        If a training diverges, says for which seed; or if its process is killed.
    """
    return ordered_map(train_fit, fits, len(fits), [fits[0].features])


def train_fit(fit: Fit) -> SoftmaxNetwork:
    """Train a network, from where its checkpoint is."""
    samples = open_samples(fit.features)
    X, y = samples.select(fit.split.train)
    rows, monitor = None, None
    if fit.for_calibration:
        rows, _ = held_out_of(fit, y)
    else:  # the test batch is for a curve, and for nothing else
        monitor = samples.select(fit.split.test)
    views = samples.select_views(fit.split.train) if fit.with_views else []
    checkpoint = Checkpoint(fit.checkpoint)
    network = SoftmaxNetwork(**fit.settings)
    try:
        # Not the lock of the checkpoint itself, which is for the moment of writing.
        with sole_writer(fit.checkpoint.with_suffix(".fit")):
            return network.fit(
                X,
                y,
                views=views,
                rows=rows,
                monitor=monitor,
                checkpoint=checkpoint,
                on_epoch=still_wanted,
            )
    except DivergedError as error:
        raise PipelineError(f"seed {fit.settings['random_state']}: {error}") from None


def held_out_of(fit: Fit, y: Labels) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the rows that a fit for the calibration trains on, and those that it leaves out."""
    return held_out_rows(y, fit.settings["validation_fraction"], fit.settings["random_state"])
