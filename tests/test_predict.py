"""Pictures from anywhere: what the networks of an experiment say of them."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from stages.data.samples import open_samples
from stages.evaluation.answers import probabilities, views
from stages.params.experiment import merge
from stages.prediction.model import load_model
from stages.prediction.table import Answer, answer, as_csv, as_json, as_table
from stages.training.seeds import load_seeds
from tests.project import ROOT, Project

HOG = "photos-hog"


def model_of(project, name):
    return load_model(name, project.path / "models", project.path / "data" / "transforms")


def predict(project, *arguments, check=True, **options):
    return project.run("python", "-m", "stages.predict", *arguments, check=check, **options)


@pytest.fixture
def files(project):
    """Return the files of some test pictures, and their probabilities by `evaluate`'s way."""
    raw = open_samples(project.path / "data" / "samples" / "photos-raw")
    pictures, _ = raw.select(["data_batch_2"])
    folder = project.path / "mine"
    folder.mkdir()
    for number, picture in enumerate(pictures):
        Image.fromarray(np.array(picture)).save(folder / f"{number:02d}.png")
    return sorted(folder.iterdir())


def measured(project, name, temperature=1.0):
    """Return the probabilities of the test pictures as the stage evaluate has them."""
    experiment = merge(project.read(), name)
    samples = open_samples(project.path / "data" / "samples" / f"photos-{experiment.preprocessing}")
    networks = load_seeds(project.path / "models" / name, experiment.seeds)
    shown = views(samples, samples.split(experiment.split).test, experiment)
    return probabilities(networks, shown, len(samples.class_names), temperature)


@pytest.mark.parametrize("name", ["photos-normalize", HOG, "photos-hog-standardize"])
def test_test_pictures_get_the_probabilities_that_were_measured(project: Project, name):
    model = model_of(project, name)
    raw = open_samples(project.path / "data" / "samples" / "photos-raw")
    pictures, _ = raw.select(["data_batch_2"])
    found = model.predict_proba(np.array(pictures), raw=True)
    assert found.tobytes() == measured(project, name).tobytes()
    calibrated = model.predict_proba(np.array(pictures))
    assert calibrated.tobytes() == measured(project, name, model.temperature).tobytes()
    assert calibrated.tobytes() != found.tobytes()
    assert model.class_names == raw.class_names


def test_views_are_averaged_where_the_experiment_does(project: Project):
    name = "photos-mirrored"
    base = project.read()["experiments"]["photos-normalize"]
    project.set(f"experiments.{name}", {**base, "flip": True, "average_views": True})
    project.repro(f"evaluate@{name}")
    raw = open_samples(project.path / "data" / "samples" / "photos-raw")
    pictures, _ = raw.select(["data_batch_2"])
    found = model_of(project, name).predict_proba(np.array(pictures), raw=True)
    assert found.tobytes() == measured(project, name).tobytes()
    mirrored = model_of(project, name).predict_proba(np.array(pictures)[:, :, ::-1], raw=True)
    np.testing.assert_allclose(found, mirrored, atol=1e-6)


@pytest.mark.parametrize("raw", [False, True])
def test_without_data_the_command_says_what_the_stage_measured(project: Project, files, raw):
    temperature = 1.0 if raw else model_of(project, HOG).temperature
    expected = measured(project, HOG, temperature).mean(axis=0)
    shutil.rmtree(project.path / "data" / "samples")
    (project.path / "params.yaml").unlink()
    order = [files[3], files[0], files[3]]
    options = ["--format", "csv", *(["--raw"] if raw else [])]
    result = predict(project, HOG, *map(str, order), *options)
    rows = [*csv.DictReader(io.StringIO(result.stdout))]
    assert [row["picture"] for row in rows] == [*map(str, order)]
    for row, number in zip(rows, (3, 0, 3), strict=True):
        best = np.sort(expected[number])[::-1]
        assert float(row["probability"]) == pytest.approx(best[0], rel=1e-5)
        assert float(row["runner_up_probability"]) == pytest.approx(best[1], rel=1e-5)
    assert result.stderr == ""


def test_folders_and_lists_are_pictures_too(project: Project, files):
    (project.path / "mine" / ".DS_Store").write_text("no picture")
    (project.path / "list").write_text(f"{files[1]}\n\n{project.path / 'mine'}\n")
    with (project.path / "list").open() as listed:
        result = predict(project, HOG, "-", "--format", "json", stdin=listed)
    found = [row["picture"] for row in json.loads(result.stdout)]
    assert found == [str(files[1]), *map(str, files)]


def test_what_cannot_be_read_is_a_row_and_the_exit_code_is_1(project: Project, files):
    (project.path / "text.png").write_text("no picture")
    (project.path / "loop.png").symlink_to("loop.png")
    odd = os.fsdecode(b"caf\xe9.png")
    arguments = ("text.png", str(files[0]), "none.png", "loop.png", odd)
    result = predict(project, HOG, *arguments, "--format", "json", check=False)
    assert (result.returncode, result.stderr) == (1, "")
    rows = json.loads(result.stdout)
    assert [row["picture"] for row in rows][:4] == [*arguments[:4]]
    assert rows[4]["picture"] == r"caf\udce9.png"
    assert [bool(row["error"]) for row in rows] == [True, False, True, True, True]
    assert [row["class_name"] == "" for row in rows] == [True, False, True, True, True]
    assert "no picture" in rows[0]["error"]


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("photos-none", "x.png"), ["models/photos-none", "is missing"]),
        ((HOG, "empty"), ["no picture in empty"]),
    ],
)
def test_mistakes_are_one_line(project: Project, arguments, parts):
    (project.path / "empty").mkdir()
    result = predict(project, *arguments, check=False)
    assert result.returncode == 1
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert all(part in line for part in ["error: ", *parts])


def test_pictures_of_any_size_are_brought_to_the_networks(project: Project):
    Image.new("RGBA", (300, 200), (10, 20, 30, 0)).save(project.path / "large.png")
    for fit in ("crop", "pad", "stretch"):
        result = predict(project, HOG, "large.png", "--fit", fit)
        assert "large.png" in result.stdout


# ---------------------------------------------------------------- tables

ROWS = [
    Answer('a, "b".png', "cat", 0.75, "dog", 0.25),
    Answer("c.png", error="no picture"),
]


def test_the_two_most_probable_classes_are_named():
    found = answer("x.png", np.array([0.1, 0.6, 0.3]), ["a", "b", "c"])
    assert found == Answer("x.png", "b", 0.6, "c", 0.3)
    assert answer("x.png", np.array([0.5, 0.5]), ["a", "b"])[1::2] == ("a", "b", "")


def test_every_format_has_all_of_it():
    assert [*csv.reader(io.StringIO(as_csv(ROWS)))] == [
        [*Answer._fields],
        ['a, "b".png', "cat", "0.75", "dog", "0.25", ""],
        ["c.png", "", "", "", "", "no picture"],
    ]
    assert [Answer(**row) for row in json.loads(as_json(ROWS))] == ROWS
    head, first, second = as_table(ROWS).splitlines()
    assert head.endswith("error")
    assert first.split()[2:] == ["cat", "0.750", "dog", "0.250"]
    assert second.endswith("no picture")
    assert "error" not in as_table(ROWS[:1])


def test_what_takes_longer_to_import_than_to_answer_is_not_imported():
    code = (
        "import sys, stages.predict\n"
        "sys.exit(', '.join({'sklearn', 'scipy', 'skimage', 'pandas', 'numba'} & {*sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, cwd=ROOT
    )
    assert done.stderr.strip() == ""
