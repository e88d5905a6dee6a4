"""params.yaml is what DVC reads and writes: YAML 1.2, in the layout of its own writer."""

from __future__ import annotations

import math
import shutil

import pytest
from dvc.utils.hydra import apply_overrides
from dvc.utils.serialize import dumps_yaml, load_yaml
from dvc.utils.serialize._yaml import parse_yaml_for_update

from stages.params.loading import read_params
from stages.runtime.errors import ParamsError
from tests.project import ROOT

PARAMS = ROOT / "params.yaml"
TEXT = PARAMS.read_text(encoding="utf-8")
SCALARS = [
    "08",
    "1e3",
    "1e-05",
    "1e-3",
    "1E5",
    "010",
    "0o17",
    "0b11",
    "0x1F",
    "1_000",
    "1__0",
    "off",
    "on",
    "yes",
    "no",
    "y",
    "n",
    "Off",
    "NO",
    "12:30",
    "1:02:03",
    "~",
    "null",
    "Null",
    "NULL",
    "nUll",
    "true",
    "True",
    "TRUE",
    "tRue",
    "false",
    ".inf",
    "-.inf",
    ".Inf",
    ".nan",
    ".NaN",
    "inf",
    "nan",
    "+1",
    "-0",
    "+0.0",
    "-0.0",
    "1.",
    ".5",
    "5.",
    "1.0",
    "1e+3",
    "1e",
    "0.1e",
    "e3",
    "1.5.2",
    "2001-01-01",
    "2001-01-01T00:00:00",
    "2001-1-1",
    "'1'",
    '"1"',
    "'off'",
    "=",
    "<<:",
    "1,000",
    "0.00001",
    "00",
    "0",
    "-1",
    "9007199254740993",
    "1e400",
]
TAGGED = ["!!str 1", "!!float 1", "!!int '1'", "!!bool yes", "!!null x", ""]


def read_by_both(tmp_path, text):
    """Return what the project reads, or None if it refuses the text, and what DVC reads."""
    path = tmp_path / "params.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        return read_params(path), load_yaml(str(path))
    except ParamsError as error:
        refused = str(error)
    assert "\n" not in refused
    return None, None


def same(one, other):
    if isinstance(one, dict):
        return [*map(repr, one)] == [*map(repr, other)] and all(
            map(same, one.values(), other.values())
        )
    if isinstance(one, float) and math.isnan(one):
        return math.isnan(other)
    return type(one) is type(other) and repr(one) == repr(other)


@pytest.mark.parametrize("scalar", [*SCALARS, *TAGGED])
def test_a_value_is_what_dvc_reads(tmp_path, scalar):
    for text in (f"a: {scalar}\n", f"a: [{scalar}]\n", f"a: {{b: {scalar}}}\n"):
        ours, theirs = read_by_both(tmp_path, text)
        assert ours is None or same(ours, theirs)


@pytest.mark.parametrize("scalar", SCALARS)
def test_a_name_is_what_dvc_reads(tmp_path, scalar):
    ours, theirs = read_by_both(tmp_path, f"{scalar}: 1\n")
    assert ours is None or same(ours, theirs)


def test_few_texts_are_refused(tmp_path):
    read = [read_by_both(tmp_path, f"a: {scalar}\n")[0] for scalar in SCALARS]
    assert sum(value is None for value in read) <= 2


def test_what_dvc_writes_is_a_number(tmp_path):
    ours, _ = read_by_both(tmp_path, dumps_yaml({"alpha": 0.00001}))
    assert ours == {"alpha": 0.00001}


def test_dvc_writes_the_file_as_it_is():
    assert dumps_yaml(parse_yaml_for_update(TEXT, "params.yaml")) == TEXT


def test_it_is_short_and_has_no_anchors():
    assert len(TEXT.splitlines()) <= 400
    text = "\n".join(line for line in TEXT.splitlines() if not line.lstrip().startswith("#"))
    assert "&" not in text
    assert "*" not in text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "value", "back", "n_lines"),
    [
        ("defaults.learning_rate", "0.1", "0.03", 1),
        ("recipes.l1.alpha", "0.00001", "0.0002", 1),
        ("quick.enabled", "true", "false", 1),
        ("defaults.seeds", "[0,1,2,3,4,7]", "[0,1,2,3,4,5]", 1),
        ("recipes.relu.hidden_layer_sizes", "[64]", "[128]", 1),
    ],
)
def test_dvc_sets_a_value_and_sets_it_back(tmp_path, key, value, back, n_lines):
    path = tmp_path / "params.yaml"
    shutil.copy(PARAMS, path)
    apply_overrides(path, [f"{key}={value}"])
    changed = path.read_text(encoding="utf-8").splitlines()
    differing = [new for new, old in zip(changed, TEXT.splitlines(), strict=True) if new != old]
    assert len(differing) == n_lines
    apply_overrides(path, [f"{key}={back}"])
    assert path.read_text(encoding="utf-8") == TEXT
