"""The tests themselves: each function of theirs is a test, or something uses it."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.helpers import ROOT

FILES = sorted((ROOT / "tests").rglob("*.py"))
TREES = {path.relative_to(ROOT).as_posix(): ast.parse(path.read_bytes()) for path in FILES}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def words(tree: ast.AST) -> Iterator[str]:
    """Yield every name that is used, and every text: pytest's fixtures are named in texts too."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(name) | ast.Attribute(_, name) | ast.alias(name) | ast.arg(name):
                yield name
            case ast.Constant(str(text)):
                yield text


def decorators(function: Function) -> set[str]:
    """Return the last parts of the decorators' names, such as ``fixture`` and ``parametrize``."""
    called = (ast.unparse(node).partition("(")[0] for node in function.decorator_list)
    return {name.rpartition(".")[2] for name in called}


def idle(trees: dict[str, ast.Module]) -> list[str]:
    """Return functions and classes of modules that pytest does not call, nor anything else."""
    used = Counter(word for tree in trees.values() for word in words(tree))
    for tree in trees.values():
        for node in tree.body:
            if isinstance(node, Function):  # one that calls itself is not used for that
                used[node.name] -= [*words(node)].count(node.name)
    return [
        f"{name}: {node.name}"
        for name, tree in trees.items()
        for node in tree.body
        if isinstance(node, Function | ast.ClassDef)
        and used[node.name] <= 0
        and not is_run(name, node)
    ]


def is_run(name: str, node: Function | ast.ClassDef) -> bool:
    """Return whether pytest or Typer runs what nobody calls."""
    if isinstance(node, ast.ClassDef):
        return is_collected(name) and node.name.startswith("Test")
    return (
        (is_collected(name) and node.name.startswith("test"))
        or node.name.startswith("pytest_")
        or "command" in decorators(node)
        or any("autouse" in ast.unparse(decorator) for decorator in node.decorator_list)
    )


def is_collected(name: str) -> bool:
    return name.rpartition("/")[2].startswith("test_")


def twice(tree: ast.AST) -> list[str]:
    """Return names that a module or class defines a second time, which replaces the first."""
    scopes = [node for node in ast.walk(tree) if isinstance(node, ast.Module | ast.ClassDef)]
    names = Counter(
        (scope, node.name)
        for scope in scopes
        for node in scope.body
        if isinstance(node, Function | ast.ClassDef)
    )
    return [name for (_, name), times in names.items() if times > 1]


def test_every_function_of_the_tests_is_a_test_or_is_used():
    assert idle(TREES) == []


@pytest.mark.parametrize("name", TREES)
def test_no_test_replaces_another_of_its_name(name):
    assert twice(TREES[name]) == []


RENAMED = """
@pytest.fixture
def left(): ...
@pytest.fixture
def right(): ...
@pytest.fixture(autouse=True)
def always(): ...
@pytest.mark.parametrize("number", [1, 2])
def one_testin(number): ...
def again(): again()
class Forgotten: ...
class TestAll: ...
class TestAll: ...
@pytest.mark.usefixtures("right")
def test_it(left): ...
"""


def test_what_a_replacement_renamed_is_found():
    tree = ast.parse(RENAMED)
    lost = ["one_testin", "again", "Forgotten"]
    assert idle({"tests/test_x.py": tree}) == [f"tests/test_x.py: {name}" for name in lost]
    assert {"tests/x.py: test_it", "tests/x.py: TestAll"} < set(idle({"tests/x.py": tree}))
    assert twice(tree) == ["TestAll"]
