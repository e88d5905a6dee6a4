"""Which readings are run: the section ``forensics:`` of params.yaml, typed and checked."""

from __future__ import annotations

import itertools
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, model_validator

from stages.params.experiment import Positive, Strength
from stages.params.loading import Section, entry, parse, shown
from stages.readings.factors import Factor, Plain, Value, Values, reading_name
from stages.runtime.errors import ParamsError


class Run(Section):
    """One published run, and its readings.

    Parameters
    ----------
    hidden_layer_sizes, penalty, alpha, learning_rate, batch_size, epochs
        As in the experiment of this name.
    plain : Plain
        The reading that the slides suggest, as far as they suggest one.
    alone : Values
        Other values, each of which is tried by itself.
    pairs : list of Values
        Of two factors each: every combination of their values is tried.
    """

    hidden_layer_sizes: list[Annotated[int, Field(ge=1, le=16384)]]
    penalty: Literal["none", "l1", "l2"]
    alpha: Strength
    learning_rate: Positive
    batch_size: Annotated[int, Field(ge=1)]
    epochs: Annotated[int, Field(ge=1, le=1_000_000)]
    plain: Plain
    alone: Values
    pairs: list[Values]


class Inferred(Section):
    """A value that was chosen to fit a figure, which it is no success to fit then.

    Parameters
    ----------
    run : str
    measure : {"accuracy", "loss", "net_loss"}
    epoch : int
        Counted from 0; none for an accuracy.
    factor : str
    value : str or float
        The readings that have this value of the factor are meant.
    """

    run: str
    measure: Literal["accuracy", "loss", "net_loss"]
    epoch: Annotated[int, Field(ge=0)] | None = None
    factor: Factor
    value: Value


class Reading(NamedTuple):
    """One way to read what the slides leave open.

    Attributes
    ----------
    name : str
        How it differs from the plain reading, or ``plain``.
    changes : dict
        The factors in which it differs, and their values.
    values : Plain
        All factors.
    """

    name: str
    changes: dict[str, Value]
    values: Plain


class Forensics(Section):
    """The published runs of one dataset, and the readings to try for each.

    Parameters
    ----------
    seeds : list of int
        Of each reading; two or more, since their spread makes the intervals.
    runs : dict of Run
        By the name of the experiment without its dataset.
    inferred : list of Inferred
    """

    seeds: Annotated[list[Annotated[int, Field(ge=0, lt=2**32)]], Field(min_length=2)]
    runs: Annotated[dict[str, Run], Field(min_length=1)]
    inferred: list[Inferred]

    @model_validator(mode="after")
    def _consistent(self) -> Forensics:
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"seeds: {self.seeds} is not allowed: it names one value twice")
        for name, run in self.runs.items():
            self._check_run(f"runs.{name}", run)
        for number, item in enumerate(self.inferred):
            self._check_inferred(f"inferred.{number}", item)
        return self

    def _check_run(self, where: str, run: Run) -> None:
        for number, pair in enumerate(run.pairs):
            if len(pair.given()) != 2:
                count = f"{len(pair.given())} factors are not allowed"
                raise ValueError(f"{where}.pairs.{number}: {count}: give the values of two")
        seen: dict[Plain, str] = {}
        for reading in readings(run):
            values, name = reading.values, reading.name
            if (values.l1_step is None) == (run.penalty == "l1"):
                reason = "give one with penalty l1, and with no other"
                raise ValueError(f"{where}: l1_step {values.l1_step!r} is not allowed: {reason}")
            same = values.model_copy(update={"first_weights": values.rule})
            if same in seen:
                raise ValueError(
                    f"{where}: the reading {name!r} is not allowed: it is the same as "
                    f"{seen[same]!r}; leave one out"
                )
            seen[same] = name

    def _check_inferred(self, where: str, item: Inferred) -> None:
        if item.run not in self.runs:
            known = f"choose from {', '.join(self.runs)}"
            raise ValueError(f"{where}.run: {item.run!r} is not allowed: {known}")
        values = {getattr(r.values, item.factor) for r in readings(self.runs[item.run])}
        if item.value not in values:
            reason = f"no reading of run {item.run} has this value of {item.factor}"
            raise ValueError(f"{where}.value: {item.value!r} is not allowed: {reason}")


def readings(run: Run) -> list[Reading]:
    """Return the readings of a run: the plain one, single changes, then pairs of changes."""
    changes: list[dict[str, Value]] = [{}]
    changes += [{factor: v} for factor, values in run.alone.given().items() for v in values]
    for pair in run.pairs:
        factors = pair.given()
        changes += [
            dict(zip(factors, values, strict=True))
            for values in itertools.product(*factors.values())
        ]
    return [Reading(reading_name(c), c, run.plain.model_copy(update=c)) for c in changes]


def forensics_section(document: dict[str, Any]) -> dict[str, Any]:
    """Return the section ``forensics:``, which may be empty.

    Raises
    ------
    ParamsError
        If it is missing or no mapping.
    """
    section = entry(document, "forensics")
    if not isinstance(section, dict):
        allowed = "write a mapping of datasets, or {}"
        raise ParamsError(f"forensics: {shown(section)} is not allowed: {allowed}")
    return section


def read_forensics(document: dict[str, Any], dataset: str) -> Forensics | None:
    """Return the entry of a dataset in ``forensics:``, None if there is none.

    Raises
    ------
    ParamsError
        If the section is missing, or a value is wrong.
    """
    section = forensics_section(document)
    if dataset not in section:
        return None
    value, where = section[dataset], f"forensics.{dataset}"
    # The innermost first: an unknown key is answered with the keys of the section it is in.
    for path, run in _parts(value, "runs").items():
        if isinstance(run, dict) and "plain" in run:
            parse(Plain, run["plain"], f"{where}.{path}.plain")
        if isinstance(run, dict) and "alone" in run:
            parse(Values, run["alone"], f"{where}.{path}.alone")
        for pair_path, pair in _parts(run, "pairs").items():
            parse(Values, pair, f"{where}.{path}.{pair_path}")
        parse(Run, run, f"{where}.{path}")
    for path, item in _parts(value, "inferred").items():
        parse(Inferred, item, f"{where}.{path}")
    return parse(Forensics, value, where)


def inferred_of(document: dict[str, Any], dataset: str) -> list[Inferred]:
    """Return the inferred values of a dataset, none if it has no entry.

    Raises
    ------
    ParamsError
        If the section is missing, or a value is wrong.
    """
    design = read_forensics(document, dataset)
    return design.inferred if design else []


def _parts(value: Any, key: str) -> dict[str, Any]:
    """Return the parts of a mapping or a list below `key` by their paths, none of other things."""
    part = value.get(key) if isinstance(value, dict) else None
    if isinstance(part, list):
        part = dict(enumerate(part))
    return (
        {f"{key}.{name}": inner for name, inner in part.items()} if isinstance(part, dict) else {}
    )
