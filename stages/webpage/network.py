"""An experiment's network as a drawing, made of its parameters."""

from __future__ import annotations

from html import escape
from itertools import pairwise

from stages.evaluation.results import Result

ACTIVATIONS = {"identity": "no activation", "relu": "ReLU", "tanh": "tanh"}


def network_html(result: Result) -> str:
    """Return the way from picture to answer, box by box."""
    experiment, names = result.experiment, result.class_names
    n_features = result.scores["n_features"]
    sizes = [n_features, *experiment.hidden_layer_sizes, len(names)]
    boxes = [
        ("picture", f"preprocessed: {experiment.preprocessing}"),
        (f"{n_features:,} features", "flipped and shifted" if experiment.flip else "as they are"),
    ]
    for before, size in pairwise(sizes[:-1]):
        activation = ACTIVATIONS[experiment.activation]
        detail = f"{before:,} \N{MULTIPLICATION SIGN} {size:,} weights, {activation}"
        if experiment.dropout:
            detail += f", dropout {experiment.dropout:g}"
        boxes.append((f"{size:,} hidden units", detail))
    boxes += [
        (f"{sizes[-1]} logits", f"{sizes[-2]:,} \N{MULTIPLICATION SIGN} {sizes[-1]:,} weights"),
        ("softmax", f"{sizes[-1]} probabilities"),
    ]
    penalty = experiment.penalty
    loss = "on the true class" if penalty == "none" else f"plus {penalty.upper()} of the weights"
    boxes.append(("cross-entropy", loss))
    items = "".join(
        f"<li><b>{escape(title)}</b><span>{escape(detail)}</span></li>" for title, detail in boxes
    )
    return f'<ol class="chain" aria-label="The network {escape(result.name)}">{items}</ol>'
