"""The temperature of an experiment's networks, as a file beside them; `calibration` fits it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from stages.params.loading import Section, parse
from stages.runtime.files import read_json, write_json

NAME = "calibration.json"


class Calibration(Section):
    """By what the logits of a network are divided before the softmax.

    Attributes
    ----------
    temperature : float
        Above 1 if the networks are too certain, below if they are not certain enough.
    n_held_out : int
        How many training samples it was fitted on.
    """

    temperature: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    n_held_out: Annotated[int, Field(ge=0)]


def save_calibration(folder: Path, calibration: Calibration) -> None:
    """Write it beside the networks."""
    write_json(folder / NAME, calibration.model_dump())


def load_calibration(folder: Path) -> Calibration:
    """Return what `save_calibration` wrote.

    Raises
    ------
    PipelineError
        If it is missing or damaged.
    """
    return parse(Calibration, read_json(folder / NAME), f"{folder / NAME}")
