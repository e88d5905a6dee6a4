"""The claims file: which experiments test a claim, by which rule, with which thresholds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from stages.params.loading import Section, entry, parse, read_params, suggestion
from stages.runtime.errors import ParamsError

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
PICTURES = ("accuracy", "train_accuracy", "gap")  # whose margin follows the number of pictures


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


class Published(Measured):
    """The report gives the number of one run."""

    rule: Literal["published"]
    claimed: Annotated[float, Field(allow_inf_nan=False)]
    rounding: Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Bar(Measured):
    """The report says that a number is above or below some level."""

    rule: Literal["above", "below"]
    bar: Annotated[float, Field(allow_inf_nan=False)]


class Compare(Measured):
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


class Remark(Measured):
    """A number that is shown beside a claim and decides nothing; a difference, with baseline."""

    baseline: Name | None = None


RULES: dict[str, type[Published | Bar | Compare]] = {
    "published": Published,
    "above": Bar,
    "below": Bar,
    "higher": Compare,
    "lower": Compare,
    "not_better": Compare,
}


class Claim(Section):
    """One claim: what is said, and what it is tested by; see the head of the claims file."""

    id: Name
    quotation: Annotated[str, Field(min_length=1)]
    meaning: str | None = None
    teacher: Annotated[str, Field(min_length=1)]
    only: str | None = None
    tests: list[Published | Bar | Compare] = Field(default_factory=list)
    each_of: list[Name] = Field(default_factory=list)
    remarks: list[Remark] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_way_to_test(self) -> Claim:
        if bool(self.tests) == bool(self.each_of):
            allowed = "a claim has either tests or each_of"
            raise ValueError(f"each_of: {self.each_of} is not allowed: {allowed}")
        if 0 < sum(isinstance(test, Published) for test in self.tests) < len(self.tests):
            allowed = "published numbers and sentences are claims of their own"
            raise ValueError(f"tests: they are not allowed together: {allowed}")
        return self


class Group(Section):
    """Experiments that are compared with one baseline."""

    title: str
    baseline: Name
    experiments: Annotated[list[Name], Field(min_length=1)]


class Question(Section):
    """One table of the report."""

    id: Name
    title: str
    groups: Annotated[list[Group], Field(min_length=1)]


class Spread(Section):
    """Experiments that differ in nothing but one more seed, and what that seed draws."""

    drawn: Annotated[str, Field(min_length=1)]
    experiments: Annotated[list[Name], Field(min_length=2)]


class Study(Section):
    """The whole file: claims, the report's tables, and whose weights are drawn."""

    claims: list[Claim]
    questions: list[Question]
    spreads: list[Spread]
    weights: list[Name]


def load_study(path: Path) -> Study:
    """Read a claims file.

    Raises
    ------
    ParamsError
        With the path of the first wrong key, its value, and what is allowed.
    """
    document = read_params(path)
    written = entry(document, "claims")
    if not isinstance(written, list):
        raise ParamsError(f"claims: {written!r} is not allowed: write a list")
    claims = [_claim(value, f"claims.{number}") for number, value in enumerate(written)]
    study = parse(Study, {**document, "claims": claims}, path.name)
    with_tests = {claim.id: claim.tests for claim in claims if claim.tests}
    resolved = []
    for number, claim in enumerate(claims):
        where = f"claims.{number}"
        if [other.id for other in claims].count(claim.id) > 1:
            raise ParamsError(f"{where}.id: {claim.id!r} is there twice")
        tests = list(claim.tests)
        for name in claim.each_of:
            if name not in with_tests:
                hint = suggestion(name, [*with_tests])
                raise ParamsError(f"{where}.each_of: no claim {name!r} with tests{hint}")
            tests += with_tests[name]
        resolved.append(claim.model_copy(update={"tests": tests}))
    return study.model_copy(update={"claims": resolved})


def _claim(value: Any, where: str) -> Claim:
    """Check the tests first, each against its own rule: so a mistake is named as one of it."""
    if isinstance(value, dict) and isinstance(value.get("tests"), list):
        tests = [_test(test, f"{where}.tests.{i}") for i, test in enumerate(value["tests"])]
        value = {**value, "tests": tests}
    return parse(Claim, value, where)


def _test(value: Any, where: str) -> Measured:
    rule = value.get("rule") if isinstance(value, dict) else None
    if not isinstance(rule, str) or rule not in RULES:
        raise ParamsError(f"{where}.rule: {rule!r} is not allowed{suggestion(str(rule), [*RULES])}")
    return parse(RULES[rule], value, where)
