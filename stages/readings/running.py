"""Train the networks of all readings, and record what the course report prints of its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from stages.data.samples import Samples, Split, open_samples
from stages.network.epochs import DivergedError, Settings, Training
from stages.network.losses import Floats
from stages.network.model import Network
from stages.network.penalties import Penalty
from stages.readings.design import Forensics, Reading, Run, readings
from stages.readings.factors import Plain
from stages.readings.penalties import L1_STEPS
from stages.readings.storage import CURVES, ReadingRuns
from stages.runtime.cluster import still_wanted
from stages.runtime.npz import load_npz, save_npz
from stages.runtime.parallel import ordered_map
from stages.statistics.units import TO_PERCENT

RULES = {"he": "relu", "lecun": "identity"}  # the activations in front of which each applies


class Job(NamedTuple):
    """One network to train: a reading of a run, with one seed.

    Attributes
    ----------
    number : int
        Its place in the design, which names its file.
    run_name : str
    run : Run
    reading : Reading
    split : Split
        The batches of its training value.
    n_pictures : int
        How many it trains on.
    seed : int
    """

    number: int
    run_name: str
    run: Run
    reading: Reading
    split: Split
    n_pictures: int
    seed: int

    @property
    def label(self) -> str:
        """What the log calls it."""
        return f"{self.run_name}: {self.reading.name}, seed {self.seed}"

    @property
    def size(self) -> int:
        """How long it takes, up to a factor: epochs times training pictures."""
        return self.run.epochs * self.n_pictures

    def path(self, folder: Path) -> Path:
        """Return where its curves are kept until all are done."""
        return folder / f"{self.number:03d}.npz"


def jobs_of(design: Forensics, samples: Samples) -> list[Job]:
    """Return a job for each run, reading and seed, in the order of the design."""
    combinations = [
        (name, run, reading, seed)
        for name, run in design.runs.items()
        for reading in readings(run)
        for seed in design.seeds
    ]
    jobs = []
    for number, (name, run, reading, seed) in enumerate(combinations):
        split = samples.split(reading.values.training)
        n_pictures = len(samples.select(split.train)[1])
        jobs.append(Job(number, name, run, reading, split, n_pictures, seed))
    return jobs


def run_jobs(jobs: list[Job], raw: Path, folder: Path) -> Iterator[Job]:
    """Train the networks whose curves are not in `folder` yet; yield each job when it is done.

    They run side by side in processes, which share the memory of the pictures; the longest are
    started first, so that no process idles for long at the end.

    Parameters
    ----------
    jobs : list of Job
    raw : Path
        The pictures.
    folder : Path
        Gets a file for each job.

    Raises
    ------
    PipelineError
        If a process is killed.
    """
    done = [job for job in jobs if job.path(folder).exists()]
    numbers = {job.number for job in done}
    missing = sorted((job for job in jobs if job.number not in numbers), key=lambda job: -job.size)
    yield from done
    for job, curves in ordered_map(partial(_run_job, raw), missing, len(missing), [raw]):
        save_npz(job.path(folder), {"job": job.label}, curves)
        yield job


def collect(jobs: list[Job], folder: Path) -> list[ReadingRuns]:
    """Return the curves of all jobs, those of a reading's seeds together."""
    collected = []
    for (run, name), group in itertools.groupby(jobs, lambda job: (job.run_name, job.reading.name)):
        seeds = list(group)
        files = [load_npz(job.path(folder))[1] for job in seeds]
        loss, net_loss, accuracy = (np.stack([f[curve] for f in files]) for curve in CURVES)
        changes, values = seeds[0].reading.changes, seeds[0].reading.values.model_dump()
        collected.append(ReadingRuns(run, name, changes, loss, net_loss, accuracy, values))
    return collected


def _run_job(raw: Path, job: Job) -> tuple[Job, dict[str, npt.NDArray[np.float64]]]:
    samples = open_samples(raw)
    return job, train(job.run, job.reading.values, job.split, samples, job.seed)


def train(
    run: Run, values: Plain, split: Split, samples: Samples, seed: int
) -> dict[str, npt.NDArray[np.float64]]:
    """Train one network, and test it after each epoch.

    Its first weights and the order of the samples are those of `SoftmaxNetwork` with this
    `random_state`.

    Returns
    -------
    dict of ndarray of shape (n_epochs,), float64
        ``loss`` and ``net_loss`` in nats, ``accuracy`` on the test pictures in percent. All are
        NaN if the training diverges.
    """
    X, y = samples.select(split.train)
    X_test, y_test = samples.select(split.test)
    X, X_test = inputs(values.pixels, X, X_test)
    generator = np.random.default_rng(seed)
    sizes = [X.shape[1], *run.hidden_layer_sizes, len(samples.class_names)]
    network = first_network(values, sizes, generator)
    training = Training(network, _settings(run, values), generator, _penalty(run, values))
    accuracy = []
    # Raw pixels may overflow in the test just before the loss shows it.
    with threadpool_limits(1, "blas"), np.errstate(over="ignore", invalid="ignore"):
        try:
            for _ in range(run.epochs):
                still_wanted()
                training.run_epoch(X, y)
                right = network.logits(X_test).argmax(axis=1) == y_test
                accuracy.append(TO_PERCENT * float(right.mean()))
        except DivergedError:
            return {curve: np.full(run.epochs, np.nan) for curve in CURVES}
    loss, net_loss = np.array(training.losses, dtype=np.float64).T
    # Contiguous, whatever the layout above: the bytes of the file depend on it.
    return {"loss": loss.copy(), "net_loss": net_loss.copy(), "accuracy": np.array(accuracy)}


def inputs(
    pixels: str, pictures: npt.NDArray[np.generic], test_pictures: npt.NDArray[np.generic]
) -> tuple[Floats, Floats]:
    """Return training and test pictures as the network sees them under one reading.

    Parameters
    ----------
    pixels : {"unit", "raw", "centred"}
    pictures, test_pictures : ndarray of shape (n, height, width, channels), uint8

    Returns
    -------
    tuple of ndarray of shape (n, height * width * channels), float32
        With ``unit`` what the transform `normalize` makes, in the same rounding.
    """
    X, X_test = (
        rows.reshape(len(rows), -1).astype(np.float32) for rows in (pictures, test_pictures)
    )
    if pixels != "raw":
        for rows in (X, X_test):
            rows *= np.float32(1 / 255)
    if pixels == "centred":
        mean = X.mean(axis=0, dtype=np.float64).astype(np.float32)
        for rows in (X, X_test):
            rows -= mean
    return X, X_test


def first_network(values: Plain, sizes: list[int], generator: np.random.Generator) -> Network:
    """Return a network of these layers with the first weights of a reading, float32."""
    scale = None if isinstance(values.rule, str) else values.rule
    rule = RULES.get(str(values.rule), values.activation)
    drawn = Network.initialize(sizes, rule, generator, np.float32, scale)
    return Network.dense(drawn.weights, drawn.biases, values.activation)


def _settings(run: Run, values: Plain) -> Settings:
    return Settings(
        penalty=run.penalty,
        alpha=run.alpha,
        learning_rate=run.learning_rate,
        batch_size=run.batch_size,
        epochs=run.epochs,
        momentum=0.0,
        nesterov=False,
        schedule="constant",
        label_smoothing=0.0,
        last_batch=values.last_batch,
    )


def _penalty(run: Run, values: Plain) -> Penalty | None:
    """Return the penalty of a reading, or None for the one that the settings name."""
    return L1_STEPS[values.l1_step](run.alpha) if values.l1_step else None
