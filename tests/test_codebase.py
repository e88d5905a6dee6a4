"""What a stage runs, in digests: equal for comments and layout, on every Python, different else."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stages.codebase.closure import Codebase
from stages.codebase.digests import source_digest
from stages.codebase.record import write_records
from stages.runtime.errors import PipelineError
from tests.interpreters import VERSIONS, interpreters
from tests.litter import leave_files
from tests.project import ROOT

SOURCE = '''
"""A module."""
import math

LIMIT = 1.5e-3


class Thing:
    """A thing."""

    size: int = 3

    def area(self, factor=2, *, name="it"):
        """Return it."""
        # why
        if (n := self.size) > 1:
            return [x * factor for x in range(n) if x], f"{name!r:>{n}} and {{}} {n}" "tail"
        return None
'''
NASTY = r"""
@decorate(key=lambda x, /, y=1, *a, z, **k: (x, *a))
async def f[T: int](x: T) -> "T":
    match x:
        case {"a": [1, *rest], **others} if rest:
            return -0.0, 1e400, 2j, b"\x00", ..., "\ud800", "é\U0001F600"
        case Point(x=0) | None:
            return f"{x=} {'nested ' + f'{x!s}'} {x:{x}.{2}f}" 'and' r"\d" f''
    async with a as b, c:
        x: list[int] = yield
    try:
        pass
    except* ValueError as error:
        raise error from None
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("        # why\n", ""),
        ("# why", "# because"),
        ('"""A thing."""', '"""Another."""'),
        ('"""Return it."""', "'''Returns\n        it.'''"),
        ('"""A module."""\n', ""),
        ("range(n)", "range(\n                n,\n            )"),
        ("(n := self.size) > 1", "((n := self.size) > 1)"),
        ('name="it"', "name='it'"),
        ("1.5e-3", "0.0015"),
        ("\n\nLIMIT", "\n\n\n\nLIMIT"),
        (' {n}" "tail"', ' {n}tail"'),
        ("\n", "\r\n"),
    ],
)
def test_comments_docstrings_and_layout_change_no_digest(old: str, new: str):
    assert old in SOURCE
    assert source_digest(SOURCE.replace(old, new).encode()) == source_digest(SOURCE.encode())
    assert source_digest(b"\xef\xbb\xbf" + SOURCE.encode()) == source_digest(SOURCE.encode())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1.5e-3", "1.5e-4"),
        ("size: int", "size: float"),
        ("size: int = 3", "size: int = 4"),
        ("factor=2", "factor=2.0"),
        ("*, name", "name"),
        ("> 1", ">= 1"),
        ("!r", "!s"),
        (":>{n}", ":<{n}"),
        ("and {{", "or {{"),
        ("return None", "return"),
        ("import math", "import math as m"),
        ("class Thing", "@final\nclass Thing"),
        ("if x]", "]"),
    ],
)
def test_what_a_module_means_changes_its_digest(old: str, new: str):
    assert old in SOURCE
    assert source_digest(SOURCE.replace(old, new).encode()) != source_digest(SOURCE.encode())


@pytest.mark.parametrize("values", [("1", "1.0"), ("0.0", "-0.0"), ("'a'", "b'a'"), ("1", "True")])
def test_constants_of_other_types_are_other_constants(values: tuple[str, str]):
    one, other = (source_digest(f"x = {value}".encode()) for value in values)
    assert one != other


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_digests_are_the_same_on_other_pythons(version: str, tmp_path: Path):
    python = next(iter(interpreters(version)), None)
    if python is None:
        pytest.skip(f"there is no Python {version}")
    files = sorted((ROOT / "stages").rglob("*.py"))
    odd = tmp_path / "odd.py"
    odd.write_text(NASTY.replace("[T: int]", ""), encoding="utf-8")
    shutil.copy(ROOT / "stages/codebase/digests.py", tmp_path / "digests.py")
    program = (
        "import sys; from pathlib import Path; from digests import source_digest\n"
        "for name in sys.argv[1:]: print(source_digest(Path(name).read_bytes()))"
    )
    command = [python, "-c", program, *map(str, [*files, odd])]
    output = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert output.stdout.split() == [source_digest(file.read_bytes()) for file in [*files, odd]]


