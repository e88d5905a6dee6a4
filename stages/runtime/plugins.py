"""Find a dataset source or a transform by its module's name."""

from __future__ import annotations

import ast
import importlib
import inspect
from pathlib import Path
from typing import TypeVar

from stages.runtime.errors import ParamsError

Base = TypeVar("Base")


def plugin_names(base: type) -> list[str]:
    """Return the modules beside `base`'s own that define a subclass of it, sorted."""
    return plugin_modules(_folder(base), base.__name__)


def find_plugin(base: type[Base], name: str, where: str) -> type[Base]:
    """Import the module `name` beside `base`'s own and return its subclass of `base`.

    Raises
    ------
    ParamsError
        If there is no such module; `where` is the key in params.yaml that asked for it.
    """
    # Only its own module is read: a check of params.yaml asks for a hundred transforms.
    if not _defines(_folder(base), name, base.__name__):
        names = ", ".join(plugin_names(base))
        raise ParamsError(f"{where}: {name!r} is not allowed: choose from {names}")
    module = importlib.import_module(f"{base.__module__.rpartition('.')[0]}.{name}")
    (plugin,) = (
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, base)
        and value.__module__ == module.__name__
    )
    return plugin


def plugin_modules(folder: Path, base_name: str) -> list[str]:
    """Return the modules in `folder` that define a ``class ...(base_name)``, sorted.

    Nothing is imported: a plugin's own imports may be slow, and one that is broken names itself
    when it is used. What no ``import`` can name, such as an editor's ``.#hog.py``, is not read.
    """
    names = (file.stem for file in folder.glob("*.py"))
    return sorted(name for name in names if _defines(folder, name, base_name))


def _folder(base: type) -> Path:
    return Path(inspect.getfile(base)).parent


def _defines(folder: Path, name: str, base_name: str) -> bool:
    if not name.isidentifier():
        return False
    try:
        source = (folder / f"{name}.py").read_bytes()
        tree = ast.parse(source) if base_name.encode() in source else ast.Module([], [])
    except (OSError, SyntaxError, ValueError):
        return False
    return any(
        isinstance(node, ast.ClassDef)
        and any(isinstance(base, ast.Name) and base.id == base_name for base in node.bases)
        for node in tree.body
    )
