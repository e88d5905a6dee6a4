"""The files around the code: license, citation, changelog, clones, packages, CI."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.helpers import ROOT

README = (ROOT / "README.md").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
VERSIONS = [
    name.rpartition(" ")[2]
    for name in PROJECT["classifiers"]
    if re.fullmatch(r"Programming Language :: Python :: 3\.\d+", name)
]


def git(*command: str, cwd: Path = ROOT) -> str:
    result = subprocess.run(["git", *command], cwd=cwd, check=True, capture_output=True, text=True)
    return result.stdout


def tracked() -> list[Path]:
    """Return the files of the project that git knows, or would add."""
    listed = git("ls-files", "--cached", "--others", "--exclude-standard", "-z")
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def test_the_license_is_the_one_that_the_metadata_name():
    text = (ROOT / "LICENSE").read_text()
    (author,) = PROJECT["authors"]
    assert text.startswith(f"{PROJECT['license']} License\n")
    assert f"(c) 2026 {author['name']}\n" in text
    assert PROJECT["license-files"] == ["LICENSE"]


def test_the_citation_names_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    # What the format's version 1.2.0 requires.
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]
    assert citation["authors"] == PROJECT["authors"]
    assert isinstance(citation["date-released"], str)


def test_the_changelog_has_this_version_first_and_dates():
    text = (ROOT / "CHANGELOG.md").read_text()
    first, *releases = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert first == "[Unreleased]"
    found = [re.fullmatch(r"\[(\d+)\.(\d+)\.(\d+)\] - (\d{4}-\d\d-\d\d)", one) for one in releases]
    assert all(found)
    numbers = [tuple(map(int, one.groups()[:3])) for one in found]
    dates = [one[4] for one in found]
    assert numbers == sorted(set(numbers), reverse=True)
    assert dates == sorted(dates, reverse=True)
    assert ".".join(map(str, numbers[0])) == PROJECT["version"]
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"^### (.+)$", text, re.MULTILINE)) <= kinds
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["date-released"] == dates[0]


def test_every_text_file_is_as_editorconfig_says():
    made = ("reports/", "dvc.lock", "params.yaml", "requirements.txt")
    for path in tracked():
        name = path.relative_to(ROOT).as_posix()
        content = path.read_bytes()
        if b"\0" in content or name.startswith(made) or not content:
            continue
        assert b"\r" not in content, name
        assert content.endswith(b"\n"), name
        assert not re.search(rb"[ \t]$", content, re.MULTILINE), name
        if name != "Makefile":
            assert not re.search(rb"^ *\t", content, re.MULTILINE), name
        content.decode("utf-8")


def test_a_clone_has_the_same_bytes_whatever_autocrlf_says(tmp_path):
    source = tmp_path / "source"
    git("init", "-q", str(source), cwd=tmp_path)
    files = tracked()
    for path in files:
        copy = source / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    git("add", "-A", cwd=source)
    git("commit", "-qm", "all", cwd=source)
    clone = tmp_path / "clone"
    git("clone", "-q", "-c", "core.autocrlf=true", str(source), str(clone), cwd=tmp_path)
    assert len(files) > 100
    for path in files:
        name = path.relative_to(ROOT)
        assert (clone / name).read_bytes() == path.read_bytes(), name
    assert git("status", "--short", cwd=clone) == ""


def test_what_every_push_runs_is_what_a_submission_runs_on_every_supported_python():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    job = workflow["jobs"]["ci"]
    assert job["strategy"]["matrix"]["python"] == VERSIONS
    assert job["steps"][-1]["run"] == "bash .ci/run"
    assert workflow["permissions"] == {"contents": "read"}
    low, high = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", PROJECT["requires-python"]).groups()
    assert [f"3.{minor}" for minor in range(int(low), int(high))] == VERSIONS


def test_a_pull_request_is_told_what_it_changes():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    job = workflow["jobs"]["compare"]
    assert job["if"] == "github.event_name == 'pull_request'"
    assert job["permissions"] == {"contents": "read", "pull-requests": "write"}
    (script,) = [step for step in job["steps"] if "stages.compare" in step.get("run", "")]
    shell = ["bash", "-n", "-c", script["run"]]
    assert subprocess.run(shell, check=False).returncode == 0
    # A branch's name is anybody's text: never a part of the script.
    assert all("${{" not in step.get("run", "") for step in job["steps"])


def test_the_container_and_the_hooks_run_what_exists():
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    assert re.search(r":(3\.\d+)-", container["image"])[1] in VERSIONS
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    commands = [container["postCreateCommand"], *(hook["entry"] for hook in hooks)]
    for command in commands:
        program, *arguments = command.split()
        if program == "make":
            subprocess.run(
                ["make", "--dry-run", *arguments], cwd=ROOT, check=True, capture_output=True
            )
        else:
            assert (ROOT / arguments[-1]).exists()
    (schema,) = container["customizations"]["vscode"]["settings"]["yaml.schemas"]
    assert (ROOT / schema).exists()


SNIPPET = """
from stages.network.classifier import SoftmaxNetwork

