"""What editors, notebooks, git, Python and macOS leave beside a project's code."""

from __future__ import annotations

import shutil
from pathlib import Path

CODE_FOLDERS = ("stages", "stages/network", "stages/transforms", "stages/tables")
RESOURCE_FORK = b"\0\5\26\7\0\2\0\0Mac OS X"


def leave_files(root: Path) -> None:
    """Leave such files in every one of `CODE_FOLDERS`, named after one of its modules."""
    for folder in (root / name for name in CODE_FOLDERS):
        module = min(folder.glob("[!_]*.py"))
        for name in (".DS_Store", f".{module.name}.swp", f"#{module.name}#", f"{module.name}.orig"):
            (folder / name).write_bytes(b"x = (")
        shutil.copy(module, folder / f"{module.name}~")
        (folder / f"._{module.name}").write_bytes(RESOURCE_FORK)
        for inner, name in (
            (".ipynb_checkpoints", f"{module.stem}-checkpoint.py"),
            ("__pycache__", f"{module.stem}.cpython-399.pyc"),
        ):
            (folder / inner).mkdir(exist_ok=True)
            shutil.copy(module, folder / inner / name)
        # Emacs locks what it has open with a link to nowhere.
        (folder / f".#{module.name}").symlink_to("someone@somewhere.1234:5678")
