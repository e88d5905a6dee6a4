"""Fits on a Dask cluster whose workers, scheduler or client are killed at random moments."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from stages.data.samples import Split
from stages.runtime.cluster import ADDRESS
from stages.runtime.errors import PipelineError
from stages.training.fits import Fit, networks_of
from tests.cluster import PATIENCE, Cluster, kill, wait_until
from tests.helpers import write_vectors
from tests.project import ROOT
from tests.soak.row import Row

SUBJECT = "Cluster"
VICTIMS = ("a worker", "the scheduler", "the client")  # in turn
N_WORKERS = 3
N_FITS = 6
EPOCHS = 1500  # about ten seconds each, so that some are killed after a checkpoint
FEATURES = Path("features")
SPLIT = Split(train=("train",), test=("test",))
SETTINGS = {"hidden_layer_sizes": [16], "batch_size": 16, "validation_fraction": 0.1}


def trials(folder: Path, n_kills: int, longest: float, epochs: int = EPOCHS) -> Iterator[Row]:
    """Kill until `n_kills` are reached; each at most `longest` seconds after the last.

    Fits are asked for again until all are done; their bytes are those of one process.
    """
    generator = np.random.default_rng(0)
    samples = np.random.default_rng(1)
    X = samples.standard_normal((630, 40)).astype(np.float32)
    folder.mkdir(parents=True, exist_ok=True)
    write_vectors(folder / FEATURES, X, np.arange(630) % 3, n_test=30)
    expected = _ask(folder, "alone", epochs, address=None).communicate()[0]
    killed, survived, ended = Counter[str](), Counter[str](), list[bool]()
    passes = 0
    victims = [VICTIMS[number % len(VICTIMS)] for number in range(n_kills)]
    while victims:
        passes += 1
        name = f"pass-{passes}"
        found, log, clean = _one_pass(folder, name, generator, victims, longest, epochs)
        killed += Counter(log)
        survived += Counter(log) if found == expected else Counter()
        ended += clean
    meaning = "the same call, until it went through, gave the bytes of one process"
    for victim in VICTIMS:
        yield Row(SUBJECT, f"kill -9 of {victim}", killed[victim], survived[victim], meaning)
    what = "calls that a kill ended"
    yield Row(SUBJECT, what, len(ended), sum(ended), "one line says why, no traceback")


def _one_pass(
    folder: Path,
    name: str,
    generator: np.random.Generator,
    victims: list[str],
    longest: float,
    epochs: int,
) -> tuple[str, list[str], list[bool]]:
    """Kill, and take from `victims`, as many as there is time for.

    Return what the fits gave, who was killed, and of each call that this ended, whether cleanly.
    """
    log, clean = list[str](), list[bool]()
    cluster = _start(folder)
    try:
        asking = _ask(folder, name, epochs, cluster.address)
        while True:
            last = not victims
            try:
                output, errors = asking.communicate(
                    timeout=PATIENCE if last else generator.uniform(0, longest)
                )
            except subprocess.TimeoutExpired:
                assert not last, "it does not end"
            else:
                if asking.returncode == 0:
                    return output, log, clean
                clean.append(_is_one_line(errors))
                asking = _ask(folder, name, epochs, cluster.address)
                continue
            victim = victims.pop(0)
            log.append(victim)
            if victim == "a worker":
                cluster.add_worker(folder)
                running = [worker for worker in cluster.workers if worker.poll() is None]
                kill(running[generator.integers(len(running))])
            elif victim == "the scheduler":
                kill(cluster.scheduler)
                _, errors = asking.communicate(timeout=PATIENCE)
                clean.append(asking.returncode == 0 or _is_one_line(errors))
                cluster.close()
                cluster = _start(folder)
                asking = _ask(folder, name, epochs, cluster.address)
            else:
                asking.kill()
                asking.communicate()
                wait_until(partial(_is_idle, cluster))
                asking = _ask(folder, name, epochs, cluster.address)
    finally:
        cluster.close()


def _start(folder: Path) -> Cluster:
    cluster = Cluster()
    for _ in range(N_WORKERS):
        cluster.add_worker(folder)
    return cluster


def _is_idle(cluster: Cluster) -> bool:
    return cluster.n_running() == 0


def _is_one_line(errors: str) -> bool:
    is_so = errors.startswith("error: ") and errors.count("\n") == 1
    if not is_so:
        print(errors, file=sys.stderr)
    return is_so


def _ask(folder: Path, name: str, epochs: int, address: str | None) -> subprocess.Popen[str]:
    """Start a process that asks for the fits, and prints a digest of their weights."""
    env = {k: v for k, v in os.environ.items() if k != ADDRESS} | {"PYTHONPATH": str(ROOT)}
    env |= {ADDRESS: address} if address else {}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.soak.clusters", name, str(epochs)],
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def main(name: str, epochs: str) -> None:
    """Ask for the fits of a pass, on the cluster that the environment names."""
    settings = {**SETTINGS, "epochs": int(epochs)}
    fits = [
        Fit(FEATURES, SPLIT, {**settings, "random_state": k}, Path(name) / f"{k}.npz", False)
        for k in range(N_FITS)
    ]
    digest = hashlib.sha256()
    try:
        for network in networks_of(fits):
            for parameter in network.network_.parameters:
                digest.update(parameter.tobytes())
    except PipelineError as error:
        sys.exit(f"error: {error}")
    print(digest.hexdigest())


if __name__ == "__main__":
    main(*sys.argv[1:])
