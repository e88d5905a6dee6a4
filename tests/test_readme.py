"""Every command that the README shows works."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess

import onnxruntime
import pandas as pd
import pytest

from tests.project import ROOT, Project

TEXT = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```console\n(.*?)```", TEXT, re.DOTALL)
COMMANDS = [line[2:] for block in BLOCKS for line in block.splitlines() if line.startswith("$ ")]


def test_dvc_commands_run_as_shown(least: Project, tmp_path):
    project = least.copy(tmp_path / "project")
    dvc = [command for command in COMMANDS if command.startswith("dvc ")]
    assert len(dvc) >= 6
    entry = project.read()["experiments"]["photos-hog"]
    # "Change a number, say the learning rate", and later: "Set the number back".
    project.set("experiments.photos-hog", entry | {"learning_rate": 0.2})
    for command in dvc:
        if command.startswith("dvc exp run") and "learning_rate" in command:
            project.set("experiments.photos-hog", entry)
        result = project.run(*shlex.split(command.replace("/path/to/a/folder", "../remote")))
        if command.startswith(("dvc params", "dvc metrics", "dvc exp show")):
            assert 0 < max(map(len, map(str.rstrip, result.stdout.splitlines()))) <= 120, command
    assert project.read()["experiments"]["photos-hog"]["learning_rate"] == 0.1
    page = (project.path / "dvc_plots" / "index.html").read_text()
    assert "vegaEmbed" in page
    assert not re.search(r"<script[^>]+src=", page)


def test_compare_prints_what_an_edit_changed(least: Project, tmp_path):
    project = least.copy(tmp_path / "project")
    assert "python -m stages.compare HEAD" in COMMANDS
    project.set("experiments.photos-hog.learning_rate", 0.1)
    lines = project.run("python", "-m", "stages.compare", "HEAD").stdout.splitlines()
    assert "| experiments.photos-hog.learning_rate | - | 0.1 |" in lines
    assert lines.count("Nothing.") == 2


def test_show_prints_every_experiment_in_80_columns(project: Project):
    assert "python -m stages.show photos" in COMMANDS
    project.set(
        "experiments.photos-new", {**project.read()["experiments"]["photos-hog"], "flip": True}
    )
    lines = project.run("python", "-m", "stages.show", "photos").stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert [line.split()[0] for line in lines[1:]][-1] == "new"
    rows = {line.split()[0]: line for line in lines[1:]}
    for name in ("hog", "normalize"):
        path = project.path / "reports" / "photos" / "metrics" / f"photos-{name}.json"
        metrics = json.loads(path.read_text())
        assert f"{100 * metrics['accuracy']:.2f} ± {100 * metrics['sd']:.2f}" in rows[name]
    assert "not run" in rows["new"]
    assert "flip true" in rows["new"]


def test_a_clone_draws_a_report_anew_without_training(least: Project, tmp_path):
    project = least.copy(tmp_path / "project")
    share, redraw = [line for line in COMMANDS if re.search("stages.study (share|redraw)", line)]
    old = project.path / "study" / "results" / "files" / "md5" / "00" / "1"
    old.parent.mkdir(parents=True)
    old.write_text("of an earlier run")
    project.run(*shlex.split(share))
    assert not old.exists()
    project.commit("results")
    clone = Project(tmp_path / "clone")
    project.run("git", "clone", "-q", ".", str(clone.path))
    expected = (project.path / "reports" / "photos" / "report.md").read_text()
    template = clone.path / "stages" / "reporting" / "report.md.j2"
    template.write_text(template.read_text().replace("## Learning curves", "## The curves"))
    result = clone.run(*shlex.split(redraw))
    assert result.stdout.splitlines()[-1] == "reports/photos/index.html"
    found = (clone.path / "reports" / "photos" / "report.md").read_text()
    drawn = [re.sub("code of the report.*", "", text) for text in (found, expected)]
    assert drawn[0] == drawn[1].replace("## Learning curves", "## The curves")
    assert not (clone.path / "models").exists()
    assert not [*(clone.path / "data" / "samples").rglob("*.npy")]
    shutil.rmtree(clone.path / "study" / "results")
    shutil.rmtree(clone.path / "data")
    shutil.rmtree(clone.path / ".dvc" / "cache")
    result = clone.run(*shlex.split(redraw), check=False)
    assert result.returncode == 1
    assert "photos" in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr


def test_ahead_leaves_the_collecting_to_dvc(least: Project, tmp_path):
    project = least.copy(tmp_path / "project")
    assert "python -m stages.ahead report@photos" in COMMANDS
    project.set("experiments.photos-hog.learning_rate", 0.1)
    said = project.run("python", "-m", "stages.ahead", "report@photos").stdout
    assert "3 of 3: photos-hog" in said


def test_predict_answers_for_every_picture_of_a_folder(project: Project):
    command = next(line for line in COMMANDS if line.startswith("python -m stages.predict"))
    rows = project.run(*shlex.split(command)).stdout.splitlines()[1:]
    folder = project.path / "reports" / "photos" / "pictures"
    assert [row.split(",")[0] for row in rows] == sorted(
        f"reports/photos/pictures/{file.name}" for file in folder.iterdir()
    )


def test_an_exported_model_answers_as_the_experiment_does(project: Project):
    first, export, second = [
        shlex.split(line)
        for line in COMMANDS
        if re.match(r"python -m stages\.(predict|export).*(npz|csv)", line)
    ]
    wanted = project.run(*first).stdout
    project.run(*export)
    assert project.run(*second).stdout == wanted
    (code,) = re.findall(r"`(stages\.model\.load\(.*?)`", TEXT)
    shutil.copy(project.path / "reports/photos/pictures/mistakes.png", project.path / "picture.jpg")
    script = f"import stages.model; print({code}[0])"
    assert project.run("python", "-c", script).stdout.strip() in wanted


def test_an_onnx_file_is_written_as_shown(project: Project):
    (command,) = [line for line in COMMANDS if line.endswith(".onnx")]
    assert project.run(*shlex.split(command)).stderr == ""
    onnxruntime.InferenceSession(project.path / command.split()[-1])


def test_check_prints_what_the_readme_says(project: Project):
    (shown,) = re.findall(r"^error: (.*) \.\.\.$", TEXT, re.MULTILINE)
    project.set("experiments.photos-hog.lerning_rate", 0.1)
    result = project.run("python", "-m", "stages.check", check=False)
    assert result.returncode == 2
    assert result.stderr.startswith(f"error: {shown}")


BOTH = TEXT + (ROOT / "CONTRIBUTING.md").read_text()


@pytest.mark.parametrize(
    "target", sorted(set(re.findall(r"^\$ make (\S+)|`make ([a-z0-9-]+)`", BOTH, re.MULTILINE)))
)
def test_make_knows_every_target(target: tuple[str, str]):
    subprocess.run(
        ["make", "--dry-run", "".join(target)], cwd=ROOT, check=True, capture_output=True
    )


def test_make_help_lists_every_target():
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.search(r"\.PHONY: (.*)", makefile)[1].split())
    # Quiet about folders, which make is not when it runs these tests itself.
    command = ["make", "--no-print-directory", "help"]
    shown = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    assert {line.split()[1] for line in shown.stdout.splitlines()} == targets


def test_python_example_runs():
    example, _ = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    from sklearn.datasets import load_digits  # noqa: PLC0415
    from sklearn.model_selection import train_test_split  # noqa: PLC0415

    X, y = load_digits(return_X_y=True)
    names = ("X_train", "X_test", "y_train", "y_test")
    variables = dict(zip(names, train_test_split(X / 16, y, random_state=0), strict=True))
    exec(example, variables)  # noqa: S102 - the README's own code
    assert variables["network"].score(variables["X_test"], variables["y_test"]) > 0.9


def test_every_place_in_the_tree_exists():
    (tree,) = re.findall(r"```text\n(.*?)```", TEXT, re.DOTALL)
    for line in tree.splitlines():
        for name in re.findall(r"^\s*((?:[\w.]+/?\s)+|[\w.]+/?)", line)[:1]:
            for part in name.split():
                if part.endswith(("/", ".py", ".yaml")):
                    found = [ROOT / part, ROOT / "stages" / part]
                    assert any(place.exists() for place in found), part


def test_the_table_is_the_leaderboards():
    path = ROOT / "reports" / "cifar10" / "tables" / "leaderboard.csv"
    table = pd.read_csv(path).set_index("experiment")
    cells = r"^\| ([\w-]+) \| .* \| ([\d.]+ ± [\d.]+) \| ([\d.]+) \|$"
    rows = re.findall(cells, TEXT, re.MULTILINE)
    assert len(rows) >= 5
    for name, accuracy, minutes in rows:
        row = table.loc[name]
        assert accuracy == f"{row['accuracy_mean']:.2f} ± {row['accuracy_sd']:.2f}"
        assert minutes == f"{row['minutes']:.1f}"


def test_the_verdicts_are_the_reports():
    table = pd.read_csv(ROOT / "reports" / "cifar10" / "tables" / "claims.csv")
    verdicts = {
        re.findall(r"“(.*)”", row["claim"])[0]: row["verdict"] for _, row in table.iterrows()
    }
    rows = re.findall(r"^\| “(.+)” \| (.+) \|$", TEXT, re.MULTILINE)
    assert dict(rows) == verdicts
