"""Other Pythons of this machine, which must give the bytes that this one gives."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

VERSIONS = ("3.11", "3.12", "3.13")
# Looked up at once: while tests run, the home is another one.
PYENV = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()


def interpreters(version: str, needs: str = "sys") -> list[str]:
    """Return the Pythons of a version that can import `needs`, of pyenv and of the PATH."""
    folders = [Path(folder) for folder in os.get_exec_path()]
    # What a PATH has first may be a shim that knows no such version.
    found = [
        *sorted(PYENV.glob(f"versions/{version}.*/bin/python")),
        *(folder / f"python{version}" for folder in folders),
    ]
    return [str(python) for python in found if python.exists() and _imports(python, needs)]


def _imports(python: Path, module: str) -> bool:
    command = [python, "-c", f"import {module}"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0
