"""An experiment's network as a drawing, made of its parameters."""

from __future__ import annotations

from html import escape
from itertools import pairwise

from stages.evaluation.results import Result

TIMES = "\N{MULTIPLICATION SIGN}"
ACTIVATIONS = {"identity": "no activation", "relu": "ReLU", "tanh": "tanh"}


def network_html(result: Result) -> str:
    """Return the way from picture to answer, box by box."""
    experiment = result.experiment
    n_features = result.scores["n_features"]
    boxes = [
        ("picture", f"preprocessed: {experiment.preprocessing}"),
        (f"{n_features:,} features", "flipped and shifted" if experiment.flip else "as they are"),
        *(_dense(result) if experiment.layers is None else _listed(result)),
        ("softmax", f"{len(result.class_names)} probabilities"),
    ]
    penalty = experiment.penalty
    loss = "on the true class" if penalty == "none" else f"plus {penalty.upper()} of the weights"
    boxes.append(("cross-entropy", loss))
    items = "".join(
        f"<li><b>{escape(title)}</b><span>{escape(detail)}</span></li>" for title, detail in boxes
    )
    return f'<ol class="chain" aria-label="The network {escape(result.name)}">{items}</ol>'


def _dense(result: Result) -> list[tuple[str, str]]:
    experiment = result.experiment
    sizes = [result.scores["n_features"], *experiment.hidden_layer_sizes, len(result.class_names)]
    boxes = []
    for before, size in pairwise(sizes[:-1]):
        activation = ACTIVATIONS[experiment.activation]
        detail = f"{before:,} {TIMES} {size:,} weights, {activation}"
        if experiment.dropout:
            detail += f", dropout {experiment.dropout:g}"
        boxes.append((f"{size:,} hidden units", detail))
    return [*boxes, (f"{sizes[-1]} logits", f"{sizes[-2]:,} {TIMES} {sizes[-1]:,} weights")]


def _listed(result: Result) -> list[tuple[str, str]]:
    """Return the layers that params.yaml lists, and the last one."""
    boxes = []
    for layer in result.scores["layers"]:
        detail = f" {TIMES} ".join(f"{length:,}" for length in layer["gives"])
        if layer["learns"]:
            detail += f", learns {layer['learns']:,} numbers"
        boxes.append((layer["name"], detail))
    return [*boxes[:-1], (f"{len(result.class_names)} logits", boxes[-1][1])]