network = SoftmaxNetwork(epochs=2, random_state=0)
network.fit([[0.0], [1.0]], ["a", "b"])
reveal_type(network.epochs)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """Return a folder into which pip has installed the project, without what it needs."""
    folder = tmp_path_factory.mktemp("site")
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target", folder]
    command = [sys.executable, "-m", "pip", "install", *map(str, options), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def test_what_pip_installs_is_all_of_the_package(installed):
    files = {path.relative_to(ROOT).as_posix() for path in tracked()}
    ours = {name for name in files if name.startswith("stages/")}
    found = {
        path.relative_to(installed).as_posix()
        for path in (installed / "stages").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert found == ours
    assert {"stages/py.typed", "stages/reporting/report.md.j2"} <= found
    (metadata,) = installed.glob("cifar_softmax-*.dist-info")
    assert (metadata / "licenses" / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_what_pip_installs_imports_and_is_typed_from_another_folder(installed, tmp_path):
    snippet = tmp_path / "snippet.py"
    snippet.write_text(SNIPPET)
    run = SNIPPET.replace("reveal_type(network.epochs)", "print(network.predict([[1.0]])[0])")
    # -P and -I: neither this folder nor the editable install of the tests' environment.
    code = f"import sys; sys.path.insert(0, {str(installed)!r})\n{run}"
    result = subprocess.run(
        [sys.executable, "-I", "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert result.stdout in {"a\n", "b\n"}
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache")]
    types = subprocess.run(
        [*command, str(snippet)],
        cwd=tmp_path,
        env={"PATH": "", "MYPYPATH": str(installed)},
        check=False,
        capture_output=True,
        text=True,
    )
    # (What the package's own files need has no types; in site-packages mypy does not look there.)
    ours = [line for line in types.stdout.splitlines() if line.startswith("snippet.py")]
    assert len(ours) == 1, types.stdout
    assert re.search(r'note: Revealed type is "(builtins\.)?int"$', ours[0])


def measured(dataset):
    """Return the committed metrics of a dataset's experiments, by name."""
    folder = ROOT / "reports" / dataset / "metrics"
    return {file.stem: json.loads(file.read_text()) for file in folder.glob("*.json")}


def test_the_table_of_the_readme_has_the_committed_numbers():
    rows = re.findall(r"^\| (\S+) \| .* \| (\S+) ± (\S+) \| (\S+) \|$", README, re.MULTILINE)
    assert len(rows) >= 8
    metrics = measured("cifar10")
    minutes = json.loads((ROOT / "study" / "minutes.json").read_text())
    for name, accuracy, sd, took in rows:
        own = metrics[f"cifar10-{name}"]
        assert (accuracy, sd) == (f"{100 * own['accuracy']:.2f}", f"{100 * own['sd']:.2f}"), name
        assert took == str(minutes[f"cifar10-{name}"]), name


@pytest.mark.parametrize("dataset", ["photos", "cifar10"])
def test_the_artifacts_are_the_best_networks(dataset):
    path = yaml.safe_load((ROOT / "dvc.yaml").read_text())["artifacts"][dataset]["path"]
    metrics = measured(dataset)
    assert path == f"models/{max(metrics, key=lambda name: metrics[name]['accuracy'])}"


def test_the_plots_that_have_names_are_of_the_best_networks():
    document = yaml.safe_load((ROOT / "dvc.yaml").read_text())
    plots = {name: plot for entry in document["plots"] for name, plot in entry.items()}
    datasets = ["photos", "cifar10"]
    assert [*plots] == [f"{name} {what}" for name in datasets for what in ("loss", "confusion")]
    for name, plot in plots.items():
        ((file, columns),) = plot["y"].items()
        best = Path(document["artifacts"][name.split()[0]]["path"]).name
        assert Path(file).stem == best
        columns = columns if isinstance(columns, list) else [columns]
        assert {plot["x"], *columns} <= {*pd.read_csv(ROOT / file).columns}


def test_the_committed_results_are_those_of_the_lock():
    """A clone can pull what the reports of the embedded datasets are made of, and nothing old."""
    lock = yaml.safe_load((ROOT / "dvc.lock").read_text())["stages"]
    named = {
        out["path"]: out["md5"]
        for name, stage in lock.items()
        for out in stage["outs"]
        if name.startswith(("fetch@", "forensics@", "evaluate@"))
        and out["path"].startswith(("data/cards", "data/forensics", "data/evaluations"))
    }
    store = ROOT / "study" / "results" / "files" / "md5"
    stored = {file.parent.name + file.name: file for file in store.rglob("*") if file.is_file()}
    assert stored.keys() <= {*named.values()}
    wanted = {digest for path, digest in named.items() if re.search("/(photos|digits)", path)}
    assert len(wanted) > 40
    assert wanted <= stored.keys()
    for digest, file in stored.items():
        content = file.read_bytes()
        assert hashlib.md5(content, usedforsecurity=False).hexdigest() == digest


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "NAME is missing"),
        (["NAME=nobody", "REMOVE=1"], "datasets has no entry 'nobody'"),
        (["NAME=nobody", "PICTURES=/nowhere"], "/nowhere is no folder"),
    ],
)
def test_make_study_says_what_is_missing(arguments, said):
    # The tests run in an environment that make need not build.
    make = ["make", "--old-file=.venv/installed", "study", *arguments]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    result = subprocess.run(
        make,
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        check=False,
        capture_output=True,
        text=True,
    )
    assert result.returncode != 0
    assert f"error: {said}" in result.stderr
