"""What a claim can be tested by: each rule with its fields, its words, and what it finds.

To add a rule, add a subclass of `Rule`; the values of its field ``rule`` are its names in the
claims file.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Literal, get_args

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from stages.claims.rules import ANY, SHARE, Finding, Limits, bar, compare, published
from stages.evaluation.results import Result
from stages.params.loading import Section
from stages.statistics.intervals import picture_margin
from stages.statistics.units import LOGITS, NATS, PERCENT, Unit, number, threshold

Known = dict[str, Result]  # results by the experiments' names without the dataset's
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Epoch = Annotated[int, Field(ge=0)]
Measure = Literal[
    "accuracy",
    "train_accuracy",
    "gap",
    "zero_weights",
    "near_zero_weights",
    "pruning_cost",
    "collapsed_agreement",
    "largest_logit",
    "loss",
    "net_loss",
]
SHARES = (
    "accuracy",
    "train_accuracy",
    "zero_weights",
    "near_zero_weights",
    "collapsed_agreement",
)
PICTURES = ("accuracy", "train_accuracy", "gap")  # whose margin follows the number of pictures


SUBJECTS = {
    "accuracy": "",
    "train_accuracy": ", training accuracy",
    "gap": ", train \N{MINUS SIGN} test",
    "near_zero_weights": ", weights near zero",
    "pruning_cost": ", accuracy lost without the weights near zero",
    "collapsed_agreement": ", agreement with its layers multiplied into one",
}


class Measured(Section):
    """A number of one experiment.

    Attributes
    ----------
    experiment : str
        Its name without the dataset's prefix.
    measure : str
        In percent: test ``accuracy``, ``train_accuracy``, their ``gap`` (training minus test), the
        share of weights that are 0 (``zero_weights``) or of the first layer's that are nearly 0
        (``near_zero_weights``), the accuracy lost by removing the latter (``pruning_cost``), and
        the share of test pictures on which the network agrees with its layers multiplied into
        one (``collapsed_agreement``). In nats: the ``largest_logit`` in size on the test
        pictures, and the training losses ``loss`` and ``net_loss``.
    epoch : int, optional
        Of the losses, counted from 0.
    since : int, optional
        An earlier epoch: the number is how much the loss changed since then.
    """

    experiment: Name
    measure: Measure = "accuracy"
    epoch: Epoch | None = None
    since: Epoch | None = None

    @model_validator(mode="after")
    def _losses_have_an_epoch(self) -> Measured:
        if (self.epoch is not None) != self.measure.endswith("loss"):
            allowed = "epoch is needed with the measures loss and net_loss, and only there"
            raise ValueError(f"epoch: {self.epoch} is not allowed: {allowed}")
        if self.since is not None and (self.epoch is None or self.since >= self.epoch):
            raise ValueError(f"since: {self.since} is not allowed: name an epoch before epoch")
        return self

    @property
    def unit(self) -> Unit:
        """The unit of what is measured."""
        if self.measure == "largest_logit":
            return LOGITS
        return NATS if self.measure.endswith("loss") else PERCENT

    @property
    def limits(self) -> Limits:
        """Where the intervals of what is measured end: a share has no more than all."""
        return SHARE if self.measure in SHARES else ANY

    @property
    def subject(self) -> str:
        """What the number is about, as tables name it."""
        name = self.experiment
        baseline = getattr(self, "baseline", None)
        if baseline is not None:
            name = f"{name} \N{MINUS SIGN} {baseline}"
        name += SUBJECTS.get(self.measure, f", {self.measure.replace('_', ' ')}")
        if self.since is not None:
            return f"{name} from epoch {self.since} to {self.epoch}"
        return name if self.epoch is None else f"{name} at epoch {self.epoch}"

    def values(self, result: Result) -> npt.NDArray[np.float64]:
        """Return the number for each seed, NaN where the epoch was not reached."""
        return result.per_seed(self.measure, self.epoch, self.since)


class Rule(Measured):
    """A test of a claim.

    Attributes
    ----------
    rule : str
        Its name in the claims file.
    """

    rule: str

    @abstractmethod
    def words(self, known: Known) -> str:
        """Return the rule with its thresholds, as the tables say it."""

    @abstractmethod
    def find(self, known: Known) -> Finding | None:
        """Return what the results tell; None if what the rule needs was not run."""

    def measured(self, known: Known) -> npt.NDArray[np.float64] | None:
        """Return the number for each seed; None if it was not run, or not so far."""
        if self.experiment not in known:
            return None
        values = self.values(known[self.experiment])
        return None if np.isnan(values).any() else values


class Published(Rule):
    """The report gives the number of one run."""

    rule: Literal["published"]
    claimed: Annotated[float, Field(allow_inf_nan=False)]
    rounding: Annotated[float, Field(ge=0, allow_inf_nan=False)]

    def words(self, known: Known) -> str:
        """Return the number."""
        return f"one run gives {number(self.claimed, self.unit)} {self.unit.symbol}"

    def find(self, known: Known) -> Finding | None:
        """Compare the number with the interval of one more run."""
        values = self.measured(known)
        if values is None:
            return None
        return published(values, self.claimed, self.rounding, self.unit, self.limits)


class Bar(Rule):
    """The report says that a number is above or below some level."""

    rule: Literal["above", "below"]
    bar: Annotated[float, Field(allow_inf_nan=False)]

    def words(self, known: Known) -> str:
        """Return the level."""
        return f"{self.rule} {self.bar:g} {self.unit.symbol}"

    def find(self, known: Known) -> Finding | None:
        """Compare the mean with the level."""
        values = self.measured(known)
        if values is None:
            return None
        return bar(self.rule, values, self.bar, self.unit, self.limits)


class Compare(Rule):
    """The report says that one experiment is better or worse than another."""

    rule: Literal["higher", "lower", "not_better"]
    baseline: Name
    margin: Positive | None = None

    @model_validator(mode="after")
    def _margin_is_known(self) -> Compare:
        if self.margin is None and self.measure not in PICTURES:
            allowed = f"only {', '.join(PICTURES)} have a margin that follows the test pictures"
            raise ValueError(f"margin: None is not allowed: {allowed}")
        return self

    def words(self, known: Known) -> str:
        """Return the rule with its margin, as far as that is known."""
        margin = self._margin(known)
        by = "what the pictures tell apart" if margin is None else threshold(margin, self.unit)
        return f"{self.rule.replace('_', ' ')} by more than {by}"

    def find(self, known: Known) -> Finding | None:
        """Compare the two experiments, if they were tested on the same pictures."""
        baseline, result = known.get(self.baseline), known.get(self.experiment)
        if self.measured(known) is None or result is None or baseline is None:
            return None
        if not result.has_pictures_of(baseline):
            return None
        return compare(
            self.rule,
            baseline.runs(self.measure),
            result.runs(self.measure),
            self._margin(known) or 0.0,
            self.unit,
            paired=result.is_paired_with(baseline),
        )

    def _margin(self, known: Known) -> float | None:
        """Return its own margin, or what the test pictures can tell apart."""
        if self.margin is not None or self.experiment not in known:
            return self.margin
        return round(picture_margin(known[self.experiment].n_pictures), 2)


class Remark(Measured):
    """A number that is shown beside a claim and decides nothing; a difference, with baseline."""

    baseline: Name | None = None


def rules() -> dict[str, type[Rule]]:
    """Return all rules by their names."""
    kinds = Rule.__subclasses__()
    return {name: kind for kind in kinds for name in get_args(kind.model_fields["rule"].annotation)}
