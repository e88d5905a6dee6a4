"""One small file for each stage: what it runs, a line each, to be read and compared."""

from __future__ import annotations

from pathlib import Path

from stages.codebase.closure import CHOSEN, Codebase, Module
from stages.codebase.packages import distribution, read_lock
from stages.runtime.errors import PipelineError
from stages.runtime.files import write_text


def write_records(codebase: Codebase, lock: Path, folder: Path) -> None:
    """Write ``<script>.txt``, and ``<script>-<plugin>.txt`` for the plugins that it may use.

    Parameters
    ----------
    codebase : Codebase
    lock : Path
        A requirements file with the version of every package.
    folder : Path

    Raises
    ------
    PipelineError
        If a module cannot be read, or imports a package that is not locked.
    """
    versions = read_lock(lock)
    for script in codebase.scripts:
        modules = codebase.closure(script, {})
        kinds = [kind for kind in CHOSEN if f"{codebase.folder.name}.{kind}.base" in modules]
        choices = {f"{script}.txt": dict[str, str]()}
        choices |= {
            f"{script}-{plugin}.txt": {kind: plugin}
            for kind in kinds
            for plugin in codebase.plugins[kind]
        }
        for name, only in choices.items():
            lines = _lines(codebase, codebase.closure(script, only), versions)
            head = f"# What {codebase.folder.name}.{script} runs; when a line changes, so will it."
            write_text(folder / name, "\n".join([head, *lines]) + "\n")


def _lines(
    codebase: Codebase, modules: dict[str, Module], versions: dict[str, list[str]]
) -> list[str]:
    lines = [f"module  {name}  {module.digest}" for name, module in sorted(modules.items())]
    files = codebase.data_files(modules)
    lines += [f"file    {path}  {digest}" for path, digest in sorted(files.items())]
    locked = set()
    for name, module in sorted(modules.items()):
        for imported in module.packages:
            package = distribution(imported)
            if package not in versions:
                raise PipelineError(
                    f"{name} imports {imported}, but {package} is not locked: add it to "
                    "pyproject.toml and run 'make lock'"
                )
            locked |= {f"package {package} {version}" for version in versions[package]}
    return [*lines, *sorted(locked)]
