"""The claims file: which experiments test a claim, by which rule, with which thresholds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from stages.params.loading import Section, entry, parse, read_params, suggestion
from stages.runtime.errors import ParamsError

BEST = "best"  # the experiment of highest mean accuracy
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Measure = Literal["accuracy", "gap", "zero_weights", "loss", "net_loss"]


class Test(Section):
    """What of one experiment is held against a threshold.

    Attributes
    ----------
    experiment : str
        Its name without the dataset's prefix.
    measure : {"accuracy", "gap", "zero_weights", "loss", "net_loss"}
        Test accuracy, training minus test accuracy, and the share of weights that are 0, all in
        percent; or a training loss in nats.
    epoch : int, optional
        For the losses, counted from 0.
    """

    experiment: Name
    measure: Measure = "accuracy"
    epoch: Annotated[int, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _losses_have_an_epoch(self) -> Test:
        if (self.epoch is not None) != self.measure.endswith("loss"):
            allowed = "epoch is needed with the measures loss and net_loss, and only there"
            raise ValueError(f"epoch: {self.epoch} is not allowed: {allowed}")
        return self


class Within(Test):
    """The report gives a number."""

    rule: Literal["within"]
    claimed: Annotated[float, Field(allow_inf_nan=False)]
    tolerance: Positive


class Below(Test):
    """The report says that something is not reached."""

    rule: Literal["below"]
    bar: Annotated[float, Field(allow_inf_nan=False)]


class Compare(Test):
    """The report says that one experiment is better or worse than another."""

    rule: Literal["higher", "lower", "not_better"]
    baseline: Name
    margin: Positive


RULES: dict[str, type[Within | Below | Compare]] = {
    "within": Within,
    "below": Below,
    "higher": Compare,
    "lower": Compare,
    "not_better": Compare,
}


class Claim(Section):
    """One claim: what is said, and what it is tested by; see the head of the claims file."""

    id: Name
    quotation: Annotated[str, Field(min_length=1)]
    reading: str | None = None
    only: str | None = None
    tests: list[Within | Below | Compare] = Field(default_factory=list)
    each_of: list[Name] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_way_to_test(self) -> Claim:
        if bool(self.tests) == bool(self.each_of):
            allowed = "a claim has either tests or each_of"
            raise ValueError(f"each_of: {self.each_of} is not allowed: {allowed}")
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


class Study(Section):
    """The whole file: claims, the report's tables, and whose weights are drawn."""

    claims: list[Claim]
    questions: list[Question]
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


def _test(value: Any, where: str) -> Test:
    rule = value.get("rule") if isinstance(value, dict) else None
    if not isinstance(rule, str) or rule not in RULES:
        raise ParamsError(f"{where}.rule: {rule!r} is not allowed{suggestion(str(rule), [*RULES])}")
    return parse(RULES[rule], value, where)
