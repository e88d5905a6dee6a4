"""The card of an exported model, with the front matter that Hugging Face reads."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from stages.interchange.writing import Written
from stages.params.experiment import Experiment
from stages.prediction.model import Model
from stages.reporting.page import fill
from stages.statistics.intervals import wilson_interval
from stages.statistics.units import PERCENT, TO_PERCENT, bracket, plus_minus
from stages.tables.experiments import settings_text
from stages.tables.markdown import markdown_table
from stages.transforms.chain import Origin


class Provenance(NamedTuple):
    """What is known of an experiment beside its networks.

    Attributes
    ----------
    name : str
    experiment : Experiment
    scores : dict
        All that `evaluate` measured.
    settings : dict
        Those that differ from the defaults.
    about : str
        What the dataset can and cannot show.
    minutes : float or None
    """

    name: str
    experiment: Experiment
    scores: dict[str, Any]
    settings: dict[str, Any]
    about: str
    minutes: float | None


def model_card(model: Model, known: Provenance, file: str, onnx: Written | None = None) -> str:
    """Return the card of a model that is in `file`, an .npz, or with `onnx` what was written."""
    scores = known.scores
    counts = np.array(scores["confusion_matrix"]).sum()
    n_pictures = int(counts) // len(model.networks)
    right = scores["ensemble"]["accuracy"]
    low, high = wilson_interval(round(right * n_pictures), n_pictures)
    height, width, channels = model.picture_shape
    rows = [
        {"class": row["class"]}
        | {key: f"{TO_PERCENT * row[key]:.1f} %" for key in ("precision", "recall")}
        for row in scores["per_class"]
    ]
    mean, sd = (TO_PERCENT * (scores["accuracy"][key] or 0) for key in ("mean", "sd"))
    return fill(
        "model_card.md.j2",
        {
            "name": known.name,
            "dataset": known.experiment.dataset,
            "file": file,
            "onnx": onnx,
            "ensemble": scores["ensemble"],
            "ensemble_accuracy": f"{TO_PERCENT * right:.2f}",
            "interval": bracket(TO_PERCENT * low, TO_PERCENT * high, PERCENT),
            "accuracy": plus_minus(mean, sd, PERCENT.digits),
            "nll": [f"{scores['ensemble'][key]:.3f}" for key in ("calibrated_loss", "loss")],
            "ece": [
                f"{TO_PERCENT * scores['ensemble'][key]:.1f}" for key in ("calibrated_ece", "ece")
            ],
            "temperature": f"{model.temperature:.2f}",
            "n_networks": len(model.networks),
            "n_parameters": scores["n_parameters"],
            "n_pictures": n_pictures,
            "n_classes": len(model.class_names),
            "average_views": model.average_views,
            "size": f"{height}x{width}",
            "shape": f"(n, {height}, {width}, {channels})",
            "n_features": model.networks[0].n_features_in_,
            "classes": pd.DataFrame(rows),
            "steps": [_step(step.origin) for step in model.chain.steps],
            "settings": settings_text(known.settings),
            "about": known.about,
            "minutes": known.minutes,
        },
        table=markdown_table,
    )


def _step(origin: Origin) -> str:
    params = ", ".join(f"{key} {value}" for key, value in origin.params.items())
    return f"`{origin.transform}`" + (f" ({params})" if params else "")
