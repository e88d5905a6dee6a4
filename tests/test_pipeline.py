"""Real `dvc repro` on a small copy of the project: what runs again, and what does not."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread

from stages.augmentation.views import views_of
from stages.data.samples import open_samples
from stages.params.loading import read_params
from stages.transforms.chain import load_chain
from tests.litter import leave_files
from tests.project import ROOT, Project


def test_a_second_run_does_nothing(project: Project):
    before = project.outputs()
    assert project.repro() == set()
    assert project.outputs() == before


def test_a_learning_rate_reruns_its_experiment_and_the_report_and_its_way_back_runs_nothing(
    project: Project,
):
    before = project.outputs()
    project.set("experiments.photos-hog.learning_rate", 0.1)
    assert project.repro() == {
        "check",
        "train@photos-hog",
        "evaluate@photos-hog",
        "gallery@photos",
        "report@photos",
    }
    assert (
        project.outputs()["models/photos-hog/seed-0.npz"] != before["models/photos-hog/seed-0.npz"]
    )
    project.git("checkout", "params.yaml")
    # The report's files are committed rather than cached, so DVC has none to restore.
    assert project.repro() <= {"gallery@photos", "report@photos"}
    assert project.outputs() == before


def test_a_transforms_parameter_reruns_only_what_uses_it(project: Project):
    project.set("transforms.hog.orientations", 6)
    assert project.repro() == {
        "check",
        *(
            f"{stage}@photos-hog{chain}"
            for stage in ("preprocess", "train", "evaluate")
            for chain in ("", "-standardize")
        ),
        "gallery@photos",
        "report@photos",
    }


def test_a_quick_study_and_the_way_back(project: Project):
    before = project.outputs()
    params = project.read()
    project.set("quick", {"enabled": True, "epochs": 2, "seeds": 1})
    trained = {
        f"{stage}@{name}" for stage in ("train", "evaluate") for name in params["experiments"]
    }
    others = {"forensics@photos", "gallery@photos", "report@photos"}
    assert project.repro() == {"check", *trained, *others}
    report = (project.path / "reports/photos/report.md").read_text()
    assert "A quick look, not the study: at most 2 epochs and 1 seed for every experiment" in report
    assert not (project.path / "models/photos-hog/seed-1.npz").exists()
    project.write(params)
    assert project.repro() <= {"gallery@photos", "report@photos"}
    assert project.outputs() == before


def test_views_from_the_pictures_to_the_predictions(project: Project):
    params = project.read()
    for name in ("normalize", "hog"):
        params["experiments"][f"photos-{name}"] |= {"flip": True, "average_views": True}
    params["features"]["photos-hog"] |= {"flip": True, "shift": 1}
    for name in ("hog", "hog-standardize"):
        params["experiments"][f"photos-{name}"] |= {"flip": True, "shift": 1}
    project.write(params)
    ran = project.repro()
    assert {"preprocess@photos-hog", "preprocess@photos-hog-standardize"} <= ran
    assert "preprocess@photos-normalize" not in ran
    outputs = project.outputs()
    assert "data/samples/photos-hog-standardize/view_9.npy" in outputs
    assert "data/samples/photos-normalize/view_1.npy" not in outputs
    pictures = open_samples(project.path / "data/samples/photos-raw").values
    chain = load_chain(project.path / "data/transforms/photos", "photos-hog-standardize")
    found = open_samples(project.path / "data/samples/photos-hog-standardize").views
    for view, changed in zip(found, views_of(pictures, flip=True, shift=1), strict=True):
        np.testing.assert_array_equal(view[:5], chain.apply(changed[:5]))


USES_PCA = {"preprocess@photos-pca", "check", "gallery@photos"}
REDRAWN = {"gallery@photos", "report@photos", "gradcheck"}


def edit(project: Project, path: str, old: str, new: str) -> None:
    file = project.path / path
    text = file.read_text()
    assert text.count(old) >= 1
    file.write_text(text.replace(old, new, 1))


def test_comments_docstrings_and_layout_rerun_the_records_alone(project: Project):
    edit(project, "stages/transforms/pca.py", "from __future__", "# a remark\nfrom __future__")
    edit(project, "stages/network/losses.py", "Softmax and cross-entropy.", "Another word.")
    edit(project, "stages/network/epochs.py", "\n\nclass Training", "\n\n\n\nclass Training")
    edit(
        project,
        "stages/train.py",
        "open_samples(features)",
        "open_samples(\n        features,\n    )",
    )
    assert project.repro() == {"code"}


def test_a_statement_in_a_transform_reruns_what_uses_it(project: Project):
    edit(
        project, "stages/transforms/pca.py", "    whiten: bool\n", "    whiten: bool\n    _x = 1\n"
    )
    assert project.outdated() == USES_PCA


def test_a_statement_in_the_losses_reruns_what_trains(project: Project):
    edit(project, "stages/network/losses.py", "\n\ndef softmax", "\n\nUNUSED = 1\n\n\ndef softmax")
    trained = {f"{s}@{n}" for s in ("train", "evaluate") for n in project.read()["experiments"]}
    assert project.outdated() - {"gallery@photos", "report@photos"} == {
        *trained,
        "forensics@photos",
        "gradcheck",
    }


def test_a_statement_in_reporting_reruns_the_pages(project: Project):
    edit(project, "stages/reporting/page.py", "\n\ndef render", "\n\nUNUSED = 1\n\n\ndef render")
    assert project.repro() == {"code", "report@photos"}
    edit(project, "stages/reporting/report.md.j2", "## Learning curves", "## Curves of learning")
    assert project.repro() == {"code", "report@photos"}
    assert "## Curves of learning" in (project.path / "reports/photos/report.md").read_text()


def test_another_locked_version_reruns_what_imports_the_package(project: Project):
    lock = project.path / "requirements.txt"
    lock.write_text(re.sub(r"(?m)^matplotlib==\S+", "matplotlib==9.9", lock.read_text()))
    assert project.outdated() == REDRAWN
    lock.write_text(re.sub(r"(?m)^numpy==\S+", "numpy==9.9", lock.read_text()))
    outdated = project.outdated()
    assert {f"train@{name}" for name in project.read()["experiments"]} < outdated
    assert {f"preprocess@{name}" for name in project.read()["features"]} < outdated


def test_files_that_are_left_beside_the_code_rerun_nothing(project: Project):
    leave_files(project.path)
    assert project.repro() == set()


def test_a_new_experiment_runs_alone(project: Project):
    new = {"dataset": "photos", "preprocessing": "pca", "recipe": "softmax", "epochs": 2}
    project.set("experiments.photos-new", new)
    ran = project.repro()
    stages = ("train@photos-new", "evaluate@photos-new", "gallery@photos", "report@photos")
    assert ran == {"check", *stages}
    assert "photos-new" in (project.path / "reports/photos/report.md").read_text()


def test_a_removed_experiment_leaves_the_report(project: Project):
    params = project.read()
    del params["experiments"]["photos-hog"]
    project.write(params)
    project.repro()
    report = (project.path / "reports/photos/report.md").read_text()
    assert "| photos-hog " not in report
    assert "| photos-normalize " in report


def test_a_new_transform_and_a_new_source_are_one_module_each(project: Project):
    stages = project.path / "stages"
    text = (stages / "transforms" / "normalize.py").read_text()
    (stages / "transforms" / "brighten.py").write_text(text.replace("Normalize", "Brighten"))
    source = (stages / "sources" / "photos.py").read_text()
    (stages / "sources" / "more_photos.py").write_text(source.replace("Photos(", "MorePhotos("))
    params = project.read()
    params["datasets"]["more"] = {**params["datasets"]["photos"], "source": "more_photos"}
    params["transforms"]["brighten"] = {"low": 0.5, "high": 1.0}
    feature = {"dataset": "more", "input": "more-raw", "transform": "brighten"}
    params["features"]["more-brighten"] = feature
    experiment = {"dataset": "more", "preprocessing": "brighten", "recipe": "softmax"}
    params["experiments"]["more-x"] = experiment
    project.write(params)
    assert project.repro() == {
        "code",
        "check",
        "fetch@more",
        "preprocess@more-brighten",
        "train@more-x",
        "evaluate@more-x",
        "forensics@more",
        "gallery@more",
        "gallery@photos",
        "report@more",
        "report@photos",
    }


def test_a_clean_clone_gives_the_same_bytes_and_a_clean_git_status(
    finished: Project, tmp_path: Path
):
    finished.git("clone", "-q", str(finished.path), str(tmp_path / "clone"))
    clone = Project(tmp_path / "clone")
    ran = clone.repro()
    # What gallery and report write is committed: it is there, and it is still right. So is what
    # evaluate writes, but for the predictions.
    stages = {"code", "check", "script", "fetch", "forensics", "preprocess", "train", "evaluate"}
    stages |= {"report"}  # for the page with pictures, which is not in git
    assert {name.split("@")[0] for name in ran} == stages
    assert clone.git("status", "--porcelain") == ""
    assert clone.outputs() == finished.outputs()


HEADLINES = {"accuracy", "sd", "loss", "ece"}
TERMINAL = 120  # columns


def test_params_and_metrics_diff_print_the_change(project: Project):
    project.set("experiments.photos-hog.learning_rate", 0.1)
    project.repro()
    params = project.dvc("params", "diff").stdout
    rows = [line.split() for line in params.splitlines()[1:]]
    assert rows == [["params.yaml", "experiments.photos-hog.learning_rate", "-", "0.1"]]
    metrics = project.dvc("metrics", "diff").stdout
    changed = {line.split()[0] for line in metrics.splitlines()[1:]}
    assert changed == {"reports/photos/metrics/photos-hog.json"}
    assert {line.split()[1] for line in metrics.splitlines()[1:]} <= HEADLINES
    assert max(map(len, metrics.splitlines())) <= TERMINAL


def test_metrics_show_has_a_row_an_experiment_and_no_lists(project: Project):
    shown = json.loads(project.dvc("metrics", "show", "--json").stdout)
    files = shown[""]["data"]
    assert sorted(files) == sorted(
        f"reports/photos/metrics/{name}.json" for name in project.read()["experiments"]
    )
    table = project.dvc("metrics", "show").stdout.splitlines()
    assert set(table[0].split()[1:]) == HEADLINES
    # The longest name of the whole study makes each line longer by so much.
    document = read_params(ROOT / "params.yaml")
    longest = max(
        len(f"{name}{document['experiments'][name]['dataset']}") for name in document["experiments"]
    )
    own = max(len(f"{name}photos") for name in project.read()["experiments"])
    assert max(map(len, table)) + longest - own <= TERMINAL


def test_a_clone_pulls_the_one_dataset_that_was_built(project: Project, tmp_path: Path):
    params, whole = project.read(), read_params(ROOT / "params.yaml")
    for section, name in (
        ("datasets", "cifar10"),
        ("features", "cifar10-normalize"),
        ("experiments", "cifar10-normalize"),
    ):
        params[section][name] = whole[section][name]
    project.write(params)
    project.repro("report@photos")
    project.dvc("remote", "add", "--default", "shared", str(tmp_path / "remote"))
    project.dvc("push", "--with-deps", "report@photos")
    project.commit("with a second dataset, which nobody has built")
    project.run("git", "clone", "-q", str(project.path), str(tmp_path / "clone"))
    clone = Project(tmp_path / "clone")
    assert clone.dvc("pull", check=False).returncode != 0
    clone.dvc("pull", "--with-deps", "report@photos")
    photos = {name: file for name, file in project.outputs().items() if "gradcheck" not in name}
    assert {name: clone.outputs()[name] for name in photos} == photos
    assert clone.repro("report@photos") == set()


def test_without_a_network_all_of_photos_is_done_before_cifar10_fails(project: Project):
    params = project.read()
    whole = read_params(ROOT / "params.yaml")
    params["datasets"]["cifar10"] = whole["datasets"]["cifar10"]
    params["features"]["cifar10-normalize"] = whole["features"]["cifar10-normalize"]
    params["experiments"]["cifar10-normalize"] = whole["experiments"]["cifar10-normalize"]
    params["defaults"]["learning_rate"] = 0.05  # so that photos has something to do, too
    project.write(params)
    result = project.dvc("repro", check=False)
    assert result.returncode != 0
    ran = re.findall(r"^Running stage '([^']+)':", result.stdout, re.MULTILINE)
    assert ran.index("report@photos") < ran.index("fetch@cifar10") == len(ran) - 1
    (message,) = [line for line in result.stderr.splitlines() if line.startswith("error:")]
    for part in ("127.0.0.1", "CIFAR10_ARCHIVE=", "make photos"):
        assert part in message
    assert not (project.path / "data/samples/cifar10-raw").exists()


def test_a_wrong_parameter_stops_everything_before_any_stage_works(project: Project):
    project.set("defaults.epochs", 0)
    before = project.outputs()
    result = project.dvc("repro", check=False)
    assert result.returncode != 0
    assert "defaults.epochs: 0 is not allowed" in result.stderr
    assert "Running stage 'train" not in result.stdout
    after = project.outputs()
    assert {path: after[path] for path in after if "params-are-right" not in path} == {
        path: before[path] for path in before if "params-are-right" not in path
    }


RULE = '''

class Between(Rule):
    """The report says that a number is between two others."""

    rule: Literal["between"]
    low: float
    high: float

    def words(self, known: Known) -> str:
        """Return both."""
        return f"between {self.low:g} and {self.high:g}"

    def find(self, known: Known) -> Finding | None:
        """Look where the mean is."""
        values = self.measured(known)
        if values is None:
            return None
        holds = self.low <= values.mean() <= self.high
        return Finding("somewhere", "holds" if holds else "does not hold", "it is there")
'''
CLAIM = """
  - id: added
    quotation: It is a share of a hundred
    teacher: All accuracies are.
    tests:
      - {rule: between, experiment: normalize, low: 0.0, high: 100.0}

