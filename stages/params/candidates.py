"""Settings with several values to choose from: which candidates there are."""

from __future__ import annotations

import itertools
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, GetCoreSchemaHandler, model_validator
from pydantic_core import core_schema

from stages.params.loading import SEVERAL, VALUE, Section

DIGITS = 3  # significant, of a number that is drawn
TWO = Field(min_length=2, max_length=2)
Finite = Annotated[float, Field(allow_inf_nan=False)]
ATTEMPTS = 10  # draws for each candidate, until there are enough that differ


class Candidates(Section):
    """What one setting may be: exactly one of these.

    Attributes
    ----------
    choice : list
        One of the values, of which a grid tries all.
    uniform : list of float
        Any number between the two.
    log_uniform : list of float
        Likewise, every order of magnitude as often as another.
    integer : list of int
        Any whole number from the first to the second, both included.
    """

    choice: Annotated[list[Any], Field(min_length=2)] | None = None
    uniform: Annotated[list[Finite], TWO] | None = None
    log_uniform: Annotated[list[Finite], TWO] | None = None
    integer: Annotated[list[int], TWO] | None = None

    @model_validator(mode="after")
    def _one(self) -> Candidates:
        given = self.model_dump(exclude_none=True)
        if len(given) != 1:
            allowed = "write one of choice, uniform, log_uniform, integer"
            raise ValueError(f"{', '.join(given) or 'nothing'} is not allowed: {allowed}")
        ((kind, values),) = given.items()
        if kind != "choice" and not values[0] < values[1]:
            raise ValueError(f"{kind}: {list(values)} is not allowed: the first must be below")
        if kind == "log_uniform" and values[0] <= 0:
            raise ValueError(f"{kind}: {list(values)} is not allowed: it must be above 0")
        return self

    def draw(self, generator: np.random.Generator) -> Any:
        """Return one of the values."""
        if self.choice is not None:
            return self.choice[generator.integers(len(self.choice))]
        if self.integer is not None:
            low, high = self.integer
            return int(generator.integers(low, high, endpoint=True))
        if self.log_uniform is not None:
            return _rounded(np.exp(generator.uniform(*np.log(self.log_uniform))))
        return _rounded(generator.uniform(*(self.uniform or (0, 1))))


class _OrCandidates:
    """Makes pydantic take candidates of a field's values, too; once chosen, it has one of them."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.tagged_union_schema(
            {VALUE: handler(source), SEVERAL: handler.generate_schema(Candidates)},
            discriminator=lambda value: SEVERAL if isinstance(value, dict | Candidates) else VALUE,
        )


OR_CANDIDATES = _OrCandidates()


class Search(Section):
    """How the best of the candidates is found, on held-out training samples.

    Attributes
    ----------
    method : {"grid", "random", "halving"}
        All combinations of lists; or so many `candidates`, drawn beforehand; or those, of which
        the best are trained on for longer, rung by rung (successive halving, K. Jamieson and
        A. Talwalkar, AISTATS 2016).
    candidates : int
        How many are drawn.
    factor : int
        One in so many goes on to the next rung, for so many times the epochs.
    seeds : int
        Networks that are trained for each candidate.
    seed : int
        Draws candidates and the held-out samples; the networks have it and those that follow.
    """

    method: Literal["grid", "random", "halving"]
    candidates: Annotated[int, Field(ge=2, le=10_000)]
    factor: Annotated[int, Field(ge=2, le=100)]
    seeds: Annotated[int, Field(ge=1, le=100)]
    seed: Annotated[int, Field(ge=0, lt=2**31)]

    def combinations(self, settings: dict[str, Candidates]) -> list[dict[str, Any]]:
        """Return the candidates: a value for each of some settings, no combination twice.

        Raises
        ------
        ValueError
            If a grid has a range.
        """
        if self.method == "grid":
            ranges = [name for name, values in settings.items() if values.choice is None]
            if ranges:
                allowed = "a grid needs lists; method random draws from ranges"
                raise ValueError(f"search.method: grid is not allowed for {ranges[0]}: {allowed}")
            lists = [values.choice or [] for values in settings.values()]
            return [
                dict(zip(settings, values, strict=True)) for values in itertools.product(*lists)
            ]
        generator = np.random.default_rng(self.seed)
        drawn: list[dict[str, Any]] = []
        for _ in range(self.candidates * ATTEMPTS):
            candidate = {name: values.draw(generator) for name, values in settings.items()}
            if candidate not in drawn:
                drawn.append(candidate)
            if len(drawn) == self.candidates:
                break
        return drawn

    def rungs(self, n_candidates: int, epochs: int) -> list[tuple[int, int]]:
        """Return, for each rung, how many candidates are trained, and for how many epochs."""
        if self.method != "halving":
            return [(n_candidates, epochs)]
        steps = 0
        while self.factor ** (steps + 1) <= min(n_candidates, epochs):
            steps += 1
        return [
            (-(-n_candidates // self.factor**step), -(-epochs // self.factor ** (steps - step)))
            for step in range(steps + 1)
        ]


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
