"""Stages as processes: exit codes, one line for a mistake, and help."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
import typer

from stages import check, fetch, preprocess
from stages.runtime.errors import PipelineError
from tests.helpers import ROOT, last_words, tree, write_samples

TERMINAL = ("FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS", "TYPER_USE_RICH")
STAGES = [
    "check",
    "code",
    "forensics",
    "fetch",
    "preprocess",
    "train",
    "evaluate",
    "gallery",
    "report",
    "show",
    "predict",
    "export",
    "gradcheck",
]


def run_stage(name, *arguments, **environment):
    plain = {key: value for key, value in os.environ.items() if key not in TERMINAL}
    return subprocess.run(
        [sys.executable, "-m", f"stages.{name}", *map(str, arguments)],
        cwd=ROOT,
        env=plain | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,  # far more than any machine's load makes of it
    )


def assert_fails(exit_code, result, *parts):
    assert result.returncode == exit_code
    assert result.stdout == ""
    assert result.stderr.endswith("\n")
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ")
    for part in parts:
        assert str(part) in line


@pytest.fixture
def mistaken_params(tmp_path):
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    path = tmp_path / "params.yaml"
    path.write_text(text.replace("penalty: none", "penalty: l3"), encoding="utf-8")
    return path


def test_check_says_which_parameter_is_wrong(mistaken_params, tmp_path):
    output = tmp_path / "new" / "right.txt"
    result = run_stage("check", "--params", mistaken_params, "--output", output)
    assert_fails(2, result, "penalty: 'l3' is not allowed")
    assert not output.parent.exists()


def test_check_writes_the_same_file_whenever_params_are_right(tmp_path):
    output = tmp_path / "new" / "right.txt"
    result = run_stage("check", "--output", output)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert output.read_bytes() == b"params.yaml is right\n"


def test_an_unknown_dataset_is_not_fetched(tmp_path):
    result = run_stage("fetch", "photo", "--output", tmp_path / "raw" / "photo")
    assert_fails(2, result, "datasets has no entry 'photo'", "did you mean 'photos'?", "cifar10")
    assert tree(tmp_path) == []


def places(folder, output=None):
    """Return the options of preprocess for pictures in ``folder/raw``."""
    output = output or folder / "features"
    stored, timings = folder / "learned.npz", folder / "timings"
    options = ["--inputs", folder / "raw", "--output", output, "--learned", stored]
    return [*options, "--timings", timings]


def test_features_of_no_dataset_are_not_made(tmp_path):
    result = run_stage("preprocess", "photos-normalize", *places(tmp_path))
    assert_fails(1, result, tmp_path / "raw", "is missing", "dvc repro")
    assert tree(tmp_path) == []


def test_nothing_is_trained_on_no_features(tmp_path):
    features, output = tmp_path / "features", tmp_path / "models" / "photos-normalize"
    state = ["--checkpoints", tmp_path / "checkpoints", "--timings", tmp_path / "timings"]
    result = run_stage(
        "train", "photos-normalize", "--features", features, "--output", output, *state
    )
    assert_fails(1, result, features, "is missing", "dvc repro")
    assert tree(tmp_path) == []


def options_of(stage):
    """Return the names of a stage's arguments and options, as users write them, and their help."""
    main = import_module(f"stages.{stage}").main
    hints = get_type_hints(main, include_extras=True)
    found = {}
    for name in inspect.signature(main).parameters:
        info = get_args(hints[name])[1]
        is_option = isinstance(info, typer.models.OptionInfo)
        # What Typer takes for a default is, in an annotation, the option's own name.
        own = info.default if isinstance(info.default, str) else None
        option = own or f"--{name.replace('_', '-')}"
        found[option if is_option else name] = info.help
    return found


@pytest.mark.parametrize("stage", STAGES)
def test_help_has_every_option_with_a_line_about_it(stage):
    result = run_stage(stage, "--help", COLUMNS="300", TERM="dumb")
    assert (result.returncode, result.stderr) == (0, "")
    words = result.stdout.split()
    for name, text in options_of(stage).items():
        assert {name, f"{name}..."} & {*words}  # dots: as many as one likes
        assert text
        assert " ".join(text.split()) in " ".join(words)


def test_an_output_below_a_regular_file_leaves_nothing(tmp_path):
    write_samples(tmp_path / "raw")
    (tmp_path / "file").write_text("a regular file")
    before = tree(tmp_path)
    output = tmp_path / "file" / "photos-normalize"
    result = run_stage("preprocess", "photos-normalize", *places(tmp_path, output))
    assert_fails(1, result, tmp_path / "file")
    assert tree(tmp_path) == before


def test_every_stage_that_writes_says_where_it_cannot(tmp_path):
    write_samples(tmp_path / "raw")
    (tmp_path / "file").write_text("a regular file")
    before = tree(tmp_path)
    params, output = ROOT / "params.yaml", tmp_path / "file" / "new"
    for module, *arguments in [
        (check,),
        (fetch, "photos"),
        (preprocess, "photos-normalize", *places(tmp_path, output)),
    ]:
        if "--output" not in arguments:
            arguments += ["--output", output]
        code, line = last_words(module, *arguments, "--params", params)
        assert code == 1
        assert str(tmp_path / "file") in line
        assert tree(tmp_path) == before


@pytest.mark.parametrize("output", [".", "..", "data/.."])
def test_a_folder_that_is_in_use_is_not_replaced(tmp_path, monkeypatch, output):
    inner = tmp_path / "outer" / "work"
    inner.mkdir(parents=True)
    (tmp_path / "outer" / "diary.txt").write_text("kept")
    write_samples(inner / "data" / "raw")
    monkeypatch.chdir(inner)
    before = tree(tmp_path)
    arguments = [*places(Path("data"), output), "--params", ROOT / "params.yaml"]
    code, _ = last_words(preprocess, "photos-normalize", *arguments)
    assert code in {1, 2}
    assert tree(tmp_path) == before


def test_an_older_output_is_replaced_whole(tmp_path):
    raw = write_samples(tmp_path / "raw")
    output = tmp_path / "features" / "photos-normalize"
    output.mkdir(parents=True)
    (output / "leftover.npy").write_text("of an older run")
    (output.parent / ".photos-normalize.partial").mkdir()
    timings, stored = tmp_path / "timings", tmp_path / "learned.npz"
    preprocess.main("photos-normalize", raw, output, stored, ROOT / "params.yaml", timings)
    files = ["header.json", "labels.npy", "values.npy"]
    wanted = ["photos-normalize", *(f"photos-normalize/{name}" for name in files)]
    assert tree(output.parent) == wanted
    assert tree(timings) == ["preprocess@photos-normalize.json"]


def test_a_folder_with_something_else_in_it_is_not_replaced(tmp_path):
    raw = write_samples(tmp_path / "raw")
    output = tmp_path / "precious"
    (output / "letters").mkdir(parents=True)
    (output / "thesis.tex").write_text("years of work")
    stored, params = tmp_path / "learned.npz", ROOT / "params.yaml"
    with pytest.raises(PipelineError, match=r"is not replaced, it holds (letters|thesis\.tex)"):
        preprocess.main("photos-normalize", raw, output, stored, params, tmp_path / "timings")
    assert tree(output) == ["letters", "thesis.tex"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["precious", "raw", "raw-batches"]
