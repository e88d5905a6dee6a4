"""Hostile pickles, each read as a batch file by one process whose memory and time are bounded.

``trials()`` reads each pickle of `tests.hostile_pickles` once, 113 in all, in about 4 seconds.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from stages.runtime.errors import PipelineError
from stages.sources.cifar_layout import read_batches
from tests.helpers import ROOT, write_dataset
from tests.hostile_pickles import BOMBS, MALFORMED, NAMED, RUNNERS
from tests.soak.row import Row

MAX_MEMORY = 256 * 2**20  # bytes, above what the process has before
MAX_SECONDS = 5.0
GROUPS = {
    "calls of os.system, eval, subprocess, ctypes, ... by every way to call": RUNNERS,
    "names that must not be imported": NAMED,
    "persistent ids, extensions, buffers, damaged frames, no pickles": MALFORMED,
    "billion laughs, deep nesting, sizes that are lies": BOMBS,
}
MEANING = (
    "one line names the file; nothing was run; "
    f"below {MAX_SECONDS:.0f} s of processor and {MAX_MEMORY // 2**20} MiB"
)


def trials() -> Iterator[Row]:
    """Read every pickle; one row for each group of them."""
    for what, group in GROUPS.items():
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            canary = folder / "canary"
            for trial, content in group.items():
                (folder / trial).write_bytes(content(canary) if callable(content) else content)
            lines = _read_all(folder)
            survived = 0 if canary.exists() else sum(trial in lines for trial in group)
        yield Row("Pickles", what, len(group), survived, MEANING)


def _read_all(folder: Path) -> list[str]:
    """Read the files in `folder` in a process of its own; return which ended as they should."""
    survived: list[str] = []
    while True:  # once more for each file that ends the process
        command = [sys.executable, "-m", "tests.soak.pickles", str(folder)]
        result = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=False)
        for line in result.stdout.splitlines():
            trial = json.loads(line)
            (folder / trial["name"]).unlink()
            if trial["survived"]:
                survived.append(trial["name"])
        if result.returncode == 0:
            return survived
        min(path for path in folder.iterdir() if path.name != "canary").unlink()


def _read_here(folder: Path) -> None:
    """Read the files in `folder` in order; print a line of JSON about each."""
    paths = sorted(path for path in folder.iterdir() if path.name != "canary")
    with tempfile.TemporaryDirectory() as name:
        dataset = write_dataset(Path(name))
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + MAX_MEMORY, used + MAX_MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (30, 30))  # all take 3 s; one may never end
        for path in paths:
            (dataset / "data_batch_1").write_bytes(path.read_bytes())
            start = time.process_time()
            message = ""
            try:
                read_batches(dataset)
            except PipelineError as error:
                message = str(error)
            good = "data_batch_1" in message and "MemoryError" not in message
            good &= message.isprintable() and len(message) < 400
            good &= time.process_time() - start < MAX_SECONDS
            print(json.dumps({"name": path.name, "survived": good}), flush=True)


if __name__ == "__main__":
    _read_here(Path(sys.argv[1]))
