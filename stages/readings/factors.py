"""What the slides leave open: the factors, their values, and how pages name them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from stages.params.experiment import Positive
from stages.params.loading import Section

Factor = Literal["activation", "training", "first_weights", "last_batch", "l1_step", "pixels"]
Activation = Literal["identity", "relu", "tanh"]
FirstWeights = Positive | Literal["rule", "he", "lecun"]
LastBatch = Literal["even", "short", "drop"]
L1Step = Literal["proximal", "subgradient", "half-subgradient"]
Pixels = Literal["unit", "raw", "centred"]
Value = str | float


class Plain(Section):
    """The plain reading of a run: a value for each factor.

    Parameters
    ----------
    activation : {"identity", "relu", "tanh"}
        Of the hidden layer.
    training : str
        Which pictures to train and to test on, one of the dataset's splits.
    first_weights : {"rule", "he", "lecun"} or float
        The rule of the product's network (He's in front of a ReLU, else LeCun's), either rule
        whatever the activation, or a standard deviation.
    last_batch : {"even", "short", "drop"}
        What becomes of a remainder, see `stages.network.epochs.batch_slices`.
    l1_step : {"proximal", "subgradient", "half-subgradient"}
        How the L1 penalty moves the weights; only with ``penalty: l1``.
    pixels : {"unit", "raw", "centred"}
        From 0 to 1, from 0 to 255, or from 0 to 1 less the training mean of each pixel.
    """

    activation: Activation
    training: str
    first_weights: FirstWeights
    last_batch: LastBatch
    l1_step: L1Step | None = None
    pixels: Pixels

    @property
    def rule(self) -> str | float:
        """The first weights, with ``rule`` replaced by the rule that applies."""
        if self.first_weights != "rule":
            return self.first_weights
        return "he" if self.activation == "relu" else "lecun"


class Values(Section):
    """Values of some factors, a list for each."""

    activation: list[Activation] = Field(default_factory=list)
    training: list[str] = Field(default_factory=list)
    first_weights: list[FirstWeights] = Field(default_factory=list)
    last_batch: list[LastBatch] = Field(default_factory=list)
    l1_step: list[L1Step] = Field(default_factory=list)
    pixels: list[Pixels] = Field(default_factory=list)

    def given(self) -> dict[str, list[Value]]:
        """Return the lists that are not empty, by factor."""
        return {factor: values for factor, values in self if values}


def reading_name(changes: dict[str, Value]) -> str:
    """Return ``first weights 0.05, last batch drop``, or ``plain`` without changes."""
    return ", ".join(_phrase(factor, value) for factor, value in changes.items()) or "plain"


def factor_name(factor: str) -> str:
    """Return a factor as pages write it, ``L1 step`` for ``l1_step``."""
    return factor.replace("_", " ").replace("l1", "L1")


def _phrase(factor: str, value: Value) -> str:
    return f"{factor_name(factor)} {value if isinstance(value, str) else f'{value:g}'}"