FILES = {
    "__init__.py": '"""All."""',
    "work.py": "from stages.tools import used\nfrom stages.sources.base import Source\n",
    "draw.py": "import matplotlib.pyplot\nfrom stages.pages.page import x\n",
    "tools/__init__.py": "",
    "tools/used.py": "import sklearn.svm\ndef f():\n    import stages.tools.late\n",
    "tools/late.py": "import json\n",
    "tools/unused.py": "",
    "pages/__init__.py": "",
    "pages/page.py": "x = 1\n",
    "pages/page.j2": "text",
    "pages/page.j2~": "text",
    "pages/.page.j2": "text",
    "sources/__init__.py": "",
    "sources/base.py": "class Source: pass\n",
    "sources/files.py": (
        "from stages.sources.base import Source\n"
        "from stages.sources.helper import h\nclass Files(Source): pass\n"
    ),
    "sources/web.py": (
        "import numpy\nfrom stages.sources.base import Source\nclass Web(Source): pass\n"
    ),
    "sources/helper.py": "h = 1\n",
    "transforms/__init__.py": "",
}
LOCK = (
    "matplotlib==3.1 \\\n    --hash=sha256:0\n"
    "numpy==2.0 ; python_version < '4' \\\nscikit-learn==1.5\n"
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        file = tmp_path / "stages" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (tmp_path / "lock.txt").write_text(LOCK)
    return tmp_path


def records(tree: Path) -> dict[str, str]:
    folder = tree / "records"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    write_records(Codebase(tree / "stages"), tree / "lock.txt", folder)
    return {file.name: file.read_text() for file in folder.iterdir()}


def changed(tree: Path, name: str, text: str) -> set[str]:
    before = records(tree)
    (tree / name).write_text(text)
    after = records(tree)
    return {name for name in before if before[name] != after[name]}


def test_a_record_has_the_modules_files_and_packages_of_its_stage(tree: Path):
    found = records(tree)
    assert set(found) == {"draw.txt", "work.txt", "work-files.txt", "work-web.txt"}
    lines = [line.split()[:2] for line in found["draw.txt"].splitlines()[1:]]
    assert lines == [
        ["module", "stages"],
        ["module", "stages.draw"],
        ["module", "stages.pages"],
        ["module", "stages.pages.page"],
        ["file", "stages/pages/page.j2"],
        ["package", "matplotlib"],
    ]
    assert "stages.tools.late" in found["work.txt"]
    assert "unused" not in found["work.txt"]
    assert "package scikit-learn 1.5" in found["work.txt"]
    assert "package numpy 2.0 where python_version < '4'" in found["work-web.txt"]
    assert "numpy" not in found["work-files.txt"]
    assert "stages.sources.helper" in found["work-files.txt"]
    assert "helper" not in found["work-web.txt"]


def test_a_change_shows_in_the_records_of_what_uses_it_alone(tree: Path):
    assert changed(tree, "stages/tools/late.py", "import json\nx = 1\n") == {
        "work.txt",
        "work-files.txt",
        "work-web.txt",
    }
    assert changed(tree, "stages/sources/helper.py", "h = 2\n") == {"work.txt", "work-files.txt"}
    assert changed(tree, "stages/pages/page.j2", "other") == {"draw.txt"}
    assert changed(tree, "lock.txt", LOCK.replace("3.1", "3.2")) == {"draw.txt"}
    assert changed(tree, "stages/tools/unused.py", "x = 1\n") == set()
    assert changed(tree, "stages/tools/used.py~", "x = 1\n") == set()


@pytest.mark.slow
def test_files_that_are_left_beside_the_code_are_no_code(tmp_path: Path):
    shutil.copytree(
        ROOT / "stages", tmp_path / "stages", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in ("requirements.txt", "params.yaml"):
        shutil.copy(ROOT / name, tmp_path / name)
    codebase = Codebase(tmp_path / "stages")
    plugins, scripts = codebase.plugins, codebase.scripts
    write_records(codebase, tmp_path / "requirements.txt", tmp_path / "before")
    leave_files(tmp_path)
    for name in ("transforms/hog", "sources/photos", "tables/claims", "train"):
        file = tmp_path / "stages" / f"{name}.py"
        shutil.copy(file, file.with_stem(f"{file.stem} (copy)"))
    littered = Codebase(tmp_path / "stages")
    assert (littered.plugins, littered.scripts) == (plugins, scripts)
    write_records(littered, tmp_path / "requirements.txt", tmp_path / "after")
    before, after = (
        {file.name: file.read_bytes() for file in (tmp_path / name).iterdir()}
        for name in ("before", "after")
    )
    assert after == before
    command = [sys.executable, "-m", "stages.check"]
    result = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("import torch\n", ["stages.draw", "torch", "make lock"]),
        ("def f(:\n", ["draw.py", "line 1"]),
        ("from stages.pages import *\n", ["draw.py", "line 1"]),
        ("from . import pages\n", ["draw.py", "line 1"]),
        ("from stages.nowhere.at_all import x\n", ["draw.py", "stages.nowhere.at_all"]),
    ],
)
def test_what_cannot_be_followed_is_said_in_one_line(tree: Path, text: str, says: list[str]):
    (tree / "stages/draw.py").write_text(text)
    with pytest.raises(PipelineError) as error:
        records(tree)
    assert "\n" not in str(error.value)
    for part in says:
        assert part in str(error.value)


def test_a_missing_lock_file_is_said_in_one_line(tree: Path):
    (tree / "lock.txt").unlink()
    with pytest.raises(PipelineError, match=r"lock\.txt is missing: run 'make lock'"):
        records(tree)
