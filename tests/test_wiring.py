"""dvc.yaml says of each stage just what the stage does: its modules, and its parameters."""

from __future__ import annotations

import ast
import json
import shlex
from pathlib import Path

import yaml

from tests.project import ROOT, Project

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


def files_below(project: Project, paths: list[str]) -> set[str]:
    """Return the modules that `paths` are or hold, package docstrings aside."""
    files: set[str] = set()
    for path in paths:
        place = project.path / path
        found = place.rglob("*.py") if place.is_dir() else [place]
        files |= {str(file.relative_to(project.path)) for file in found if file.suffix == ".py"}
    return {file for file in files if not file.endswith("__init__.py")}


def test_deps_are_the_modules_that_each_stage_imports(project: Project, tmp_path: Path):
    tracer, trace = tmp_path / "tracer", tmp_path / "trace.jsonl"
    tracer.mkdir()
    (tracer / "sitecustomize.py").write_text(TRACER)
    for name, stage in resolved_stages(project).items():
        trace.unlink(missing_ok=True)
        command = command_of(stage)
        if name == "check":
            # It imports the sources and transforms that params.yaml names: with the project's
            # own parameters, all of them.
            command += ["--params", str(ROOT / "params.yaml")]
        project.run(*command, PYTHONPATH=str(tracer), TRACE=str(trace))
        lines = [json.loads(line) for line in trace.read_text().splitlines()]
        (modules,) = [set(line["modules"]) for line in lines if "stages" in line["argv"][0]]
        imported = {module for module in modules if not module.endswith("__init__.py")}
        deps = [dep["path"] for dep in stage["deps"] if dep["path"].startswith("stages/")]
        assert files_below(project, deps) == imported, name


def test_package_inits_hold_nothing_but_a_docstring():
    for file in (ROOT / "stages").rglob("*/__init__.py"):
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


def test_params_are_what_each_stage_reads(project: Project, tmp_path: Path):
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
    for name in (
        "fetch@photos",
        "preprocess@photos-hog",
        "train@photos-hog",
        "forensics@photos",
        "gallery@photos",
        "report@photos",
    ):
        command = command_of(stages[name])
        subset = tmp_path / "subset.yaml"
        subset.write_text(yaml.safe_dump(only(project.read(), declared[name]), sort_keys=False))
        project.run(*command, "--params", str(subset))
        assert project.outputs() == before, f"{name} reads more than it declares"
        for missing in declared[name]:
            keys = [key for key in declared[name] if key != missing]
            subset.write_text(yaml.safe_dump(only(project.read(), keys), sort_keys=False))
            result = project.run(*command, "--params", str(subset), check=False)
            assert result.returncode == 2, f"{name} does not need {missing}"
