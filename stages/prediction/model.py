"""An experiment's networks, with all that leads from a picture to them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stages.evaluation.answers import View, of_pixels, probabilities
from stages.network.trained import TrainedNetwork, read_network
from stages.params.experiment import Experiment
from stages.params.loading import parse
from stages.runtime.files import read_json
from stages.training.seeds import network_path
from stages.training.temperature import load_calibration
from stages.transforms.chain import Chain, load_chain


@dataclass(frozen=True)
class Model:
    """A stored chain of transforms, and the networks trained on what it gives.

    Attributes
    ----------
    chain : Chain
    networks : list of TrainedNetwork
        One for each seed.
    class_names : list of str
    average_views : bool
        Whether the answers for a picture and its other views are averaged, as in the test.
    average_shift : int
        By how many pixels these are moved, if they are not those of the chain.
    temperature : float
        By what the logits are divided, see `stages.training.calibration`.
    """

    chain: Chain
    networks: list[TrainedNetwork]
    class_names: list[str]
    average_views: bool
    average_shift: int
    temperature: float

    @property
    def picture_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of the pictures that it answers for."""
        height, width, channels = self.chain.steps[0].origin.input_shape
        return height, width, channels

    def predict_proba(
        self, pictures: npt.NDArray[np.uint8], *, raw: bool = False
    ) -> npt.NDArray[np.float64]:
        """Return each network's probabilities, (n_networks, n, n_classes), for n pictures.

        Of the test pictures, these are to the last bit those that `evaluate` measured.

        Parameters
        ----------
        pictures : ndarray of shape (n, *picture_shape), uint8
        raw : bool
            Without the temperature.
        """
        temperature = 1.0 if raw else self.temperature
        views, n_classes = self._views(pictures), len(self.class_names)
        return probabilities(self.networks, views, n_classes, temperature)

    def _views(self, pictures: npt.NDArray[np.uint8]) -> list[View]:
        X = self.chain.apply(pictures)
        if not self.average_views:
            return [X]
        others: list[View] = [self.chain.apply(v[:]) for v in self.chain.views_of(pictures)]
        if not others:  # experiments without such features are trained on pixels
            edges = self.networks[0].edges
            others = [*of_pixels(X, self.picture_shape, self.average_shift, edges)]
        return [X, *others]


def load_model(experiment: str, models: Path, transforms: Path) -> Model:
    """Read an experiment's networks and their chain; neither data nor params.yaml is needed.

    Parameters
    ----------
    experiment : str
    models, transforms : Path
        Folders that train and preprocess wrote, of all experiments and datasets.

    Raises
    ------
    PipelineError
        If something is missing or damaged, or does not fit the rest.
    """
    settings = read_settings(experiment, models)
    features = f"{settings.dataset}-{settings.preprocessing}"
    chain = load_chain(transforms / settings.dataset, features)
    loaded = [read_network(network_path(models / experiment, seed)) for seed in settings.seeds]
    return Model(
        chain,
        [network for network, _ in loaded],
        loaded[0][1],
        settings.average_views,
        settings.average_shift,
        load_calibration(models / experiment).temperature,
    )


def read_settings(experiment: str, models: Path) -> Experiment:
    """Return the settings that an experiment's networks were trained with.

    Raises
    ------
    PipelineError
        If they are missing or damaged.
    """
    return parse(Experiment, read_json(models / experiment / "experiment.json"), experiment)
