"""A small copy of the project: the real code and wiring, tiny parameters, real `dvc repro`."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from stages.params.loading import read_params
from tests.fork_server import start

ROOT = Path(__file__).parents[1]
COPIED = (
    "stages",
    "requirements.txt",
    "study",
    "dvc.yaml",
    ".dvc/config",
    ".dvc/.gitignore",
    ".dvcignore",
    ".gitignore",
)
FEATURES = (
    "photos-normalize",
    "photos-binarize",
    "photos-hog",
    "photos-hog-standardize",
    "photos-pca",
    "photos-patches",
)
EXPERIMENTS = ("photos-normalize", "photos-hog", "photos-hog-standardize")
# The first of them as a published run, with a reading beside the plain one.
FORENSICS = {
    "seeds": [0, 1],
    "runs": {
        "normalize": {
            "hidden_layer_sizes": [],
            "penalty": "none",
            "alpha": 0.0,
            "learning_rate": 0.03,
            "batch_size": 8,
            "epochs": 3,
            "plain": {
                "activation": "relu",
                "training": "one",
                "first_weights": "rule",
                "last_batch": "even",
                "pixels": "unit",
            },
            "alone": {"last_batch": ["short"]},
            "pairs": [],
        }
    },
    "inferred": [],
}


# For what is the same with two experiments as with more.
LEAST = ("photos-normalize", "photos-hog")
# The gradient check asks for no parameters, and takes a fifth of the time.
NOT_LEAST = ("gradcheck",)
# What draws takes most of the rest, and comes after all that trains and measures.
DRAWS = ("report", "forensics", "gallery", "script")


def tiny_params(
    features: tuple[str, ...] = FEATURES, experiments: tuple[str, ...] = EXPERIMENTS
) -> dict[str, Any]:
    """Return the project's own parameters, cut down to what runs in seconds."""
    params = read_params(ROOT / "params.yaml")
    params["datasets"] = {"photos": {**params["datasets"]["photos"], "pictures_per_batch": 20}}
    params["transforms"]["pca"]["n_components"] = 5
    params["transforms"]["patches"] |= {"n_patches": 200, "n_atoms": 5}
    params["features"] = {name: params["features"][name] for name in features}
    params["experiments"] = {name: params["experiments"][name] for name in experiments}
    params["defaults"] |= {"epochs": 3, "seeds": [0, 1], "batch_size": 8}
    params["forensics"] = {"photos": FORENSICS}
    return params


def write_params(path: Path, params: dict[str, Any]) -> None:
    """Write parameters as YAML 1.2, which the project and DVC read alike."""
    with path.open("w") as file:
        YAML().dump(params, file)  # the safe one would sort the keys


class Project:
    """A folder that is a DVC project in a git repository."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(
        cls, path: Path, names: tuple[str, ...] | None = None, without: tuple[str, ...] = ()
    ) -> Project:
        """Return a new one, of all features and experiments, or of those with certain names.

        Stages that it is to be `without` are taken out of dvc.yaml.
        """
        for name in COPIED:
            source, target = ROOT / name, path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(
                    source, target, ignore=shutil.ignore_patterns("__pycache__", "results")
                )
            else:
                shutil.copy(source, target)
        project = cls(path)
        project.write(tiny_params(names, names) if names else tiny_params())
        text = (path / "dvc.yaml").read_text()
        for stage in without:
            text, count = re.subn(rf"  {stage}:\n(?:    .*\n)+\n", "", text)
            assert count == 1
        (path / "dvc.yaml").write_text(text)
        project.git("init", "-q", "-b", "main")
        project.commit("the project")
        return project

    def copy(self, path: Path) -> Project:
        """Return a copy with its DVC cache; times are kept, so that nothing looks changed."""
        shutil.copytree(self.path, path, symlinks=True)
        return Project(path)

    def afresh(self, path: Path) -> Project:
        """Return a copy in which nothing has run."""
        project = self.copy(path)
        for name in ("data", "models", "reports", ".dvc/cache", ".dvc/tmp"):
            shutil.rmtree(path / name)
        (path / "dvc.lock").unlink()
        return project

    def read(self) -> dict[str, Any]:
        return read_params(self.path / "params.yaml")

    def write(self, params: dict[str, Any]) -> None:
        write_params(self.path / "params.yaml", params)

    def set(self, key: str, value: Any) -> None:
        """Change one parameter, named by its path with dots."""
        params = self.read()
        section = params
        *path, last = key.split(".")
        for part in path:
            section = section[part]
        section[last] = value
        self.write(params)

    def run(
        self, *command: str, check: bool = True, stdin: Any = None, **env: str
    ) -> subprocess.CompletedProcess:
        forks = start()
        folders = [forks["PATH"], str(Path(sys.executable).parent), os.environ["PATH"]]
        result = subprocess.run(
            command,
            cwd=self.path,
            env={
                **os.environ,
                **forks,
                "PATH": os.pathsep.join(folders),
                # One process: starting more takes longer than these small trainings.
                "LOKY_MAX_CPU_COUNT": "1",
                **env,
            },
            capture_output=True,
            stdin=stdin,
            text=True,
            timeout=1800,  # far more than any machine's load makes of it
            check=False,
        )
        assert result.returncode == 0 or not check, result.stdout + result.stderr
        return result

    def dvc(self, *args: str, **options: Any) -> subprocess.CompletedProcess:
        return self.run("dvc", *args, **options)

    def git(self, *args: str) -> str:
        return self.run("git", *args).stdout

    def commit(self, message: str) -> None:
        self.git("add", "-A")
        self.git("commit", "-qm", message)

    def repro(self, *targets: str) -> set[str]:
        """Run `dvc repro` and return the stages whose command ran."""
        output = self.dvc("repro", *targets).stdout
        return set(re.findall(r"^Running stage '([^']+)':", output, re.MULTILINE))

    def outdated(self) -> set[str]:
        """Return the stages that depend on something that has changed; `code` alone runs."""
        assert self.repro("code") == {"code"}
        return set(json.loads(self.dvc("status", "--json").stdout))

    def outputs(self) -> dict[str, bytes]:
        """Return the bytes of every file that a stage wrote, by path."""
        folders = [self.path / name for name in ("data", "models", "reports")]
        files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
        return {str(file.relative_to(self.path)): file.read_bytes() for file in files}