questions:
"""


def test_a_new_claim_and_a_new_rule_are_one_place_each(project: Project):
    kinds = project.path / "stages" / "claims" / "kinds.py"
    text = kinds.read_text()
    kinds.write_text(text.replace("\n\ndef rules(", RULE + "\n\ndef rules("))
    edit(project, "study/course-report.yaml", "\nquestions:\n", CLAIM)
    assert project.repro() == {"code", "report@photos"}
    report = (project.path / "reports" / "photos" / "report.md").read_text()
    (row,) = [line for line in report.splitlines() if line.startswith("| “It is a share")]
    assert "| between 0 and 100 |" in row
    assert "| holds |" in row


TABLE = '''
"""How sure the networks are, the surest first."""

import pandas as pd

from stages.tables.base import Outcome, Table


class Sureness(Table):
    """One row per experiment."""

    title = "How sure they are"
    text = "Calibration is not accuracy."

    def numbers(self, outcome: Outcome) -> dict[str, pd.DataFrame]:
        rows = [
            {"experiment": one.name, "ece": one.scores["ece"]["mean"]} for one in outcome.results
        ]
        return {"sureness": pd.DataFrame(rows).sort_values("ece")}

    def cells(self, numbers: pd.DataFrame) -> pd.DataFrame:
        return numbers.assign(ece=[f"{value:.4f}" for value in numbers["ece"]])
'''


def test_a_new_table_is_one_file(project: Project):
    (project.path / "stages" / "tables" / "sureness.py").write_text(TABLE)
    assert project.repro() == {"code", "report@photos"}
    folder = project.path / "reports" / "photos"
    page = (folder / "report.md").read_text()
    section = page.partition("## How sure they are")[2].partition("\n## ")[0]
    assert "Calibration is not accuracy." in section
    numbers = pd.read_csv(folder / "tables" / "sureness.csv")
    assert len(numbers) == len(project.read()["experiments"])
    for row in numbers.to_dict("records"):
        assert f"| {row['experiment']} | {row['ece']:.4f} |" in section
    for suffix in ("csv", "tex"):
        assert f"](tables/sureness.{suffix})" in section
        assert (folder / "tables" / f"sureness.{suffix}").exists()


SHAPES = '''
"""Bars of many widths: a small source whose pictures, classes and batches are its own."""

from typing import ClassVar

import numpy as np

from stages.data.batches import join_batches
from stages.data.samples import Split
from stages.sources.base import Outline, Source

SPLITS = {"all": Split(train=("a", "b"), test=("c",))}
SIZES = {"a": 90, "b": 130, "c": 75}


class Shapes(Source):
    """Bars."""

    n_classes: int
    shape: list[int]
    kind: str
    redistributable: ClassVar[bool] = True

    def outline(self):
        return Outline((*self.shape, 1)[:3], SIZES, SPLITS)

    def fetch(self):
        generator = np.random.default_rng(0)
        batches = {}
        for name, size in SIZES.items():
            labels = (np.arange(size) % self.n_classes).astype(self.kind)
            pictures = generator.integers(0, 60, (size, *self.shape)).astype(np.uint8)
            for picture, label in zip(pictures, labels, strict=True):
                picture[int(label) % 20, : 4 + int(label) // 2] = 255
            batches[name] = pictures, labels
        return join_batches(batches, [f"bar {k}" for k in range(self.n_classes)], SPLITS)
'''


@pytest.mark.parametrize(
    ("n_classes", "shape", "kind"), [(2, [30, 24, 3], "uint64"), (37, [20, 24], "int16")]
)
def test_pictures_of_any_size_and_number_of_classes_go_through_the_study(
    project: Project, n_classes: int, shape: list[int], kind: str
):
    (project.path / "stages" / "sources" / "shapes.py").write_text(SHAPES)
    params = project.read()
    own = {"source": "shapes", "files": "study/photos.sha256", "n_classes": n_classes}
    own |= {"shape": shape, "kind": kind}
    params["datasets"] = {"shapes": own}
    learned = {"pca": {"input": "shapes-normalize"}, "patches": {}}
    params["features"] = {
        f"shapes-{name}": {"dataset": "shapes", "input": "shapes-raw", "transform": name}
        for name in ("normalize", "binarize", "hog", "pca", "patches")
    }
    for name, own in learned.items():
        params["features"][f"shapes-{name}"] |= own | {"fit": "all"}
    params["features"]["shapes-hog"] |= {"flip": True, "shift": 1}
    params["experiments"] = {
        f"shapes-{name}": {"dataset": "shapes", "preprocessing": name, "recipe": "linear"}
        for name in ("normalize", "binarize", "hog", "pca", "patches")
    }
    params["experiments"]["shapes-hog"] |= {"flip": True, "shift": 1, "average_views": True}
    params["experiments"]["shapes-normalize"] |= {"shift": 2, "average_views": True, "flip": True}
    params["experiments"]["shapes-128"] = {
        **params["experiments"]["shapes-pca"],
        "recipe": "relu",
        "hidden_layer_sizes": [5],
    }
    params["forensics"] = {}
    project.write(params)
    project.repro()
    folder = project.path / "reports" / "shapes"
    evaluations = project.path / "data" / "evaluations" / "shapes"
    report = (folder / "report.md").read_text()
    for name in params["experiments"]:
        assert f"| {name} |" in report
    pictures = {path.name: imread(path).shape for path in folder.rglob("*.png")}
    assert {"preprocessing.png", "mistakes.png", "pairs.png", "sheet.png"} <= set(pictures)
    del pictures["sheet.png"]  # which a page enlarges
    assert (folder / "figures" / "confusion.svg").exists()
    assert (folder / "index.html").stat().st_size < 4e6
    for name, (height, width, *_) in pictures.items():
        assert 100 < width <= 2000, name
        assert 50 < height <= 4000, name
    metrics = json.loads((evaluations / "shapes-normalize.json").read_text())
    assert len(metrics["per_class"]) == n_classes
