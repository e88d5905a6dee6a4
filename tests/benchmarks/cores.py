"""What all cores bring, against one: everything that goes through `ordered_map`.

Each work is done with one process and with all, in turn, several times; a ratio is the median over
the rounds of the time with one divided by that with all. Starting processes is part of the time.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image

from stages.data.samples import Split
from stages.folders.pictures import Looks, read_pictures
from stages.params.loading import read_params
from stages.runtime.files import write_text
from stages.training.fits import Fit, networks_of
from stages.training.search import Fit as Trial
from stages.training.search import score
from stages.transforms.base import find_transform
from stages.transforms.blocks import blocks_of, transformed, work_on
from stages.transforms.chain import Origin, Step, save_step
from tests.benchmarks.machine import describe
from tests.benchmarks.simulation import makespan
from tests.helpers import write_samples, write_vectors
from tests.project import ROOT

CORES = os.cpu_count() or 1
WORKERS = (1, 2, 4, 8, 16, 32, 64)
PICTURES = {"hog": 5_000, "binarize": 10_000, "patches": 500}  # of each of six batches
N_FILES = 1_000
SETTINGS = {"hidden_layer_sizes": [128], "epochs": 6, "validation_fraction": 0.1}
SPLIT = Split(train=("train",), test=("test",))
FITS = ROOT / "study" / "fits.json"  # seconds of each fit of the CIFAR-10 study
Run = Callable[[str], object]  # gets a name that no other run has


def transform_run(name: str, folder: Path) -> Run:
    """Return a run that transforms pictures, with the parameters of params.yaml."""
    raw = write_samples(folder / f"{name}-raw", PICTURES[name])
    params = read_params(ROOT / "params.yaml")["transforms"][name]
    transform = find_transform(name, "transforms").model_validate(params)
    origin = Origin(
        dataset="random",
        input="random-raw",
        input_shape=[32, 32, 3],
        transform=name,
        params=params,
        flip=False,
        shift=0,
    )
    pictures = np.random.default_rng(0).integers(0, 256, (500, 32, 32, 3)).astype(np.uint8)
    stored = folder / f"{name}.npz"
    save_step(stored, Step(origin, transform, transform.learn(pictures)))

    def run(_: str) -> None:
        work = work_on(raw, stored)
        for _ in transformed(work, blocks_of(work)):
            pass

    return run


def folder_run(folder: Path) -> Run:
    """Return a run that reads photographs: noise of all scales, 500x375, JPEG."""
    generator, files = np.random.default_rng(0), []
    for number in range(N_FILES):
        small = generator.integers(0, 256, (24, 32, 3), dtype=np.uint8)
        file = folder / f"{number}.jpg"
        Image.fromarray(small).resize((500, 375), Image.Resampling.BICUBIC).save(file)
        files.append(file)
    looks = Looks((32, 32, 3), "crop", "white")
    return lambda _: list(read_pictures(files, looks))


def features_in(folder: Path, n: int = 20_000) -> Path:
    generator = np.random.default_rng(0)
    X = generator.random((n + 1, 3072), dtype=np.float32)
    return write_vectors(folder / "features", X, np.arange(n + 1) % 10)


def seeds_run(folder: Path, features: Path) -> Run:
    """Return a run that trains six networks."""

    def run(name: str) -> None:
        fits = [
            Fit(
                features,
                SPLIT,
                {**SETTINGS, "random_state": seed},
                folder / name / f"{seed}.npz",
                with_views=False,
            )
            for seed in range(6)
        ]
        list(networks_of(fits))

    return run


def search_run(folder: Path, features: Path) -> Run:
    """Return a run that scores four candidates with two seeds each."""
    from stages.runtime.parallel import ordered_map  # noqa: PLC0415 - where it stands for itself

    def run(name: str) -> None:
        trials = [
            Trial(
                features,
                name,
                SPLIT,
                {**SETTINGS, "learning_rate": rate, "random_state": seed},
                False,
                0,
                folder / name,
            )
            for rate in (0.01, 0.03, 0.1, 0.3)
            for seed in (0, 1)
        ]
        list(ordered_map(score, trials, len(trials)))

    return run


def measure(run: Run, rounds: int) -> tuple[float, float]:
    """Return the median ratio of one process to all, and the median seconds with all."""
    ratios, seconds = [], []
    for number in range(rounds):
        times = []
        for workers in (1, CORES):
            os.environ["LOKY_MAX_CPU_COUNT"] = str(workers)
            start = time.perf_counter()
            run(f"{number}-{workers}")
            times.append(time.perf_counter() - start)
        ratios.append(times[0] / times[1])
        seconds.append(times[1])
    del os.environ["LOKY_MAX_CPU_COUNT"]
    return statistics.median(ratios), statistics.median(seconds)


def simulated(seconds: list[float]) -> str:
    """Return the makespan of fits on more cores, longest first, beside the lower bound."""
    costs = sorted(seconds, reverse=True)
    lines = [
        "| cores | minutes | lower bound | times one core | efficiency |",
        "|---|---|---|---|---|",
    ]
    for n in WORKERS:
        span, bound = makespan(costs, n), max(costs[0], sum(costs) / n)
        ratio = sum(costs) / span
        cells = [f"{span / 60:.1f}", f"{bound / 60:.1f}", f"{ratio:.1f}", f"{ratio / n:.0%}"]
        lines.append(f"| {n} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main(
    output: Annotated[Path, typer.Option(help="The Markdown page to write.")],
    rounds: Annotated[int, typer.Option(help="How often each work is done.")] = 3,
) -> None:
    """Write what all cores bring."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        features = features_in(folder)
        runs: dict[str, Run] = {
            f"{name}, {6 * n:,} pictures": transform_run(name, folder)
            for name, n in PICTURES.items()
        }
        runs[f"reading {N_FILES:,} JPEG files, 500x375"] = folder_run(folder)
        runs["six seeds of 3072-128-10"] = seeds_run(folder, features)
        runs["a search, four candidates"] = search_run(folder, features)
        for what, run in runs.items():
            ratio, seconds = measure(run, rounds)
            rows.append(f"| {what} | {ratio:.2f} | {seconds:.1f} |")
            print(rows[-1], flush=True)
    cluster = ""
    if FITS.exists():
        seconds = json.loads(FITS.read_text(encoding="utf-8"))
        cluster = f"""
## The whole CIFAR-10 study on more cores, simulated

The {len(seconds)} fits of `study/fits.json`, in the seconds that each took on this kind of machine;
each is begun, longest first, by the first core that is free. Assumed: a fit takes as long beside
others as it did, and nothing but fits takes time.

{simulated(list(seconds.values()))}
"""
    page = f"""# All cores

Written by `make bench` on {describe()}

How many times faster than one process all {CORES} are, in turn, medians of {rounds} rounds; the
processes are started and stopped in that time.

| work | ratio | seconds with all |
|---|---|---|
{chr(10).join(rows)}
{cluster}"""
    write_text(output, page)


if __name__ == "__main__":
    typer.run(main)
