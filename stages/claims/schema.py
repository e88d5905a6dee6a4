"""The claims file: which experiments test a claim, by which rule, with which thresholds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, model_validator

from stages.claims.kinds import Name, Published, Remark, Rule, rules
from stages.params.loading import Section, entry, parse, read_params, suggestion
from stages.runtime.errors import ParamsError


class Claim(Section):
    """One claim: what is said, and what it is tested by; see the head of the claims file."""

    id: Name
    quotation: Annotated[str, Field(min_length=1)]
    meaning: str | None = None
    teacher: Annotated[str, Field(min_length=1)]
    only: str | None = None
    tests: list[Rule] = Field(default_factory=list)
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


def _test(value: Any, where: str) -> Rule:
    name, known = value.get("rule") if isinstance(value, dict) else None, rules()
    if not isinstance(name, str) or name not in known:
        raise ParamsError(f"{where}.rule: {name!r} is not allowed{suggestion(str(name), [*known])}")
    return parse(known[name], value, where)
