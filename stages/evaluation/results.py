"""What evaluate wrote about the experiments of one dataset."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from stages.evaluation.predictions import Predictions, load_predictions
from stages.params.experiment import Defaults, Experiment, merge
from stages.params.loading import entry
from stages.runtime.errors import PipelineError
from stages.runtime.files import read_json
from stages.statistics.comparisons import Runs
from stages.statistics.units import TO_PERCENT

SIGNS = {"accuracy": 1.0, "gap": -1.0}  # how measures made of answers change with the accuracy
SHARED = (
    "split",
    "hidden_layer_sizes",
    "batch_size",
    "last_batch",
    "dropout",
    "flip",
    "shift",
    "early_stopping",
)


@dataclass(frozen=True)
class Result:
    """One experiment and what came of it.

    Attributes
    ----------
    name : str
    experiment : Experiment
        With the values that were chosen, where there were candidates.
    scores : dict
        All that `evaluate` measured, the content of ``<name>.json``.
    predictions : Predictions
        Predicted classes, true ones, learning curves, and weights.
    settings : dict
        Every setting of training and testing that differs from the defaults.
    """

    name: str
    experiment: Experiment
    scores: dict[str, Any]
    predictions: Predictions
    settings: dict[str, Any]

    @property
    def short_name(self) -> str:
        """The name without its dataset's."""
        return self.name.removeprefix(f"{self.experiment.dataset}-")

    @property
    def accuracy(self) -> float:
        """Mean accuracy on the test batches over the seeds."""
        return float(self.scores["accuracy"]["mean"])

    @property
    def class_names(self) -> list[str]:
        """Names of the classes in the order of their indices."""
        return [row["class"] for row in self.scores["per_class"]]

    @property
    def correct(self) -> npt.NDArray[np.bool_]:
        """Whether each answer, (n_seeds, n_test), was right."""
        right: npt.NDArray[np.bool_] = self.predictions.predicted == self.predictions.labels
        return right

    @property
    def n_seeds(self) -> int:
        """How many networks were trained."""
        return len(self.predictions.predicted)

    @property
    def n_pictures(self) -> int:
        """How many pictures it was tested on."""
        return len(self.predictions.labels)

    def has_pictures_of(self, other: Result) -> bool:
        """Whether both were tested on the same pictures."""
        return self.predictions.test == other.predictions.test

    def is_paired_with(self, other: Result) -> bool:
        """Whether runs of one seed share their draws: the order of the samples, first weights.

        They do where the same numbers are drawn for arrays of the same shapes; a seed is no
        bond between networks of different shapes.
        """
        mine, others = self.experiment, other.experiment
        return (
            mine.seeds == others.seeds
            and self.scores["n_features"] == other.scores["n_features"]
            and all(getattr(mine, name) == getattr(others, name) for name in SHARED)
        )

    def runs(self, measure: str) -> Runs:
        """Return a measure for each seed and, if it is made of them, the answers."""
        sign = SIGNS.get(measure)
        return Runs(
            self.per_seed(measure),
            None if sign is None else self.correct,
            1.0 if sign is None else sign,
        )

    def per_seed(
        self, measure: str, epoch: int | None = None, since: int | None = None
    ) -> npt.NDArray[np.float64]:
        """Return one number for each seed.

        Parameters
        ----------
        measure : str
            A share in the scores, the ``gap`` of training and test accuracy, or the
            ``pruning_cost``, in percent; ``largest_logit`` in nats; or, with an epoch, ``loss``
            or ``net_loss`` in nats.
        epoch, since : int, optional
            Counted from 0; with `since`, the change of the loss from there to `epoch`.

        Returns
        -------
        ndarray of shape (n_seeds,)
            With NaN where an epoch was not reached.
        """
        if epoch is not None:
            curves: npt.NDArray[np.float64] = getattr(self.predictions, measure)
            beyond = epoch >= curves.shape[1]
            if beyond:
                return np.full(len(curves), np.nan)
            return curves[:, epoch] - (0 if since is None else curves[:, since])
        if measure == "gap":
            return self.per_seed("train_accuracy") - self.per_seed("accuracy")
        if measure == "pruning_cost":
            return self.per_seed("accuracy") - self.per_seed("pruned_accuracy")
        factor = 1 if measure == "largest_logit" else TO_PERCENT
        return factor * np.array([row[measure] for row in self.scores["per_seed"]])


def load_results(document: dict[str, Any], dataset: str, folder: Path) -> list[Result]:
    """Return the results of `dataset`'s experiments, in the order of params.yaml.

    Files of experiments that params.yaml no longer names are left alone.

    Parameters
    ----------
    document : dict
        The content of params.yaml.
    dataset : str
    folder : Path
        Has a .json file of scores and an .npz file of answers for each experiment.

    Raises
    ------
    PipelineError
        If an experiment has no results, or the dataset has no experiment.
    """
    results = []
    for name in entry(document, "experiments"):
        experiment = merge(document, name)
        if experiment.dataset == dataset:
            scores = read_json(folder / f"{name}.json")
            arrays = load_predictions(folder / f"{name}.npz")
            experiment = experiment.model_copy(update=scores["chosen"])
            results.append(
                Result(name, experiment, scores, arrays, settings_of(document, experiment))
            )
    if not results:
        raise PipelineError(f"no entry of experiments: in params.yaml has dataset {dataset!r}")
    return results


def settings_of(document: dict[str, Any], experiment: Experiment) -> dict[str, Any]:
    """Return every setting of training and testing that differs from the defaults."""
    defaults = entry(document, "defaults")
    own = experiment.model_dump(include=set(Defaults.model_fields) - {"search"})
    return {name: value for name, value in own.items() if value != defaults[name]}


def best_result(results: list[Result]) -> Result:
    """Return the result of highest mean accuracy; of equals, the first."""
    return max(results, key=lambda result: result.accuracy)
