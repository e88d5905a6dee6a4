"""The JSON Schema of params.yaml: up to date, and of one mind with check_project."""

from __future__ import annotations

import copy

import pytest
from jsonschema import Draft7Validator

from stages import check
from stages.params.experiment import Defaults, Experiment
from stages.runtime.files import read_json
from stages.schema.editor import params_schema
from stages.schema.project import SECTIONS, check_project
from tests.helpers import ROOT
from tests.mistakes import ABSENT, DOCUMENT, MISTAKES, OWN, at, both, new_feature, own, pca

FILE = "stages/schema/params.schema.json"
VALIDATOR = Draft7Validator(params_schema())

# Of the mistakes that check_project finds, some of each kind that an editor can see.
VISIBLE = [
    "unknown section",
    "missing section",
    "section that is a list",
    "empty section",
    "misspelt default",
    "misspelt key",
    "misspelt in dataset",
    "misspelt in feature",
    "misspelt in hog",
    "misspelt option",
    "missing default",
    "missing dataset",
    "missing seed",
    "missing source",
    "missing parameter",
    "missing input",
    "empty experiment",
    "name with _",
    "text for count",
    "real for count",
    "bool for number",
    "text for bool",
    "number for list",
    "no epochs",
    "rate of 0",
    "one rate to choose from",
    "a bad rate of two",
    "momentum of 1",
    "negative seed",
    "empty layer",
    "unknown penalty",
    "unknown last batch",
    "null for last batch",
    "scale of 0",
    "negative scale",
    "text for scale",
    "bool for scale",
    "list for scale",
    "negative contrast",
    "contrast above all",
    "text for contrast",
    "missing contrast",
    "list for split",
    "misspelt in recipe",
    "wrong value in recipe",
    "no recipe",
    "no seeds",
    "unknown norm",
    "unknown source",
    "unknown transform",
    "parameters of nothing",
    "input of another form",
    "fit missing",
    "no components",
    "no files",
    "too many pictures",
]

RIGHT = {
    "as it is": both(),
    "rates to choose from": own(learning_rate=[0.1, 1]),
    "strengths to choose from": own(penalty="l1", alpha=[0.1, 0.2]),
    "a whole number for a real one": own(momentum=0, learning_rate=1),
    "a scale of the first weights": own(weight_scale=0.05, last_batch="drop"),
    "a whole scale, and a short batch": own(weight_scale=1, last_batch="short"),
    "no scale": own(weight_scale=None, last_batch="even"),
    "patches of any contrast": at("datasets.photos.min_contrast", 0),
    "variance to keep": pca(n_components=0.5),
    "level": new_feature("binarize", options={"threshold": "fixed", "level": 0.5}),
    "no options": new_feature(options={}),
    "no fit": new_feature(fit=None),
    "transform that nothing uses": both(
        at("transforms.binarize", ABSENT),
        lambda document: [
            entries.pop(name)
            for entries in (document["features"], document["experiments"])
            for name in list(entries)
            if "binarize" in name
        ],
    ),
}


def changed(change):
    document = copy.deepcopy(DOCUMENT)
    change(document)
    return document


def test_the_committed_schema_is_up_to_date(tmp_path):
    check.main(ROOT / "params.yaml", None, tmp_path / "schema.json")
    written = (tmp_path / "schema.json").read_bytes()
    assert (ROOT / FILE).read_bytes() == written, "run: make schema"


def test_it_is_a_schema_and_params_yaml_names_it():
    Draft7Validator.check_schema(read_json(ROOT / FILE))
    first = (ROOT / "params.yaml").read_text(encoding="utf-8").partition("\n")[0]
    assert first == f"# yaml-language-server: $schema={FILE}"


def test_every_section_and_every_key_of_an_experiment_is_there():
    sections = params_schema()["properties"]
    assert set(sections) == set(SECTIONS)
    assert set(sections["defaults"]["properties"]) == set(Defaults.model_fields)
    assert sections["defaults"]["required"] == list(Defaults.model_fields)
    experiment = sections["experiments"]["additionalProperties"]
    assert set(experiment["properties"]) == set(Experiment.model_fields)
    assert set(experiment["required"]) == {"dataset", "preprocessing", "recipe"}


def test_what_the_docstrings_say_is_there():
    pca_ = params_schema()["properties"]["transforms"]["properties"]["pca"]
    assert pca_["description"] == "Coordinates along the directions of largest variance."
    assert pca_["properties"]["n_components"]["description"].startswith("How many components, or")


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_is_right_in_an_editor(name):
    document = changed(RIGHT[name])
    check_project(document)
    assert [error.message for error in VALIDATOR.iter_errors(document)] == []


@pytest.mark.parametrize("mistake", VISIBLE)
def test_an_editor_sees_the_mistake(mistake):
    assert not VALIDATOR.is_valid(changed(MISTAKES[mistake][0]))


def test_an_editor_is_told_where():
    (error,) = VALIDATOR.iter_errors(changed(own(epochs=0)))
    assert [*error.path] == [*OWN.split("."), "epochs"]
