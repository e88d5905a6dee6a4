"""A Dask cluster on this machine beside local processes: the same work, in turn.

Its workers run already, and have imported all, when a time begins; local processes are started in
it. Of a search, each fit's seconds are measured with one worker, and more workers are simulated.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import groupby, pairwise
from pathlib import Path
from typing import Annotated

import pytest
import typer

from stages.params.experiment import merge
from stages.params.loading import read_params
from stages.runtime.cluster import ADDRESS, call_for, run_on_cluster
from stages.runtime.files import read_json, write_text
from stages.training.search import Work, search
from tests.benchmarks.cores import CORES, SETTINGS, WORKERS, features_in, seeds_run
from tests.benchmarks.machine import describe
from tests.benchmarks.simulation import makespan
from tests.cluster import Cluster, cluster
from tests.project import ROOT

N_TASKS = 200
CANDIDATES = 200
N_SEARCHED = 5_000  # pictures
# Vectors are neither mirrored nor moved.
ENTRY = {
    "dataset": "photos",
    "preprocessing": "normalize",
    "recipe": "searched",
    "epochs": 9,
    "flip": False,
    "shift": 0,
    "average_views": False,
}


def nothing(item: int) -> int:
    """Do no work, on a worker."""
    return item


def seconds_of(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def beside_local(started: Cluster, folder: Path, rounds: int) -> tuple[float, float]:
    """Return the median ratio of a cluster's seconds to those of processes, and the seconds."""
    features_in(folder)
    run = seeds_run(folder, Path("features"))
    ratios, seconds = [], []
    with pytest.MonkeyPatch.context() as monkeypatch:
        for number in range(-1, rounds):  # the first is a warming up
            monkeypatch.setenv(ADDRESS, started.address)
            there = seconds_of(lambda number=number: run(f"there-{number}"))
            monkeypatch.delenv(ADDRESS)
            here = seconds_of(lambda number=number: run(f"here-{number}"))
            if number >= 0:
                ratios.append(there / here)
                seconds.append(there)
    return statistics.median(ratios), statistics.median(seconds)


def overhead(address: str) -> float:
    """Return the seconds that one task more takes, of many that do nothing."""

    def run(n: int) -> Callable[[], object]:
        return lambda: list(run_on_cluster(address, call_for(nothing, []), range(n), in_order=True))

    run(1)()
    few, many = (statistics.median(seconds_of(run(n)) for _ in range(3)) for n in (1, 1 + N_TASKS))
    return (many - few) / N_TASKS


def searched(folder: Path, name: str, candidates: int) -> tuple[float, list[list[float]]]:
    """Return the seconds of a search, and those of its fits on each rung.

    A fit's are those since the one before it ended, which is right for one worker alone.
    """
    document = read_params(ROOT / "params.yaml")
    sought = {"method": "halving", "seeds": 1, "candidates": candidates}
    document["experiments"] = {"photos-many": ENTRY | {"search": sought}}
    work = Work(merge(document, "photos-many"), Path("features"), folder / name)
    begin = time.time()
    total = seconds_of(lambda: search(work))
    files = sorted((folder / name).iterdir(), key=lambda file: file.stat().st_mtime_ns)
    ends = [begin, *(file.stat().st_mtime for file in files)]
    epochs = [read_json(file)["settings"]["epochs"] for file in files]
    fits = zip(epochs, (after - before for before, after in pairwise(ends)), strict=True)
    rungs = [[seconds for _, seconds in rung] for _, rung in groupby(fits, key=lambda fit: fit[0])]
    for rung in rungs:  # before the first of a rung ends, what is no fit has taken its time, too
        rung[0] = statistics.median(rung)
    *rungs, last = rungs
    return total, [*rungs, last[:-1], last[-1:]]  # the chosen one's other seed comes by itself


def on_workers(total: float, rungs: list[list[float]], n: int) -> float:
    """Return the simulated seconds with n workers: what is no fit stays as it is."""
    serial = total - sum(map(sum, rungs))
    return serial + sum(makespan(rung, n) for rung in rungs)


def main(
    output: Annotated[Path, typer.Option(help="The Markdown page to write.")],
    rounds: Annotated[int, typer.Option(help="How often the seeds are trained.")] = 3,
) -> None:
    """Write what a cluster costs, and what it brings."""
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as monkeypatch:
        folder = Path(name)
        monkeypatch.chdir(folder)
        with cluster(monkeypatch) as started:
            started.add_worker(folder)
            features_in(folder, N_SEARCHED)
            searched(folder, "warm", 3)
            one, rungs = searched(folder, "one", CANDIDATES)
            for _ in range(CORES - 1):
                started.add_worker(folder)
            searched(folder, "warm again", 3 * CORES)
            several, _ = searched(folder, "several", CANDIDATES)
            each = overhead(started.address)
            ratio, seconds = beside_local(started, folder, rounds)
    rows = [f"| 1 | {one:.1f} | measured |", f"| {CORES} | {several:.1f} | measured |"]
    rows += [f"| {n} | {on_workers(one, rungs, n):.1f} | simulated |" for n in WORKERS[1:]]
    serial = one - sum(map(sum, rungs))
    text = ", ".join(f"{len(rung)} of {sum(rung):.1f} s" for rung in rungs)
    page = f"""# A cluster

Written by `make bench` on {describe()}

A scheduler, {CORES} workers of one thread, and what asks them, all on this machine.

Six seeds of 3072-128-10 take {seconds:.1f} s, **{ratio:.2f} times** what local processes take
(medians of {rounds} rounds, in turn; {SETTINGS["epochs"]} epochs of 20,000 random pictures). A task
that does nothing takes {1000 * each:.1f} ms.

A search over {CANDIDATES} candidates by successive halving, on {N_SEARCHED:,} pictures. Its fits,
rung by rung: {text}; {serial:.1f} s are no fit: to connect, draw, send, choose.
With more workers these stay, and so does the longest fit of every rung. (Two rows of {CORES}
workers differ by what workers beside each other cost each other: memory, and the scheduler.)

| workers | seconds | |
|---:|---:|---|
{chr(10).join(rows)}
"""
    write_text(output, page)


if __name__ == "__main__":
    typer.run(main)
