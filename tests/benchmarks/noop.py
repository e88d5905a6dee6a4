"""What `dvc repro` costs when there is nothing to do, in units of `dvc root`.

Run it in a project whose stages have all run: ``python -m tests.benchmarks.noop``. Beside it stands
the floor: as many stages as there are, each with one file to read, one to write and no parameter.
"""

from __future__ import annotations

import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import yaml


def dvc(*arguments: str, cwd: Path) -> str:
    done = subprocess.run(["dvc", *arguments], cwd=cwd, check=True, capture_output=True, text=True)
    return done.stdout


def seconds(*arguments: str, cwd: Path) -> float:
    start = time.perf_counter()
    dvc(*arguments, cwd=cwd)
    return time.perf_counter() - start


def make_floor(n_stages: int, folder: Path) -> None:
    """Fill a folder with a project of as many stages that copy a file, and run them."""
    dvc("init", "--no-scm", cwd=folder)
    (folder / "read.txt").write_text("read by all")
    copy = {"cmd": "cp read.txt ${item}.txt", "deps": ["read.txt"], "outs": ["${item}.txt"]}
    names = [f"stage-{i}" for i in range(n_stages)]
    stages = {"stages": {"copy": {"foreach": names, "do": copy}}}
    (folder / "dvc.yaml").write_text(yaml.safe_dump(stages))
    dvc("repro", cwd=folder)


def main(rounds: int = 7) -> None:
    project = Path.cwd()
    output = dvc("repro", cwd=project)
    if "Running stage" in output:
        raise SystemExit("there was something to do: run this again")
    n_stages = output.count("didn't change, skipping")
    with tempfile.TemporaryDirectory() as name:
        make_floor(n_stages, floor := Path(name))
        runs = {"dvc root": (["root"], project)}
        runs |= {"dvc repro": (["repro"], project), "its floor": (["repro"], floor)}
        times = [
            [seconds(*arguments, cwd=cwd) for arguments, cwd in runs.values()]
            for _ in range(rounds)
        ]
    print(f"{n_stages} stages, medians of {rounds} interleaved rounds:")
    for name, own in zip(runs, zip(*times, strict=True), strict=True):
        ratio = statistics.median(each / row[0] for each, row in zip(own, times, strict=True))
        print(f"{name}: {statistics.median(own):.2f} s, {ratio:.1f} x dvc root")


if __name__ == "__main__":
    main()
