"""Read params.yaml and turn a wrong value into one line that names it."""

from __future__ import annotations

import difflib
import reprlib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from stages.runtime.errors import ParamsError


class Section(BaseModel):
    """A part of params.yaml: unknown keys and implicit conversions are errors.

    What a validator of a whole section raises begins with a key, and reads on from its path:
    ``ValueError("dropout: 0.5 is not allowed: it needs a hidden layer")``.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


# What a setting may be, as pydantic's errors name it: see `stages.params.candidates`.
VALUE, SEVERAL = "<a value>", "<candidates>"
Model = TypeVar("Model", bound=BaseModel)
_SHORT = reprlib.Repr()
_SHORT.maxlevel = 2
_SHORT.maxstring = _SHORT.maxlong = _SHORT.maxother = 80


def read_params(path: Path) -> dict[str, Any]:
    """Read a whole params file, as YAML 1.2 and with the library that DVC reads it with.

    Raises
    ------
    ParamsError
        If the file is missing, is no YAML, is no mapping, or names one key twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
        document = YAML(typ="safe").load(text)
    except FileNotFoundError:
        raise ParamsError(f"{path} is missing: run from the project's folder") from None
    except UnicodeDecodeError as error:
        raise ParamsError(f"{path} is no UTF-8 text, save it as such: {error}") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise ParamsError(f"{path}{line} is no valid YAML: {error.problem}") from None
    except (YAMLError, ValueError, TypeError, AttributeError, RecursionError) as error:
        # The library lets the errors of dates, numbers and odd tags through as they are.
        raise ParamsError(f"{path} is no valid YAML: {error}") from None
    if not isinstance(document, dict):
        raise ParamsError(f"{path} must be a mapping of sections, it is {shown(document)}")
    return document


def entry(document: dict[str, Any], *keys: str) -> Any:
    """Return ``document[keys[0]][keys[1]]...``.

    Raises
    ------
    ParamsError
        If there is no such entry; the message lists those there are.
    """
    value: Any = document
    for depth, key in enumerate(keys):
        if not isinstance(value, dict) or key not in value:
            names = [str(name) for name in value] if isinstance(value, dict) else []
            where = ".".join(keys[:depth]) or "params.yaml"
            raise ParamsError(f"{where} has no entry {key!r}{suggestion(key, names)}")
        value = value[key]
    return value


def parse(model: type[Model], value: Any, where: str) -> Model:
    """Check `value` against `model`; `where` is the key's path, for messages.

    Raises
    ------
    ParamsError
        With the path of the first wrong key, its value, and what is allowed.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise ParamsError(_first_mistake(error, model, value, where)) from None


def shown(value: Any) -> str:
    """Return `value` as Python writes it, cut short: aliases can make a few lines gigabytes."""
    try:
        return _SHORT.repr(value)
    except ValueError:  # a hexadecimal number that has too many decimal digits to be written
        return "this number"


def suggestion(key: str, names: list[str]) -> str:
    """Return ``; did you mean ...?`` and a list of the `names` that are allowed."""
    near = difflib.get_close_matches(key, names, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    return f"{hint} Allowed: {', '.join(names) or 'none'}"


def _first_mistake(error: ValidationError, model: type[BaseModel], value: Any, where: str) -> str:
    mistakes = error.errors()
    # A value that may be a number or a list fails as both: what is deepest, and not merely of
    # the other type, is what was meant.
    # An unknown key comes first: it may well be the missing one, misspelt.
    unknown = [m for m in mistakes if m["type"] in {"extra_forbidden", "invalid_key"}]
    first = (unknown or mistakes)[0]
    same_key = [m for m in mistakes if m["loc"][:1] == first["loc"][:1]]
    mistake = max(same_key, key=lambda m: (len(m["loc"]), not m["type"].endswith("_type")))
    path = ".".join([where, *_keys(mistake["loc"], value)])
    if mistake["type"] == "extra_forbidden":
        names = list(model.model_fields)
        return f"{path}: unknown key{suggestion(str(mistake['loc'][-1]), names)}"
    if mistake["type"] == "missing":
        return f"{path}: this key is required"
    message = mistake["msg"].removeprefix("Value error, ")
    if mistake["type"] == "value_error" and not mistake["loc"]:
        return f"{where}.{message}"
    wrong = mistake["input"]
    examples = {"float_type": "0.001", "int_type": "10"}
    hint = ""
    if isinstance(wrong, str) and mistake["type"] in examples:
        number = examples[mistake["type"]]
        hint = f"; YAML reads this as text: write a plain number such as {number}"
    return f"{path}: {shown(wrong)} is not allowed: {message}{hint}"


def _keys(location: tuple[int | str, ...], value: Any) -> list[str]:
    """Return the parts of a location that are keys of `value`, not names of alternatives."""
    keys = []
    for part in location:
        if part in {VALUE, SEVERAL}:
            continue
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int):
            value = value[part]
        else:
            continue
        keys.append(str(part))
    return keys
