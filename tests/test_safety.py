"""Nothing from outside is run or sent: no shell, no pickles, locked packages, no analytics."""

from __future__ import annotations

import ast
import configparser
import re
import subprocess

import pytest

from tests.helpers import ROOT, tree

# Modules and functions that run text, or what a file or another program says.
RUNNERS = {
    *("subprocess", "pty", "system", "popen", "eval", "exec", "execv", "spawnv", "__import__"),
    *("pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "read_pickle"),
}
EXCEPTIONS = {
    # It reads batch files' pickles with a reader that admits arrays and plain containers, see
    # test_unpickling.
    ("stages/sources/cifar_pickles.py", "pickle"),
    # It runs DVC, with arguments and no shell.
    ("stages/follow/repro.py", "subprocess"),
    ("stages/scheduling/plan.py", "subprocess"),
}


def names_in(tree):
    """Return every name that the code reads or imports."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=imported):
                yield from (alias.name.partition(".")[0] for alias in imported)
            case ast.ImportFrom(module=module, names=imported):
                yield (module or "").partition(".")[0]
                yield from (alias.name for alias in imported)
            case ast.Name(id=name) | ast.Attribute(attr=name):
                yield name


def test_no_stage_runs_a_shell_or_text_or_a_pickle():
    files = {file: ast.parse(file.read_text()) for file in (ROOT / "stages").rglob("*.py")}
    found = {
        (file.relative_to(ROOT).as_posix(), name)
        for file, tree in files.items()
        for name in RUNNERS.intersection(names_in(tree))
    }
    assert found == EXCEPTIONS


def test_every_locked_package_has_one_version_and_hashes_and_no_address():
    text = (ROOT / "requirements.txt").read_text()
    assert "://" not in text
    for requirement in text.replace("\\\n", " ").splitlines():
        version, *hashes = requirement.split(" --hash=")
        assert re.fullmatch(r"[a-z0-9.-]+==[\w.]+( ; .+)?", version.strip()), requirement
        assert hashes, requirement
        for digest in hashes:
            assert re.fullmatch(r"sha256:[0-9a-f]{64}", digest.strip()), requirement


def test_dvc_sends_no_analytics():
    config = configparser.ConfigParser()
    config.read(ROOT / ".dvc" / "config")
    assert config["core"]["analytics"] == "false"


STRICT = 'echo "$@" | grep -q -e --strict.*--require-hashes'


@pytest.mark.parametrize(
    ("pip", "pip_audit", "code", "line"),
    [
        ("true", f"{STRICT} && echo No known vulnerabilities >&2", 0, "No known vulnerabilities"),
        ("true", "echo Found 1 known one >&2; exit 1", 2, "Found 1 known one"),
        ("true", "echo Trace >&2; echo No route >&2; exit 1", 2, "error: no audit, .*: No route"),
        ("echo Retrying >&2; echo None >&2; exit 1", "true", 2, "error: no audit, .*: None"),
    ],
)
def test_an_audit_says_in_one_line_how_it_ended(tmp_path, pip, pip_audit, code, line):
    for name, script in (("pip", pip), ("pip-audit", pip_audit)):
        file = tmp_path / ".venv-audit" / "bin" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
    # `true -m venv` leaves these two as they are.
    command = ["make", "-f", ROOT / "Makefile", "audit", "PYTHON=true"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == code
    lines = [text for text in result.stderr.splitlines() if not text.startswith("make")]
    assert len(lines) == 1
    assert re.fullmatch(line, lines[0])
    assert tree(tmp_path) == []
