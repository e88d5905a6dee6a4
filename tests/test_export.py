"""A model in one file: the same answers anywhere, and nothing but answers from a stranger's."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from stages import export, predict
from stages.data.samples import open_samples
from stages.model import PictureClassifier, load
from stages.prediction.bundle import read_bundle
from stages.prediction.model import load_model
from stages.runtime.errors import ParamsError, PipelineError
from stages.runtime.files import read_json
from stages.runtime.npz import load_npz, save_npz
from tests.helpers import ROOT, last_words
from tests.project import Project

HOG = "photos-hog-standardize"


def folders_of(project):
    """Return what `export` reads of a project, by its options."""
    return {
        "models": project.path / "models",
        "transforms": project.path / "data" / "transforms",
        "evaluations": project.path / "data" / "evaluations",
        "params": project.path / "params.yaml",
    }


@pytest.fixture(scope="module")
def finished_files(finished: Project, tmp_path_factory):
    """Return the test pictures of the small project, its folders, and an exported model."""
    folder = tmp_path_factory.mktemp("model")
    folders = folders_of(finished)
    export.main(HOG, folder / "model.npz", **folders)
    raw = open_samples(finished.path / "data" / "samples" / "photos-raw")
    pictures = np.array(raw.select(["data_batch_2"])[0])
    return folder / "model.npz", pictures, folders


@pytest.fixture
def exported(finished_files):
    return finished_files[0]


@pytest.fixture
def pictures(finished_files):
    return finished_files[1]


def test_the_answers_are_those_of_the_experiment(finished_files, tmp_path):
    file, pictures, folders = finished_files
    wanted = (
        load_model(HOG, folders["models"], folders["transforms"])
        .predict_proba(pictures)
        .mean(axis=0)
    )
    loaded = load(file)
    assert loaded.predict_proba(pictures).tobytes() == wanted.tobytes()
    assert loaded.predict(pictures).tolist() == loaded.classes_[wanted.argmax(axis=1)].tolist()
    export.main(HOG, tmp_path / "again.npz", **folders)
    assert (tmp_path / "again.npz").read_bytes() == file.read_bytes()


def test_the_file_is_enough(exported, pictures, tmp_path):
    """In another folder, by the installed package alone, and by the command."""
    here = tmp_path / "elsewhere"
    here.mkdir()
    Image.fromarray(pictures[0]).resize((200, 150)).save(here / "picture.png")
    script = (
        "import sys; from stages.model import load\n"
        f"print(load({str(exported)!r}).predict(['picture.png'])[0])"
    )
    command = [sys.executable, "-c", script]
    run = subprocess.run(command, cwd=here, capture_output=True, text=True, check=True)
    command = [sys.executable, "-m", "stages.predict", str(exported), "picture.png"]
    said = subprocess.run(
        [*command, "--format", "json"], cwd=here, capture_output=True, text=True, check=True
    )
    assert [one["class_name"] for one in json.loads(said.stdout)] == [run.stdout.strip()]


def test_pictures_come_in_every_way(exported, pictures, tmp_path):
    model = load(exported)
    small = Image.fromarray(pictures[0])
    large = small.resize((90, 64))
    large.save(tmp_path / "large.png")
    grey = large.convert("L")
    ways = {
        "path": (tmp_path / "large.png", large),
        "text": (str(tmp_path / "large.png"), large),
        "array": (np.asarray(large), large),
        "grey array": (np.asarray(grey), grey.convert("RGB")),
        "grey array with an axis": (np.asarray(grey)[..., np.newaxis], grey.convert("RGB")),
        "opaque": (large.convert("RGBA"), large),
        "small": (small, pictures[0]),
    }
    one_by_one = [model.predict_proba([picture])[0] for _, picture in ways.values()]
    together = model.predict_proba([given for given, _ in ways.values()])
    np.testing.assert_allclose(together, one_by_one, rtol=1e-5)
    assert model.predict_proba([]).shape == (0, 10)
    assert model.predict([]).shape == (0,)


def test_background_and_fit_are_the_files_or_ones_own(finished_files, tmp_path):
    _, pictures, folders = finished_files
    glass = Image.fromarray(pictures[0]).convert("RGBA").resize((64, 32))
    glass.putalpha(90)
    files = {}
    for name, fit, background in (("a", "pad", "black"), ("b", "crop", "white")):
        files[name] = tmp_path / f"{name}.npz"
        export.main(HOG, files[name], fit, background, **folders)
    first, second = (load(file).predict_proba([glass]) for file in files.values())
    assert np.abs(first - second).max() > 1e-6
    changed = PictureClassifier(files["a"], "crop", "white").fit()
    assert changed.predict_proba([glass]).tobytes() == second.tobytes()


def test_the_command_follows_the_file_unless_told_otherwise(finished_files, tmp_path, capsys):
    _, pictures, folders = finished_files
    glass = Image.fromarray(pictures[0]).convert("RGBA").resize((64, 32))
    glass.putalpha(90)
    glass.save(tmp_path / "glass.png")
    export.main(HOG, tmp_path / "model.npz", "pad", "black", **folders)
    said = []
    for options in ({}, {"fit": "pad", "background": "black"}, {"fit": "crop"}):
        with pytest.raises(SystemExit):
            predict.main(str(tmp_path / "model.npz"), [str(tmp_path / "glass.png")], **options)
        said.append(capsys.readouterr().out)
    assert said[0] == said[1] != said[2]


def test_a_background_that_is_no_colour_is_not_written(finished_files, tmp_path):
    _, _, folders = finished_files
    with pytest.raises(ParamsError, match=r"background: 'whyte'"):
        export.main(HOG, tmp_path / "model.npz", "pad", "whyte", **folders)
    assert not [*tmp_path.iterdir()]


def test_it_is_an_estimator(exported, pictures):
    model = load(exported)
    copy = clone(model)
    assert copy.get_params() == {
        "path": exported,
        "fit_to": None,
        "background": None,
        "raw": False,
    }
    with pytest.raises(NotFittedError):
        copy.predict(pictures)
    answers = model.predict(pictures)
    assert copy.fit(pictures, answers).score(pictures, answers) == 1


def test_its_probabilities_are_calibrated_unless_raw_ones_are_asked_for(exported, pictures):
    calibrated = load(exported)
    raw = PictureClassifier(exported, raw=True).fit()
    assert calibrated.model_.temperature != 1
    sharper = calibrated.model_.temperature < 1
    most = [model.predict_proba(pictures).max(axis=1) for model in (calibrated, raw)]
    assert ((most[0] > most[1]) == sharper).all()


ODD = {
    "float": np.zeros((9, 9, 3)),
    "two channels": np.zeros((9, 9, 2), np.uint8),
    "a row": np.zeros(9, np.uint8),
    "nothing": np.zeros((0, 9, 3), np.uint8),
    "text": "missing.png",
}


@pytest.mark.parametrize("what", ODD)
def test_what_is_no_picture_is_refused(exported, what):
    with pytest.raises((PipelineError, FileNotFoundError)):
        load(exported).predict([ODD[what]])


def test_one_picture_is_no_list(exported):
    with pytest.raises(PipelineError, match="list"):
        load(exported).predict("picture.png")


def test_the_card_says_what_was_measured(exported, finished):
    text = exported.with_name("MODEL.md").read_text()
    _, front, body = text.split("---\n", 2)
    card = yaml.safe_load(front)
    scores = read_json(finished.path / "data" / "evaluations" / "photos" / f"{HOG}.json")
    (result,) = card["model-index"][0]["results"]
    assert result["metrics"] == [{"type": "accuracy", "value": scores["ensemble"]["accuracy"]}]
    assert (card["datasets"], card["license"]) == (["photos"], "mit")
    for row in scores["per_class"]:
        assert f"| {row['class']} | {100 * row['precision']:.1f} % |" in body
    assert "`hog` (orientations 9" in body
    assert "`standardize`" in body
    assert str(finished.path) not in text


# ---------------------------------------------------------------- strangers' files


def rewritten(exported, tmp_path, change):
    header, arrays = load_npz(exported)
    change(header, arrays)
    save_npz(tmp_path / "changed.npz", header, arrays)
    return tmp_path / "changed.npz"


def flip(_, arrays):
    arrays["network-0"] = arrays["network-0"].copy()
    arrays["network-0"][500] ^= 1


def swapped(_, arrays):
    arrays["network-0"], arrays["network-1"] = arrays["network-1"], arrays["network-0"]


def outside(header, arrays):
    name = f"transform-{HOG}"
    arrays["transform-../../x"] = arrays.pop(name)
    header["transforms"] = {**header["transforms"], "../../x": header["transforms"].pop(HOG)}


CHANGES = {
    "a byte": (flip, "network-0"),
    "two networks for each other": (swapped, "network-0"),
    "a name that leads outside": (outside, "transforms"),
    "a part more": (lambda _, a: a.update(more=a["network-0"]), "other parts"),
    "a part less": (lambda _, a: a.pop("network-1"), "other parts"),
    "no networks": (lambda h, _: h.update(networks={}), "networks"),
    "another version": (lambda h, _: h.update(format="model 1"), "format"),
    "a temperature of 0": (lambda h, _: h.update(temperature=0.0), "temperature"),
    "an unknown key": (lambda h, _: h.update(code="print()"), "code"),
    "numbers of another kind": (lambda _, a: a.update({"network-0": np.zeros(3)}), "network-0"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_was_changed_is_refused_in_one_line(exported, tmp_path, change):
    how, part = CHANGES[change]
    file = rewritten(exported, tmp_path, how)
    with pytest.raises(PipelineError) as error:
        load(file)
    assert str(file) in str(error.value)
    assert part in str(error.value)
    assert "\n" not in str(error.value)
    assert [path.name for path in tmp_path.iterdir() if path.suffix] == ["changed.npz"]


def truncated(content):
    return content[: len(content) // 2]


def a_bomb(_):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.npy", b"\0" * 2**24)
    return file.getvalue()


def a_great_array(_):
    file = io.BytesIO()
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        head, {"descr": "<f8", "fortran_order": False, "shape": (10**6, 10**6)}
    )
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("header.npy", head.getvalue())
    return file.getvalue()


def objects(_):
    file = io.BytesIO()
    np.savez(file, header=np.array([{}], dtype=object))
    return file.getvalue()


HOSTILE = {
    "truncated": truncated,
    "a bomb": a_bomb,
    "a great array": a_great_array,
    "objects": objects,
    "empty": lambda _: b"",
    "text": lambda _: b"no model",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_is_refused_in_one_line(exported, tmp_path, kind):
    file = tmp_path / "hostile.npz"
    file.write_bytes(HOSTILE[kind](exported.read_bytes()))
    code, line = last_words(predict, file, "picture.png")
    assert code == 1
    assert str(file) in line


def test_a_weight_that_is_no_number_is_refused(finished, tmp_path):
    models = tmp_path / "models"
    (models / HOG).mkdir(parents=True)
    for file in (finished.path / "models" / HOG).iterdir():
        (models / HOG / file.name).write_bytes(file.read_bytes())
    header, arrays = load_npz(models / HOG / "seed-1.npz")
    arrays["weight_0"][0, 0] = np.nan
    save_npz(models / HOG / "seed-1.npz", header, arrays)
    file = tmp_path / "model.npz"
    export.main(HOG, file, **folders_of(finished) | {"models": models})
    with pytest.raises(PipelineError, match="not finite"):
        read_bundle(file)


def test_no_file_and_no_experiment_are_told_apart(tmp_path, monkeypatch):
    with pytest.raises(PipelineError, match="missing"):
        load(tmp_path / "none.npz")
    monkeypatch.chdir(ROOT)
    code, line = last_words(export, "nothing", "--output", tmp_path / "x.npz")
    assert (code, Path(tmp_path / "x.npz").exists()) == (1, False)
    assert "nothing" in line
