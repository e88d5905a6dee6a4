"""Which candidate does best on a held-out part of the training samples."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from stages.data.samples import Samples, Split, open_samples
from stages.network.classifier import SoftmaxNetwork
from stages.network.early_stopping import hold_out
from stages.network.epochs import DivergedError
from stages.params.experiment import Experiment
from stages.runtime.cluster import still_wanted
from stages.runtime.digest import digest_of
from stages.runtime.errors import PipelineError
from stages.runtime.files import read_json, write_json
from stages.runtime.parallel import ordered_map

TRIALS = "trials"  # beside the checkpoints: what each fit of a search came to
FRESH = 1000  # added to the seed: networks of the chosen values that had no part in the choice


class Trial(NamedTuple):
    """One candidate on one rung, and how it did.

    Attributes
    ----------
    values : dict
        Settings by name.
    epochs : int
    accuracy : float or None
        Mean over the seeds, on the held-out samples; None if a training diverged.
    """

    values: dict[str, Any]
    epochs: int
    accuracy: float | None


class Outcome(NamedTuple):
    """What a search found.

    Attributes
    ----------
    trials : list of Trial
        Rung by rung, in the order of the candidates.
    chosen : dict
        The values of the highest accuracy on the last rung; of equals, those named first.
    fresh : float or None
        The accuracy of `chosen` on the same held-out samples, with as many new seeds. (The best of
        many is a little lucky, and this is not.)
    """

    trials: list[Trial]
    chosen: dict[str, Any]
    fresh: float | None


NOTHING = Outcome([], {}, None)  # of an experiment in which nothing is searched


class Fit(NamedTuple):
    """One network to be trained and scored, by names of files.

    Attributes
    ----------
    features : Path
    digest : str
        Of the features' content.
    split : Split
    settings : dict
        Arguments of `SoftmaxNetwork`, ``random_state`` among them.
    with_views : bool
    draws : int
        The seed by which samples are held out.
    kept : Path
        A folder in which what comes of it is kept, by the digest of all of the above.
    """

    features: Path
    digest: str
    split: Split
    settings: dict[str, Any]
    with_views: bool
    draws: int
    kept: Path


@dataclass(frozen=True)
class Work:
    """All that the fits of a search have in common.

    Attributes
    ----------
    experiment : Experiment
    features : Path
    kept : Path
        A folder that remembers every fit: a search that was killed goes on, and one with other
        candidates, or after which other seeds are trained, does not do the old ones again.
    """

    experiment: Experiment
    features: Path
    kept: Path

    @cached_property
    def candidates(self) -> list[dict[str, Any]]:
        """The values to choose from."""
        return self.experiment.search.combinations(self.experiment.searched())

    @cached_property
    def rungs(self) -> list[tuple[int, int]]:
        """How many candidates are trained on each rung, and for how many epochs."""
        return self.experiment.search.rungs(len(self.candidates), self.experiment.epochs)

    def fits(self, values: dict[str, Any], epochs: int, seed: int) -> list[Fit]:
        """Return a fit for each seed from `seed` on."""
        experiment = self.experiment.model_copy(update=values)
        settings = {**experiment.network_params(), "epochs": epochs}
        settings["averaged_epochs"] = min(settings["averaged_epochs"], epochs)
        settings["picture_shape"] = self._samples.picture_shape
        return [
            Fit(
                self.features,
                digest_of(self.features),
                self._samples.split(experiment.split),
                {**settings, "random_state": random_state},
                bool(experiment.flip or experiment.shift),
                self.experiment.search.seed,
                self.kept,
            )
            for random_state in range(seed, seed + experiment.search.seeds)
        ]

    def first_fits(self) -> list[Fit]:
        """Return all that can run before others are done: the first rung."""
        epochs, seed = self.rungs[0][1], self.experiment.search.seed
        return [fit for values in self.candidates for fit in self.fits(values, epochs, seed)]

    @cached_property
    def _samples(self) -> Samples:
        return open_samples(self.features)


def search(work: Work) -> Outcome:
    """Train the candidates on a part of the samples, score them on the rest.

    What is held out has ``validation_fraction`` of the samples, in equal shares of each class.

    Raises
    ------
    PipelineError
        If every candidate diverges.
    """
    seed = work.experiment.search.seed
    trials: list[Trial] = []
    left = work.candidates
    for n_candidates, epochs in work.rungs:
        # In the order of the candidates again, so that of equals the one named first is best.
        left = [values for values in work.candidates if values in left[:n_candidates]]
        rung = _try(work, left, epochs, seed)
        trials += rung
        left = [trial.values for trial in sorted(rung, key=_rank)]
    best = min(rung, key=_rank)
    if best.accuracy is None:
        names = ", ".join(work.experiment.searched())
        raise PipelineError(f"every candidate diverges: add smaller ones to {names}")
    (again,) = _try(work, [best.values], best.epochs, seed + FRESH)
    return Outcome(trials, best.values, again.accuracy)


def _try(work: Work, candidates: list[dict[str, Any]], epochs: int, seed: int) -> list[Trial]:
    """Train and score some candidates, all side by side."""
    fits = [fit for values in candidates for fit in work.fits(values, epochs, seed)]
    scores = list(ordered_map(score, fits, len(fits), [work.features]))
    n_seeds = work.experiment.search.seeds
    trials = []
    for values in candidates:
        own, scores = scores[:n_seeds], scores[n_seeds:]
        accuracy = None if None in own else float(np.mean([one for one in own if one is not None]))
        trials.append(Trial(values, epochs, accuracy))
    return trials


def _rank(trial: Trial) -> float:
    return 1.0 if trial.accuracy is None else -trial.accuracy


def score(fit: Fit) -> float | None:
    """Return a network's accuracy on the held-out samples; None if it diverges."""
    split = fit.split.model_dump()
    identity = json.dumps([fit.digest, split, fit.settings, fit.with_views, fit.draws])
    file = fit.kept / f"{hashlib.sha256(identity.encode()).hexdigest()[:32]}.json"
    if file.exists():
        accuracy: float | None = read_json(file)["accuracy"]
        return accuracy
    samples = open_samples(fit.features)
    X, y = samples.select(fit.split.train)
    views = samples.select_views(fit.split.train) if fit.with_views else []
    rows, held_out = hold_out(y, fit.settings["validation_fraction"], fit.draws)
    try:
        network = SoftmaxNetwork(**fit.settings).fit(
            X, y, views=views, rows=rows, on_epoch=still_wanted
        )
        accuracy = float(network.score(X[held_out], y[held_out]))
    except DivergedError:
        accuracy = None
    write_json(file, {"accuracy": accuracy, "settings": fit.settings})
    return accuracy
