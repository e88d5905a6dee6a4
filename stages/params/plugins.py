"""Find a dataset source or a transform by its module's name."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from typing import TypeVar

from stages.runtime.errors import ParamsError

Base = TypeVar("Base")


def plugin_names(base: type) -> list[str]:
    """Return the modules beside the one that defines `base`, sorted."""
    package = importlib.import_module(base.__module__.rpartition(".")[0])
    own = base.__module__.rpartition(".")[2]
    folders = [str(Path(file).parent) for file in [package.__file__] if file]
    return sorted(m.name for m in pkgutil.iter_modules(folders) if m.name != own)


def find_plugin(base: type[Base], name: str, where: str) -> type[Base]:
    """Import the module `name` beside `base`'s own and return its subclass of `base`.

    Raises
    ------
    ParamsError
        If there is no such module; `where` is the key in params.yaml that asked for it.
    """
    names = plugin_names(base)
    if name not in names:
        raise ParamsError(f"{where}: {name!r} is not allowed: choose from {', '.join(names)}")
    module = importlib.import_module(f"{base.__module__.rpartition('.')[0]}.{name}")
    (plugin,) = (
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, base)
        and value.__module__ == module.__name__
    )
    return plugin
