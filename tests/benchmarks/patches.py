"""The patches transform against the matrix product that it cannot do without.

The bound is the product of a picture's 729 patches with all atoms, and nothing else, into a
buffer made before. Contenders run in turn, again and again, in one process; a ratio is the median
over the rounds of the bound's time divided by the contender's of the same round.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from stages.runtime.files import write_text
from stages.transforms.patches import PART, Patches
from tests.benchmarks.machine import describe

POSITIONS, LENGTH = 27 * 27, 6 * 6 * 3
N_ATOMS = (400, 1600)
ENCODINGS = {"threshold": 0.5, "triangle": None}
Run = Callable[[], object]


def transform(n_atoms: int, encoding: str) -> Patches:
    return Patches(
        size=6,
        n_patches=10_000,
        contrast_offset=10.0,
        whitening_offset=0.1,
        dictionary="samples",
        n_atoms=n_atoms,
        encoding=encoding,
        threshold=ENCODINGS[encoding],
        grid=2,
        power=1.0,
        mirror=False,
        n_components=None,
        seed=0,
    )


def products(n_pictures: int, n_atoms: int) -> Run:
    """Return the products of as many pictures, in as many threads as the transform takes."""
    patches = np.full((POSITIONS, LENGTH), 0.01, dtype=np.float32)
    columns = np.full((LENGTH, n_atoms), 0.01, dtype=np.float32)

    def some(count: int) -> None:
        out = np.empty((POSITIONS, n_atoms), dtype=np.float32)
        for _ in range(count):
            np.matmul(patches, columns, out=out)

    def run() -> None:
        parts = [min(PART, n_pictures - start) for start in range(0, n_pictures, PART)]
        Parallel(n_jobs=-1, prefer="threads")(delayed(some)(part) for part in parts)

    return run


def seconds(run: Run) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def measure(n_atoms: int, n_pictures: int, rounds: int) -> dict[str, tuple[float, float]]:
    """Return, of each contender, median seconds per picture and median speed over the bound's."""
    pictures = np.random.default_rng(0).integers(0, 256, (n_pictures, 32, 32, 3), dtype=np.uint8)
    fitted = {name: transform(n_atoms, name).fit(pictures) for name in ENCODINGS}
    runs: dict[str, Run] = {"product": products(n_pictures, n_atoms)}
    runs |= {name: lambda apply=apply: apply(pictures) for name, apply in fitted.items()}
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            times[name].append(seconds(run))
    return {
        name: (
            statistics.median(own) / n_pictures,
            statistics.median(b / t for b, t in zip(times["product"], own, strict=True)),
        )
        for name, own in times.items()
    }


def rows(pictures: int, rounds: int) -> list[list[object]]:
    lines: list[list[object]] = []
    for threads in sorted({1, os.cpu_count() or 1}):
        os.environ["LOKY_MAX_CPU_COUNT"] = str(threads)
        for n_atoms in N_ATOMS:
            with threadpool_limits(1):
                results = measure(n_atoms, pictures, rounds)
            for name, (time_each, ratio) in results.items():
                rate = 2e-9 * POSITIONS * LENGTH * n_atoms / time_each
                line = [threads, n_atoms, name, f"{rate:.0f}", f"{ratio:.0%}"]
                lines.append([*line, f"{10_000 * time_each:.1f}"])
    return lines


def main(
    output: Annotated[Path, typer.Option(help="The Markdown page to write.")],
    pictures: Annotated[int, typer.Option(help="How many pictures each run transforms.")] = 400,
    rounds: Annotated[int, typer.Option(help="How often each contender runs.")] = 15,
) -> None:
    """Write how much of the matrix product's rate the transform reaches."""
    header = ["threads", "atoms", "contender", "Gflop/s", "of the product's", "s per 10,000"]
    table = [header, ["---"] * len(header), *rows(pictures, rounds)]
    lines = "\n".join("| " + " | ".join(map(str, line)) + " |" for line in table)
    page = f"""# Benchmark of the learned patches

Written by `make bench`. {describe()}

What the `patches` transform does for a picture of 32x32 pixels, of which the product of its
{POSITIONS} patches with all atoms cannot be done without. The rate counts that product's
operations alone; the share is the median of {rounds} rounds, in which product and encodings take
turns, each with {pictures} pictures. The encodings' times have everything else in them: patches
are cut out, normalised, encoded and averaged over a grid of 2x2.

{lines}
"""
    write_text(output, page)
    print(page)


if __name__ == "__main__":
    typer.run(main)
