"""The modules of ours that a module imports, and what those import, read from their source."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from stages.codebase.digests import file_digest, source_digest
from stages.runtime.errors import PipelineError
from stages.runtime.plugins import plugin_modules

DATA_SUFFIXES = {".css", ".j2", ".js", ".json", ".yaml", ".csv", ".txt"}
# Packages whose modules are found by name, by the class that those derive from in base.py.
PLUGINS = {"sources": "Source", "transforms": "Transform", "tables": "Table"}
CHOSEN = ("sources", "transforms")  # an entry of params.yaml names the one that its stages use


@dataclass(frozen=True)
class Module:
    """What one file says of itself.

    Attributes
    ----------
    digest : str
    ours : frozenset of str
        Modules of ours that it imports, anywhere, with the packages that they are in.
    packages : frozenset of str
        Third-party packages that it imports, by the name they are imported by.
    """

    digest: str
    ours: frozenset[str]
    packages: frozenset[str]


@dataclass
class Codebase:
    """All modules below a package's folder; each file is read once.

    Attributes
    ----------
    folder : Path
        The package, such as ``stages``.
    """

    folder: Path
    _modules: dict[str, Module] = field(default_factory=dict)
    _files: dict[Path, dict[str, str]] = field(default_factory=dict)
    _places: dict[str, Path] = field(default_factory=dict)

    @cached_property
    def scripts(self) -> list[str]:
        """Names of the scripts: modules directly in the folder."""
        stems = {file.stem for file in self.folder.glob("*.py")} - {"__init__"}
        # Editors and macOS leave files such as .#train.py and ._train.py, which are no modules.
        return sorted(stem for stem in stems if stem.isidentifier())

    @cached_property
    def plugins(self) -> dict[str, list[str]]:
        """Names of the plugins of each kind."""
        return {kind: plugin_modules(self.folder / kind, base) for kind, base in PLUGINS.items()}

    def closure(self, script: str, only: dict[str, str]) -> dict[str, Module]:
        """Return all modules that a script runs.

        Parameters
        ----------
        script : str
        only : dict of str to str
            The plugin that is used of a kind; all, of kinds that are not named.
        """
        found: dict[str, Module] = {}
        waiting = [f"{self.folder.name}.{script}"]
        while waiting:
            name = waiting.pop()
            if name in found:
                continue
            found[name] = self._read(name)
            waiting += found[name].ours
            kind = name.removeprefix(f"{self.folder.name}.").removesuffix(".base")
            if name.endswith(".base") and kind in PLUGINS:
                names = [only[kind]] if kind in only else self.plugins[kind]
                waiting += [f"{self.folder.name}.{kind}.{plugin}" for plugin in names]
        return found

    def data_files(self, modules: dict[str, Module]) -> dict[str, str]:
        """Return the digests of the data files in the packages of some modules, by path."""
        folders = {self._file(name).parent for name in modules} - {self.folder}
        return {path: digest for one in folders for path, digest in self._data_files(one).items()}

    def _data_files(self, folder: Path) -> dict[str, str]:
        if folder not in self._files:
            self._files[folder] = {
                file.relative_to(self.folder.parent).as_posix(): file_digest(file.read_bytes())
                for file in folder.iterdir()
                if file.suffix in DATA_SUFFIXES and not file.name.startswith(".")
            }
        return self._files[folder]

    def _read(self, name: str) -> Module:
        if name not in self._modules:
            file = self._file(name)
            source = file.read_bytes()
            try:
                tree = ast.parse(source)
                digest = source_digest(tree)
            except (SyntaxError, ValueError) as error:
                line = getattr(error, "lineno", None) or 1
                raise PipelineError(f"{file}, line {line}: {error}: correct it") from None
            ours, packages = self._imports(tree, name, file)
            self._modules[name] = Module(digest, ours, packages)
        return self._modules[name]

    def _imports(
        self, tree: ast.Module, name: str, file: Path
    ) -> tuple[frozenset[str], frozenset[str]]:
        ours, packages = self._parents(name), set[str]()
        for node in ast.walk(tree):
            imported: list[str] = []
            if isinstance(node, ast.Import):
                imported = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                if node.level or node.names[0].name == "*":
                    where = f"{file}, line {node.lineno}"
                    raise PipelineError(f"{where}: name the module and what is imported from it")
                imported = [f"{node.module}.{alias.name}" for alias in node.names]
            for target in imported:
                top = target.partition(".")[0]
                if top == self.folder.name:
                    ours |= self._resolve(target, file)
                elif top not in sys.stdlib_module_names:
                    packages.add(top)
        return frozenset(ours), frozenset(packages)

    def _resolve(self, target: str, file: Path) -> set[str]:
        """Return the module that `target` is, or is a name in, and the packages it is in."""
        for name in (target, target.rpartition(".")[0]):
            if self._file(name).exists():
                return {name, *self._parents(name)}
        raise PipelineError(f"{file}: there is no module {target}: correct the import")

    def _parents(self, name: str) -> set[str]:
        parts = name.split(".")[:-1]
        return {".".join(parts[: n + 1]) for n in range(len(parts))}

    def _file(self, name: str) -> Path:
        if name not in self._places:
            place = self.folder.parent.joinpath(*name.split("."))
            found = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
            self._places[name] = found
        return self._places[name]
