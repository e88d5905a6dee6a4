"""Each stage depends on just what it uses: its modules, by their record, and its parameters."""

from __future__ import annotations

import ast
import json
import shlex
from importlib import import_module
from pathlib import Path

import pytest
import yaml

from stages.params.loading import read_params
from stages.runtime.plugins import plugin_names
from stages.sources.base import Source
from tests.helpers import run_here
from tests.project import ROOT, Project, write_params

TRACER = """
import atexit, json, os, sys

def _write():
    names = [n for n in sys.modules if n == "__main__" or n.startswith("stages.")]
    loaded = [getattr(sys.modules[n], "__file__", None) for n in names]
    loaded = [os.path.relpath(file, os.getcwd()) for file in loaded if file]
    with open(os.environ["TRACE"], "a") as file:
        file.write(json.dumps({"argv": sys.argv, "modules": loaded}) + "\\n")

if "TRACE" in os.environ:
    atexit.register(_write)
"""


def resolved_stages(project: Project) -> dict[str, dict]:
    """Return what DVC made of dvc.yaml: cmd, deps, params and outs of every stage."""
    lock = yaml.safe_load((project.path / "dvc.lock").read_text())
    return lock["stages"]


def command_of(stage: dict) -> list[str]:
    return shlex.split(stage["cmd"].removeprefix("exec "))


def recorded(project: Project, stage: dict) -> set[str]:
    """Return the modules that a stage's record of its code names."""
    (record,) = [d["path"] for d in stage["deps"] if d["path"].startswith("data/code/")]
    lines = (project.path / record).read_text().splitlines()
    return {line.split()[1] for line in lines if line.startswith("module ")}


def imported_late(modules: set[str]) -> set[str]:
    """Return the modules that some of `modules` import within a function, and what those import."""
    late = {name for module in modules for name in imports_of(module, within=ast.FunctionDef)}
    more = late
    while more := {name for module in more for name in imports_of(module)} - late:
        late |= more
    return late


def imports_of(module: str, within: type[ast.AST] = ast.Module) -> set[str]:
    """Return our modules that a module imports, anywhere or in its functions."""
    file = ROOT / Path(*module.split(".")).with_suffix(".py")
    tree = ast.parse(file.read_text()) if file.exists() else ast.Module([], [])
    return {
        name
        for part in ast.walk(tree)
        if isinstance(part, within)
        for node in ast.walk(part)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("stages.")
        for name in (str(node.module), *(f"{node.module}.{own.name}" for own in node.names))
    }


def with_every_source() -> dict:
    """Return the project's own parameters, and a dataset of each source that they do not use."""
    params = read_params(ROOT / "params.yaml")
    unused = {"folder": {}, "cifar100": {"labels": "fine"}}
    assert {one["source"] for one in params["datasets"].values()} | {*unused} == {
        *plugin_names(Source)
    }
    for name, own in unused.items():
        params["datasets"][name] = {"source": name, "files": "x", **own}
        made = {"dataset": name, "input": f"{name}-raw", "transform": "normalize"}
        params["features"][f"{name}-normalize"] = made
        trained = {"dataset": name, "preprocessing": "normalize", "recipe": "softmax"}
        params["experiments"][f"{name}-normalize"] = trained
    return params


def test_records_name_the_modules_that_each_stage_loads(project: Project, tmp_path: Path):
    tracer, trace = tmp_path / "tracer", tmp_path / "trace.jsonl"
    tracer.mkdir()
    traced: set[str] = set()
    (tracer / "sitecustomize.py").write_text(TRACER)
    for name, stage in resolved_stages(project).items():
        records = {d["path"] for d in stage["deps"] if d["path"].startswith("data/code/")}
        if records <= traced:  # stages with one record run the same code; `code` has none
            continue
        traced |= records
        trace.unlink(missing_ok=True)
        command = command_of(stage)
        if name == "check":
            # It imports the sources and transforms that params.yaml names.
            write_params(tmp_path / "all.yaml", with_every_source())
            command += ["--params", str(tmp_path / "all.yaml")]
        project.run(*command, PYTHONPATH=str(tracer), TRACE=str(trace))
        lines = [json.loads(line) for line in trace.read_text().splitlines()]
        (files,) = [line["modules"] for line in lines if "stages" in line["argv"][0]]
        loaded = {
            file.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for file in files
        }
        record = recorded(project, stage)
        assert loaded <= record, name
        assert record - loaded <= {"stages", *imported_late(loaded)}, name


def test_package_inits_hold_nothing_but_a_docstring():
    entrance = ROOT / "stages" / "model" / "__init__.py"  # imported by those who use a model
    for file in {*(ROOT / "stages").rglob("*/__init__.py")} - {entrance}:
        (statement,) = ast.parse(file.read_text()).body
        assert isinstance(statement, ast.Expr), file


def only(params: dict, keys: list[str]) -> dict:
    """Return the part of `params` that has just these paths."""
    kept: dict = {}
    for key in keys:
        *path, last = key.split(".")
        source, target = params, kept
        for part in path:
            source, target = source[part], target.setdefault(part, {})
        target[last] = source[last]
    return kept


def test_params_are_what_each_stage_reads(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    declared = {
        name: list(stage["params"]["params.yaml"])
        for name, stage in resolved_stages(project).items()
        if "params" in stage
    }
    assert {name.split("@")[0] for name in declared} == {
        "fetch",
        "preprocess",
        "train",
        "forensics",
        "gallery",
        "report",
    }
    before = project.outputs()
    stages = resolved_stages(project)
    monkeypatch.chdir(project.path)
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    for name in (
        "fetch@photos",
        "preprocess@photos-hog",
        "train@photos-hog",
        "forensics@photos",
        "gallery@photos",
        "report@photos",
    ):
        _, _, module, *arguments = command_of(stages[name])
        stage = import_module(module)
        subset = tmp_path / "subset.yaml"
        write_params(subset, only(project.read(), declared[name]))
        assert run_here(stage, *arguments, "--params", subset)[0] == 0
        assert project.outputs() == before, f"{name} reads more than it declares"
        for missing in declared[name]:
            keys = [key for key in declared[name] if key != missing]
            write_params(subset, only(project.read(), keys))
            code, _ = run_here(stage, *arguments, "--params", subset)
            assert code == 2, f"{name} does not need {missing}"
