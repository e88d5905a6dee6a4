"""Archives handed over in CIFAR10_ARCHIVE, each read by a process with bounded memory.

``trials()`` hands over each archive of `tests.hostile_archives` once, 51 in all, in about 5
seconds; ``damage(tries=1000)`` hands over 2,000 damaged ones in about 15 seconds.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import numpy as np
import yaml

from stages import fetch
from stages.data.samples import open_samples
from stages.runtime.errors import PipelineError
from stages.sources.cifar_layout import read_batches
from tests.helpers import ROOT, digests_of, tree, write_dataset
from tests.hostile_archives import GREEDY, HARMLESS, REFUSED, tar
from tests.soak.row import Row

MAX_MEMORY = 192 * 2**20  # bytes, above what the process has before
MAX_SECONDS = 20.0  # of processor, for one archive
BOUNDS = f"nothing else written; below {MAX_SECONDS:.0f} s of processor, {MAX_MEMORY // 2**20} MiB"
OUTPUT = Path("raw")
PARAMS = Path("params.yaml")


def trials() -> Iterator[Row]:
    """Hand over every archive; a row for those that are read, and one for those that are not."""
    with tempfile.TemporaryDirectory() as name:
        project = _make_project(Path(name))
        archives = project.parent / "archives"
        for number, make in enumerate((HARMLESS | REFUSED | GREEDY).values()):
            make(project.parent / "copy", archives / f"{number:02}")
        outcomes = list(_fetch_apart(project).values())
    n = len(HARMLESS)
    yield Row(
        "Archives",
        "paths and links out, devices, duplicates, a thousand members beside the seven files",
        n,
        outcomes[:n].count("read"),
        f"the seven files, no others; {BOUNDS}",
    )
    yield Row(
        "Archives",
        "links, folders or wrong files instead, cut, no archives, bombs of every kind",
        len(REFUSED),
        outcomes[n:].count("refused"),
        f"one error names the archive; {BOUNDS}",
    )
    yield Row(
        "Archives",
        "xz that asks for 4 GiB of memory",
        len(GREEDY),
        outcomes[n + len(REFUSED) :].count("out of memory"),
        f"one error, if there is less; {BOUNDS}",
    )


def damage(tries: int = 1000) -> Iterator[Row]:
    """Alter, insert and remove bytes of an archive, compressed and not, `tries` times each."""
    generator = np.random.default_rng(0)
    for mode in ("w:gz", "w:"):
        with tempfile.TemporaryDirectory() as name:
            project = _make_project(Path(name))
            archive = project.parent / "archives" / "0"
            tar(archive, project.parent / "copy", mode=mode)
            content = archive.read_bytes()
            outcomes = []
            with contextlib.chdir(project):
                for _ in range(tries):
                    archive.write_bytes(_damaged(content, generator))
                    outcomes.append(_outcome(archive))
        yield Row(
            "Archives",
            f"bytes altered, added and taken away ({'gzip' if mode == 'w:gz' else 'plain tar'})",
            tries,
            outcomes.count("read") + outcomes.count("refused"),
            "one error names the archive, or the seven right files",
        )


def _damaged(content: bytes, generator: np.random.Generator) -> bytes:
    """Return `content` with a change in one of the first headers, its checksum right, or anywhere.

    In a compressed archive there are no headers to be found: the change is anywhere.
    """
    changed = bytearray(content)
    headers = [at for at in range(0, len(content), 512) if content[at + 257 : at + 262] == b"ustar"]
    base = int(generator.choice(headers or [0]))
    at = base + int(generator.integers(512 if headers else len(content)))
    match generator.integers(4):
        case 0:
            changed[at] = generator.integers(256)
        case 1:
            changed[at:at] = generator.bytes(generator.integers(1, 600))
        case 2:
            del changed[at : at + generator.integers(1, 600)]
        case _:
            changed[base + 124 : base + 136] = generator.bytes(12)  # the member's size
    if headers and len(changed) == len(content):
        changed[base + 148 : base + 156] = b" " * 8
        changed[base + 148 : base + 156] = b"%06o\0 " % sum(changed[base : base + 512])
    return bytes(changed)


def _make_project(sandbox: Path) -> Path:
    """Make a folder with params.yaml beside a small CIFAR-10 and a folder for archives."""
    write_dataset(sandbox / "copy")
    (sandbox / "archives").mkdir()
    project = sandbox / "project"
    project.mkdir()
    entry = {"source": "cifar10", "pictures_per_batch": 10, "files": digests_of(sandbox / "copy")}
    (project / PARAMS).write_text(yaml.safe_dump({"datasets": {"small": entry}}))
    return project


def _fetch_apart(project: Path) -> dict[str, str]:
    """Hand over all archives in a process of its own; return what came of each, by name."""
    archives = project.parent / "archives"
    outcomes = dict.fromkeys(sorted(path.name for path in archives.iterdir()), "crashed")
    while left := sorted(archives.iterdir()):  # once more for each that ends the process
        command = [sys.executable, "-m", "tests.soak.archives", str(project)]
        result = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=False)
        for line in result.stdout.splitlines():
            name, outcome = json.loads(line)
            outcomes[name] = outcome
            (archives / name).unlink()
        if result.returncode:
            left[0].unlink(missing_ok=True)
    return outcomes


def _fetch_here(project: Path) -> None:
    """Hand over the archives in order; print a line of JSON about each."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MAX_MEMORY, used + MAX_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (600, 600))  # all take 20 s; one may never end
    os.chdir(project)
    for archive in sorted((project.parent / "archives").iterdir()):
        start = time.process_time()
        outcome = _outcome(archive)
        slow = time.process_time() - start > MAX_SECONDS
        print(json.dumps([archive.name, "slow" if slow else outcome]), flush=True)


def _outcome(archive: Path) -> str:
    """Hand over an archive; return "read", "refused", or what is wrong."""
    sandbox = archive.parents[1]
    before = tree(sandbox)
    wanted = read_batches(sandbox / "copy")
    message = None
    with mock.patch.dict(os.environ, CIFAR10_ARCHIVE=str(archive)):
        try:
            fetch.main("small", OUTPUT, PARAMS)
        except PipelineError as error:
            message = str(error)
    if message is not None and "MemoryError" in message:
        return "out of memory"
    if message is not None:
        good = str(archive) in message and message.isprintable() and len(message) < 500
        return "refused" if good and tree(sandbox) == before else f"not as it should: {message}"
    found = open_samples(OUTPUT)
    right = np.array_equal(found.values, wanted.values)
    right &= np.array_equal(found.labels, wanted.labels)
    shutil.rmtree(OUTPUT)
    return "read" if right and tree(sandbox) == before else "more written, or wrong"


if __name__ == "__main__":
    _fetch_here(Path(sys.argv[1]))
