"""A study of one's own pictures in params.yaml: added and taken out, and nothing else changed."""

from __future__ import annotations

import difflib
import shutil
from pathlib import Path

import pytest
from dvc.utils.serialize import dumps_yaml
from dvc.utils.serialize._yaml import parse_yaml_for_update
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from stages import study
from stages.editing.sections import add_entries, remove_entries
from stages.params.loading import read_params
from stages.runtime.errors import ParamsError, PipelineError
from stages.schema.project import check_project
from tests.helpers import ROOT

TEXT = (ROOT / "params.yaml").read_text(encoding="utf-8")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Return a folder with params.yaml, in which commands run, and with pictures."""
    shutil.copy(ROOT / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    for name in ("cat", "dog"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for number in range(20):
            Image.new("RGB", (9, 9), (number, 0, 0)).save(
                tmp_path / "pets" / name / f"{number}.png"
            )
    return tmp_path


def text():
    return Path("params.yaml").read_text(encoding="utf-8")


def test_a_study_is_added_once_and_comes_out_without_a_trace(here):
    study.add("pets", Path("pets"))
    added = text()
    lines = [*difflib.ndiff(TEXT.splitlines(), added.splitlines())]
    assert not [line for line in lines if line[0] in "-?"]
    assert all("pets" in line or line[2:].startswith("   ") for line in lines if line[0] == "+")
    study.add("pets", here / "pets")
    assert text() == added
    study.remove("pets")
    assert text() == TEXT


def test_what_is_added_is_right_and_as_dvc_would_write_it(here):
    study.add("pets", Path("pets"))
    document = read_params(here / "params.yaml")
    check_project(document)
    assert dumps_yaml(parse_yaml_for_update(text(), "params.yaml")) == text()
    for section in ("features", "experiments"):
        own, photos = (
            {key.removeprefix(name) for key in document[section] if key.startswith(name)}
            for name in ("pets-", "photos-")
        )
        assert own == photos
    # 32 pictures to train on have 31 components.
    assert document["features"]["pets-pca"]["options"] == {"n_components": 31}
    assert document["datasets"]["pets"]["files"] == "pets"


def test_pictures_may_be_anywhere_and_named_by_their_table(here, tmp_path_factory):
    place = tmp_path_factory.mktemp("elsewhere")
    shutil.copytree(here / "pets", place / "pets")
    rows = [f"pets/{name}/{number}.png,{name}" for name in ("cat", "dog") for number in range(20)]
    (place / "labels.csv").write_text("path,label\n" + "\n".join(rows))
    study.add("pets", place / "labels.csv")
    assert read_params(Path("params.yaml"))["datasets"]["pets"]["files"] == str(place)


def test_a_home_is_expanded(here, monkeypatch):
    monkeypatch.setenv("HOME", str(here / "home"))
    shutil.copytree(here / "pets", here / "home" / "pets")
    study.add("pets", Path("~/pets"))
    assert read_params(Path("params.yaml"))["datasets"]["pets"]["files"] == "home/pets"


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("Pets", "'Pets'"),
        ("my_pets", "'my_pets'"),
        ("photos", "datasets.photos"),
        ("true", "'true'"),
    ],
)
def test_a_name_that_cannot_be_is_refused(name, part):
    with pytest.raises(ParamsError, match=part):
        study.add(name, Path("pets"))
    assert text() == TEXT


@pytest.mark.usefixtures("here")
def test_a_name_that_has_other_pictures_is_refused():
    study.add("pets", Path("pets"))
    shutil.copytree("pets", "others")
    added = text()
    with pytest.raises(ParamsError, match=r"datasets\.pets"):
        study.add("pets", Path("others"))
    assert text() == added


@pytest.mark.usefixtures("here")
def test_only_own_pictures_are_taken_out():
    for name in ("photos", "nothing"):
        with pytest.raises(ParamsError, match=f"datasets.*{name}"):
            study.remove(name)
    assert text() == TEXT


def test_pictures_that_are_none_change_nothing(here):
    (here / "empty").mkdir()
    with pytest.raises(PipelineError, match="empty has no classes"):
        study.add("pets", Path("empty"))
    assert text() == TEXT


def test_entries_in_braces_are_left_to_the_author(here):
    document = read_params(here / "params.yaml")
    inner = ", ".join(f"{key}: {{source: photos}}" for key in document["datasets"])
    start, end = TEXT.index("datasets:"), TEXT.index("# ------", TEXT.index("datasets:\n"))
    changed = f"{TEXT[:start]}datasets: {{{inner}}}\n{TEXT[end:]}"
    Path("params.yaml").write_text(changed, encoding="utf-8")
    with pytest.raises(ParamsError, match="lines of its own"):
        study.add("pets", Path("pets"))
    assert text() == changed


COMMENTS = st.lists(st.sampled_from(["# at the margin\n", "  # within\n", "\n"]), max_size=3)


@given(before=COMMENTS, between=COMMENTS, after=COMMENTS, last=st.booleans())
def test_comments_stay_where_they_are(before, between, after, last):
    original = "".join(
        ["a:\n", *before, "  x: 1\n", *between, "  y: {z: 2}\n", *after, "" if last else "b: 3\n"]
    )
    added = add_entries(original, "a", {"new": {"z": 3}})
    assert added.replace("  new:\n    z: 3\n", "") == original
    assert remove_entries(added, "a", ["new"]) == original
    without = remove_entries(original, "a", ["x"])
    assert without == original.replace("  x: 1\n", "")
