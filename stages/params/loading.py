"""Read params.yaml and turn a wrong value into one line that names it."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from stages.runtime.errors import ParamsError


class Section(BaseModel):
    """A part of params.yaml: unknown keys and implicit conversions are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


Model = TypeVar("Model", bound=BaseModel)


def read_params(path: Path) -> dict[str, Any]:
    """Read a whole params file.

    Raises
    ------
    ParamsError
        If the file is missing, is no YAML, is no mapping, or names one key twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
        document = yaml.load(text, Loader=_UniqueKeyLoader)  # noqa: S506 - it is a SafeLoader
    except FileNotFoundError:
        raise ParamsError(f"{path} is missing: run from the project's folder") from None
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, RecursionError) as error:
        # PyYAML lets the errors of dates, numbers and odd tags through as they are.
        raise ParamsError(f"{path} is no valid YAML: {error}") from None
    if not isinstance(document, dict):
        raise ParamsError(f"{path} must be a mapping of sections, it is {document!r}")
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


def suggestion(key: str, names: list[str]) -> str:
    """Return ``; did you mean ...?`` or a list of the `names` that are allowed."""
    near = difflib.get_close_matches(key, names, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"{hint} Allowed: {', '.join(names) or 'none'}"


def _first_mistake(error: ValidationError, model: type[BaseModel], value: Any, where: str) -> str:
    mistakes = error.errors()
    # A value that may be a number or a list fails as both: what is deepest, and not merely of
    # the other type, is what was meant.
    same_key = [m for m in mistakes if m["loc"][:1] == mistakes[0]["loc"][:1]]
    mistake = max(same_key, key=lambda m: (len(m["loc"]), not m["type"].endswith("_type")))
    path = ".".join([where, *_keys(mistake["loc"], value)])
    if mistake["type"] == "extra_forbidden":
        names = list(model.model_fields)
        return f"{path}: unknown key{suggestion(str(mistake['loc'][-1]), names)}"
    if mistake["type"] == "missing":
        return f"{path}: this key is required"
    wrong = mistake["input"]
    hint = ""
    if isinstance(wrong, str) and mistake["type"] in ("float_type", "int_type"):
        hint = "; YAML reads this as text: write a plain number such as 0.001"
    message = mistake["msg"].removeprefix("Value error, ")
    return f"{path}: {wrong!r} is not allowed: {message}{hint}"


def _keys(location: tuple[int | str, ...], value: Any) -> list[str]:
    """Return the parts of a location that are keys of `value`, not names of alternatives."""
    keys = []
    for part in location:
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int):
            value = value[part]
        else:
            continue
        keys.append(str(part))
    return keys


class _UniqueKeyLoader(yaml.SafeLoader):
    """PyYAML keeps the last of two equal keys silently; here they are an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [self.construct_object(key) for key, _ in node.value if key.value != "<<"]
        for name in names:
            if names.count(name) > 1:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {name!r} is there twice", node.start_mark
                )
        return super().construct_mapping(node, deep)
