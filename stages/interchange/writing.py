"""A model as one ONNX file, from pictures where the graph can have the whole chain."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from stages.augmentation.views import View, places, views_of
from stages.interchange.graph import Graph
from stages.interchange.layers import operator
from stages.interchange.patches import reversed_columns
from stages.interchange.transforms import OPERATORS
from stages.network.trained import TrainedNetwork
from stages.prediction.model import Model
from stages.runtime.errors import PipelineError
from stages.runtime.files import new_file

PICTURES, FEATURES = "pictures", "features"


class Written(NamedTuple):
    """What a file expects.

    Attributes
    ----------
    input : {"pictures", "features"}
    missing : list of str
        Transforms that ONNX has no form of, if it expects features.
    """

    input: str
    missing: list[str]


def write_onnx(
    path: Path, model: Model, described: dict[str, Any], scores: dict[str, float]
) -> Written:
    """Write the mean probabilities of a model's networks as an ONNX graph.

    The input is ``pictures``, (n, height, width, channels) uint8, or ``features``, (n,
    n_features) float32; the outputs are ``probabilities``, (n, n_classes) float32, calibrated, and
    ``class``, (n,) int64. The same model gives the same bytes.

    Parameters
    ----------
    path : Path
    model : Model
    described : dict
        What `stages.prediction.bundle.describe` gives.
    scores : dict
        Of the mean answer on the test pictures; with `described`, in the file's metadata.

    Raises
    ------
    PipelineError
        If onnx is not installed, a network does not know every class, or the answer is a mean
        over views of pictures that are not in the graph.
    """
    transforms = [step.origin.transform for step in model.chain.steps]
    missing = [transform for transform in transforms if transform not in OPERATORS]
    graph = Graph()
    if missing:
        if model.average_views:
            raise PipelineError(
                f"ONNX has no form of {', '.join(missing)} here, so that views cannot be averaged: "
                "export as npz"
            )
        n_features = model.networks[0].n_features_in_
        views = [graph.input(FEATURES, np.float32, ["n", n_features])]
    else:
        pictures = graph.input(PICTURES, np.uint8, ["n", *model.picture_shape])
        views = [_features(graph, model, view) for view in _views(graph, pictures, model)]
    answers = [_answers(graph, network, views, model) for network in model.networks]
    mean = _mean(graph, answers)
    n_classes = len(model.class_names)
    graph.output(mean, "probabilities", np.float32, ["n", n_classes])
    graph.output(graph.node("ArgMax", mean, axis=1, keepdims=0), "class", np.int64, ["n"])
    made = Written(FEATURES if missing else PICTURES, missing)
    about = described | {"classes": model.class_names, "scores": scores, "license": "MIT"}
    metadata = {
        key: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for key, value in about.items()
    }
    metadata["input"] = made.input
    proto = graph.model(described["experiment"], metadata)
    with new_file(path) as partial:
        partial.write_bytes(proto.SerializeToString(deterministic=True))
    return made


def _views(graph: Graph, pictures: str, model: Model) -> list[str]:
    """Return the pictures and, where the model averages them, their other views."""
    if not model.average_views:
        return [pictures]
    # Of no picture: what is done to them is what counts.
    none = np.empty((0, *model.picture_shape), np.uint8)
    others = model.chain.views_of(none)
    if not others:
        others = views_of(none, True, model.average_shift, model.networks[0].edges)
    return [pictures, *(_moved(graph, pictures, view) for view in others)]


def _moved(graph: Graph, pictures: str, view: View) -> str:
    if view.mirror:
        pictures = reversed_columns(graph, pictures)
    for axis, distance in ((1, view.down), (2, view.right)):
        if distance:
            length = view.pictures.shape[axis]
            lines = places(length, distance, view.edges)
            pictures = graph.node("Gather", pictures, graph.constant(lines, np.int64), axis=axis)
    return pictures


def _features(graph: Graph, model: Model, pictures: str) -> str:
    rows = pictures
    for step in model.chain.steps:
        rows = OPERATORS[step.origin.transform](graph, rows, step)
    return rows


def _answers(graph: Graph, network: TrainedNetwork, views: list[str], model: Model) -> str:
    """Return one network's probabilities, the mean over the views."""
    if network.classes_.tolist() != [*range(len(model.class_names))]:
        raise PipelineError(f"seed {network.random_state} was trained without some class")
    operators = [operator(graph, layer) for layer in network.network_.layers]
    temperature = graph.constant(np.float32(model.temperature))
    answers = []
    for rows in views:
        for add in operators:
            rows = add(rows)
        answers.append(graph.node("Softmax", graph.node("Div", rows, temperature), axis=1))
    return _mean(graph, answers)


def _mean(graph: Graph, answers: list[str]) -> str:
    if len(answers) == 1:
        return answers[0]
    return graph.node("Mean", *answers)
