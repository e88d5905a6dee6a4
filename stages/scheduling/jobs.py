"""Fits and trials as jobs, longest first: what each is, and how long it takes beside others."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from stages.data.samples import open_samples
from stages.network.classifier import SoftmaxNetwork
from stages.params.experiment import Experiment
from stages.training.fits import Fit, fits_of, train_fit
from stages.training.search import Fit as Trial
from stages.training.search import Work, score


class Job(NamedTuple):
    """One network to be trained.

    Attributes
    ----------
    label : str
        What a log calls it.
    cost : float
        Multiplications and additions, about.
    call : Fit or Trial
    """

    label: str
    cost: float
    call: Fit | Trial


def training_jobs(name: str, experiment: Experiment, features: Path, folder: Path) -> list[Job]:
    """Return a job for each network of an experiment in which nothing is left to be searched."""
    fits = fits_of(experiment, features, folder)
    labels = [f"seed {seed}" for seed in experiment.seeds] + ["calibration"]
    return [
        Job(f"{name}, {label}", cost_of(fit.settings, fit.features), fit)
        for label, fit in zip(labels, fits, strict=True)
    ]


def search_jobs(name: str, work: Work) -> list[Job]:
    """Return a job for each fit of a search that can run before others are done."""
    return [
        Job(f"{name}, candidate {number}", cost_of(fit.settings, fit.features), fit)
        for number, fit in enumerate(work.first_fits(), start=1)
    ]


def cost_of(settings: dict[str, Any], features: Path) -> float:
    """Return about how many multiplications and additions a fit takes."""
    samples = open_samples(features)
    n_samples = len(samples.labels)
    network = SoftmaxNetwork(**settings)
    products = network.products(samples.values.shape[1], len(samples.class_names))
    return float(settings["epochs"] * n_samples * products)


def run_job(job: Job) -> tuple[Job, float]:
    """Train a network into its checkpoint, or score a candidate; return the job and its seconds."""
    start = time.monotonic()
    if isinstance(job.call, Trial):
        score(job.call)
    else:
        train_fit(job.call)
    return job, time.monotonic() - start


def longest_first(jobs: Iterable[Job]) -> list[Job]:
    """Return jobs in the order in which few processors are idle at the end."""
    return sorted(jobs, key=lambda job: -job.cost)
