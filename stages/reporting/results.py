"""What evaluate wrote about the experiments of one dataset."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from stages.evaluation.predictions import Predictions, load_predictions
from stages.params.experiment import Experiment, merge
from stages.params.loading import entry
from stages.runtime.errors import PipelineError
from stages.runtime.files import read_json

PERCENT = 100


@dataclass(frozen=True)
class Result:
    """One experiment and what came of it.

    Attributes
    ----------
    name : str
    experiment : Experiment
    metrics : dict
        The content of ``metrics/<name>.json``.
    predictions : Predictions
        Predicted classes, true ones, learning curves, and weights.
    """

    name: str
    experiment: Experiment
    metrics: dict[str, Any]
    predictions: Predictions

    @property
    def short_name(self) -> str:
        """The name without its dataset's."""
        return self.name.removeprefix(f"{self.experiment.dataset}-")

    @property
    def accuracy(self) -> float:
        """Mean accuracy on the test batches over the seeds."""
        return float(self.metrics["accuracy"]["mean"])

    @property
    def class_names(self) -> list[str]:
        """Names of the classes in the order of their indices."""
        return [row["class"] for row in self.metrics["per_class"]]

    @property
    def correct(self) -> npt.NDArray[np.bool_]:
        """Whether each answer, (n_seeds, n_test), was right."""
        return np.equal(self.predictions.predicted, self.predictions.labels)

    def is_paired_with(self, other: Result) -> bool:
        """Whether both were run with the same seeds and on the same test pictures."""
        mine, others = self.experiment, other.experiment
        return (mine.seeds, mine.test) == (others.seeds, others.test)

    def per_seed(self, measure: str, epoch: int | None = None) -> npt.NDArray[np.float64]:
        """Return one number for each seed.

        Parameters
        ----------
        measure : str
            A share in the metrics, or ``gap`` of training and test accuracy, in percent; or,
            with an epoch, ``loss`` or ``net_loss`` in nats.
        epoch : int, optional
            Counted from 0.

        Returns
        -------
        ndarray of shape (n_seeds,)
            With NaN where an epoch was not reached.
        """
        if epoch is not None:
            curves: npt.NDArray[np.float64] = getattr(self.predictions, measure)
            beyond = epoch >= curves.shape[1]
            return np.full(len(curves), np.nan) if beyond else curves[:, epoch]
        if measure == "gap":
            return self.per_seed("train_accuracy") - self.per_seed("accuracy")
        return PERCENT * np.array([row[measure] for row in self.metrics["per_seed"]])


def load_results(
    document: dict[str, Any], dataset: str, folder: Path, predictions: Path
) -> list[Result]:
    """Return the results of `dataset`'s experiments, in the order of params.yaml.

    Files of experiments that params.yaml no longer names are left alone.

    Parameters
    ----------
    document : dict
        The content of params.yaml.
    dataset : str
    folder : Path
        Has ``metrics/``.
    predictions : Path
        Has an .npz file for each experiment.

    Raises
    ------
    PipelineError
        If an experiment has no results, or the dataset has no experiment.
    """
    results = []
    for name in entry(document, "experiments"):
        experiment = merge(document, name)
        if experiment.dataset == dataset:
            metrics = read_json(folder / "metrics" / f"{name}.json")
            arrays = load_predictions(predictions / f"{name}.npz")
            results.append(Result(name, experiment, metrics, arrays))
    if not results:
        raise PipelineError(f"no entry of experiments: in params.yaml has dataset {dataset!r}")
    return results


def best_result(results: list[Result]) -> Result:
    """Return the result of highest mean accuracy; of equals, the first."""
    return max(results, key=lambda result: result.accuracy)
