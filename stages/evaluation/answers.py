"""What the networks of an experiment answer: probabilities, averaged over views of each picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from stages.augmentation.views import View as OtherView
from stages.augmentation.views import views_of
from stages.data.samples import Samples
from stages.network.losses import Floats, log_softmax, softmax
from stages.network.model import PREDICTION_ROWS
from stages.network.trained import TrainedNetwork
from stages.params.experiment import Experiment
from stages.runtime.errors import PipelineError

# Samples that are read, and mirrored, at a time: 100 MB of 32x32 pictures in float32. A multiple
# of the network's own blocks, so that its sums are those of one call for all samples.
ROWS = 8 * PREDICTION_ROWS


@dataclass(frozen=True)
class Flat:
    """Another view of pictures as rows, made when some are asked for.

    Attributes
    ----------
    pictures : augmentation.views.View
    """

    pictures: OtherView

    def __len__(self) -> int:
        """Return n."""
        return len(self.pictures)

    def __getitem__(self, rows: slice) -> npt.NDArray[Any]:
        """Return some of them, (n, n_features)."""
        some = self.pictures[rows]
        return some.reshape(len(some), -1)


View = npt.NDArray[Any] | Flat


def views(
    samples: Samples, batches: Sequence[str], experiment: Experiment, every: int = 1
) -> list[View]:
    """Return the (n, n_features) samples of `batches` and, if averaged, their other views.

    With `every`, only the first of so many samples.

    Raises
    ------
    PipelineError
        If there are no other views.
    """
    X = samples.select(batches)[0][::every]
    if not experiment.average_views:
        return [X]
    others: list[View] = [view[::every] for view in samples.select_views(batches)]
    if not others and samples.picture_shape:
        others = [*of_pixels(X, samples.picture_shape, experiment.average_shift, experiment.edges)]
    if not others:
        raise PipelineError("average_views: these features have no views: run 'dvc repro'")
    return [X, *others]


def of_pixels(
    X: npt.NDArray[Any], picture_shape: Sequence[int], shift: int, edges: str
) -> list[Flat]:
    """Return the other views of (n, n_features) pictures: mirrored and, with `shift`, moved."""
    pictures = X.reshape(-1, *picture_shape)
    return [Flat(view) for view in views_of(pictures, True, shift, edges)]


def probabilities(
    networks: Sequence[TrainedNetwork],
    views: Sequence[View],
    n_classes: int,
    temperature: float = 1.0,
) -> npt.NDArray[np.float64]:
    """Return the probabilities at one temperature, see `probabilities_at`."""
    return probabilities_at(networks, views, n_classes, [temperature])[0]


def probabilities_at(
    networks: Sequence[TrainedNetwork],
    views: Sequence[View],
    n_classes: int,
    temperatures: Sequence[float],
) -> list[npt.NDArray[np.float64]]:
    """Return each network's probabilities, the mean over `views` of the same n samples.

    Every block of samples is read once for all networks, and answered once by each.

    Parameters
    ----------
    networks : sequence of TrainedNetwork
    views : sequence of ndarray or Flat, shapes (n, n_features)
    n_classes : int
    temperatures : sequence of float
        Each divides the logits, see `stages.training.calibration`.

    Returns
    -------
    list of ndarray of shape (n_networks, n, n_classes)
        For each temperature. A class that training never saw has 0.

    Raises
    ------
    PipelineError
        If a network's logits overflow; says of which seed.
    """
    n = len(views[0])
    proba = [np.zeros((len(networks), n, n_classes)) for _ in temperatures]
    for view in views:
        for start in range(0, n, ROWS):
            rows = slice(start, start + ROWS)
            X = view[rows]
            for number, network in enumerate(networks):
                try:
                    logits = network.logits(X)
                except ValueError as error:
                    raise PipelineError(
                        f"seed {network.random_state}: {error}: try a learning_rate below "
                        f"{network.learning_rate}, or standardise the features"
                    ) from None
                for own, temperature in zip(proba, temperatures, strict=True):
                    own[number][rows, network.classes_] += _softened(logits, temperature)
    for own in proba:  # the number of views; float32 sums miss 1 a little
        own /= own.sum(axis=2, keepdims=True)
    return proba


def _softened(logits: Floats, temperature: float) -> Floats:
    if temperature == 1:
        return softmax(logits.copy())
    return softmax(log_softmax(logits.copy()) / temperature)
