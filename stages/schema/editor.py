"""The JSON Schema of params.yaml, by which an editor completes and checks it.

It says what each entry may be by itself; what entries say of each other is for `check_project`.
"""

from __future__ import annotations

import inspect
import json
import re
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from stages.params.candidates import Candidates, Search
from stages.params.experiment import Defaults, Experiment, Quick
from stages.readings import design, factors
from stages.runtime.plugins import find_plugin, plugin_names
from stages.schema.project import NAME, SECTIONS
from stages.sources.base import Source
from stages.transforms.base import Transform, find_transform
from stages.transforms.feature import Feature

Schema = dict[str, Any]


def params_schema() -> Schema:
    """Return the schema, in the draft that editors know best; it imports every plugin."""
    sources = {name: find_plugin(Source, name, "datasets") for name in plugin_names(Source)}
    transforms = {name: find_transform(name, "transforms") for name in plugin_names(Transform)}
    experiment = _settings(Experiment)
    # An entry is laid over the defaults, which have all the other keys.
    own = [key for key in experiment["required"] if key not in Defaults.model_fields]
    experiment["required"] = own
    sections = {
        "datasets": _entries({"oneOf": [_dataset(*item) for item in sources.items()]}),
        "transforms": _section({name: _model(kind) for name, kind in transforms.items()}),
        "quick": _model(Quick),
        "defaults": _settings(Defaults),
        "recipes": _entries({**_settings(Defaults), "required": []}),
        "features": _entries({"oneOf": [_feature(*item) for item in transforms.items()]}),
        "experiments": _entries(experiment),
        "forensics": {**_entries(_forensics()), "minProperties": 0},
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        **_section(sections),
        "required": SECTIONS,
        "definitions": {
            "Candidates": {**_model(Candidates), "minProperties": 1, "maxProperties": 1},
            # The defaults have all keys; what is laid over them need not.
            "Search": {**_model(Search), "required": []},
        },
    }


def _settings(model: type[Defaults]) -> Schema:
    """Return a model's schema, which finds those of candidates and searches at the end."""
    text = json.dumps(_flat(model)).replace("#/$defs/", "#/definitions/")
    schema: Schema = json.loads(text)
    return schema


def _dataset(name: str, kind: type[Source]) -> Schema:
    schema = _model(kind)
    schema["properties"]["source"] = {"const": name, "description": schema["description"]}
    return schema


def _feature(name: str, kind: type[Transform]) -> Schema:
    schema = _model(Feature)
    options = _model(kind)
    del options["required"]  # they are laid over the transform's own entry
    schema["properties"]["transform"] = {"const": name, "description": options["description"]}
    schema["properties"]["options"] = options
    if kind.learns:
        schema["required"].append("fit")
    return schema


def _forensics() -> Schema:
    """Return an entry's schema with the models that it is made of in their places."""
    run, forensics = _flat(design.Run), _flat(design.Forensics)
    run["properties"]["plain"] = _flat(factors.Plain)
    run["properties"]["alone"] = _flat(factors.Values)
    run["properties"]["pairs"]["items"] = _flat(factors.Values)
    forensics["properties"]["runs"]["additionalProperties"] = run
    forensics["properties"]["inferred"]["items"] = _flat(design.Inferred)
    return forensics


def _flat(model: type[BaseModel]) -> Schema:
    """Return a model's schema without the definitions of others, which the caller puts in."""
    schema = _model(model)
    schema.pop("$defs", None)
    return schema


def _section(properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "minProperties": 1,
    }


def _entries(schema: Schema) -> Schema:
    return {
        "type": "object",
        "propertyNames": {"pattern": f"^{NAME.pattern}$"},
        "additionalProperties": schema,
        "minProperties": 1,
    }


def _model(model: type[BaseModel]) -> Schema:
    """Return a model's schema with what its docstring says of it and of its fields."""
    schema = model.model_json_schema(schema_generator=_WithoutTitles)
    del schema["title"]
    text = inspect.cleandoc(model.__doc__ or "")
    schema["description"] = _plain(text.partition("\n\n")[0])
    described = re.findall(r"^([\w, ]+) : .+\n((?: {4}.+\n?)+)", text, flags=re.MULTILINE)
    for names, description in described:
        for name in names.split(", "):
            if name in schema["properties"]:
                schema["properties"][name]["description"] = _plain(description)
    return schema


def _plain(text: str) -> str:
    """Return `text` on one line and without its references, which an editor does not show."""
    return re.sub(r" \[\d+\]_", "", " ".join(text.split()))


class _WithoutTitles(GenerateJsonSchema):
    """A field's title would only repeat its key."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False
