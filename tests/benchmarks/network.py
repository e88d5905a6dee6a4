"""The network against scikit-learn, PyTorch and the matrix products alone.

Every contender runs in turn, again and again, in one process; a figure is the median over the
rounds of its time divided by the bound's time of the same round.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import statistics
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import typer
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from stages.network.classifier import SoftmaxNetwork
from stages.pixels.scaled import WORTH, Scaled
from stages.runtime.files import write_text
from tests.benchmarks.machine import describe

try:
    import torch
except ImportError:
    torch = None

BATCH = 256
RATE = 0.03
EPOCHS = 3
Run = Callable[[int], object]


class Case(NamedTuple):
    n_features: int
    hidden: tuple[int, ...]
    n_samples: int

    @property
    def name(self) -> str:
        return "-".join(map(str, (self.n_features, *self.hidden, 10)))


CASES = [
    Case(3072, (128,), 25_600),
    Case(3072, (), 25_600),
    Case(324, (128,), 25_600),
    Case(3072, (1024,), 6_400),
]


def samples(case: Case) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    X = generator.random((case.n_samples, case.n_features), dtype=np.float32)
    return X, generator.integers(0, 10, case.n_samples)


def bound(case: Case) -> Run:
    """Return the matrix products of training, and nothing else, into buffers made before."""
    sizes = [case.n_features, *case.hidden, 10]
    weights = [np.full(shape, 0.01, np.float32) for shape in itertools.pairwise(sizes)]
    values = [np.full((BATCH, size), 0.01, np.float32) for size in sizes]
    outputs = [np.empty_like(value) for value in values]
    gradients = [np.empty_like(weight) for weight in weights]

    def run(epochs: int) -> None:
        for _ in range(epochs * (case.n_samples // BATCH)):
            for layer, weight in enumerate(weights):
                np.matmul(values[layer], weight, out=outputs[layer + 1])
            for layer in reversed(range(len(weights))):
                np.matmul(values[layer].T, values[layer + 1], out=gradients[layer])
                if layer:
                    np.matmul(values[layer + 1], weights[layer].T, out=outputs[layer])

    return run


def as_bytes(X: np.ndarray) -> Scaled:
    """Return such numbers as bytes, so many of which were taken that compiling them is worth it."""
    scaled = Scaled((255 * X).astype(np.uint8), 1 / 255, 0)
    rows, batch = np.arange(BATCH), np.empty((BATCH, X.shape[1]), np.float32)
    for _ in range(WORTH // batch.size + 1):
        scaled.take(rows, batch)
    return scaled


def ours(case: Case, X: np.ndarray | Scaled, y: np.ndarray) -> Run:
    return lambda epochs: SoftmaxNetwork(
        case.hidden,
        batch_size=BATCH,
        last_batch="short",  # as the others
        learning_rate=RATE,
        epochs=epochs,
        random_state=0,
    ).fit(X, y)


def theirs(case: Case, X: np.ndarray, y: np.ndarray) -> Run:
    """scikit-learn draws its own order of the samples; all else is the same."""
    return lambda epochs: MLPClassifier(
        case.hidden,
        solver="sgd",
        batch_size=BATCH,
        learning_rate_init=RATE,
        momentum=0,
        alpha=0,
        max_iter=epochs,
        n_iter_no_change=10**6,
        random_state=0,
    ).fit(X, y)


def eager(case: Case, X: np.ndarray, y: np.ndarray, *, gathered_before: bool) -> Run:
    """PyTorch, eager; `gathered_before` leaves the copying of rows out of the time."""
    images, labels = torch.from_numpy(X), torch.from_numpy(y)
    order = torch.from_numpy(np.random.default_rng(0).permutation(len(X)))
    batches = [(images[rows], labels[rows]) for rows in order.split(BATCH)] * gathered_before

    def run(epochs: int) -> None:
        torch.manual_seed(0)
        sizes, layers = [case.n_features, *case.hidden, 10], []
        for fan_in, fan_out in itertools.pairwise(sizes):
            layers += [torch.nn.Linear(fan_in, fan_out), torch.nn.ReLU()]
        model = torch.nn.Sequential(*layers[:-1])
        optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
        for _ in range(epochs):
            for x, t in batches or ((images[rows], labels[rows]) for rows in order.split(BATCH)):
                optimizer.zero_grad()
                torch.nn.functional.cross_entropy(model(x), t).backward()
                optimizer.step()

    return run


def contenders(case: Case) -> dict[str, Run]:
    X, y = samples(case)
    runs = {"bound": bound(case), "this network": ours(case, X, y)}
    if case.n_features == 3072:
        runs["this network, as bytes"] = ours(case, as_bytes(X), y)
    if case.hidden:
        runs["scikit-learn"] = theirs(case, X, y)
    if torch is not None:
        runs["PyTorch"] = eager(case, X, y, gathered_before=False)
        runs["PyTorch, rows gathered before"] = eager(case, X, y, gathered_before=True)
    return runs


def seconds(run: Run, epochs: int) -> float:
    start = time.perf_counter()
    run(epochs)
    return time.perf_counter() - start


def measure(case: Case, rounds: int, threads: int) -> dict[str, tuple[float, float]]:
    """Return median seconds per epoch, and median ratio to the bound, of every contender."""
    runs = contenders(case)
    times: dict[str, list[float]] = {name: [] for name in runs}
    with threadpool_limits(threads):
        for _ in range(rounds):
            for name, run in runs.items():
                # What a fit does once (checking the samples, say) is in both and drops out.
                times[name].append((seconds(run, EPOCHS) - seconds(run, 1)) / (EPOCHS - 1))
    ratios = {
        name: statistics.median(t / b for t, b in zip(own, times["bound"], strict=True))
        for name, own in times.items()
    }
    return {name: (statistics.median(own), ratios[name]) for name, own in times.items()}


def peak_memory() -> float:
    """Return the most private memory that a fit on mapped features adds, in MB."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "X.npy"
        shape = (50_000, 3072)
        X = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
        X[:] = np.random.default_rng(0).random(3072, dtype=np.float32)
        y = np.arange(len(X)) % 10
        del X
        mapped = np.load(path, mmap_mode="r")
        before, most, done = private_memory(), [0.0], threading.Event()

        def watch() -> None:
            while not done.wait(0.005):
                most[0] = max(most[0], private_memory() - before)

        watcher = threading.Thread(target=watch)
        watcher.start()
        SoftmaxNetwork((128,), epochs=2, random_state=0).fit(mapped, y)
        done.set()
        watcher.join()
    return most[0]


def in_new_process(function: Callable[[], float]) -> float:
    """Call `function` where no memory has been used and freed before."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as executor:
        return executor.submit(function).result()


def private_memory() -> float:
    """Return the memory of this process that no file backs, in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("this system does not tell RssAnon")


def versions() -> str:
    return describe(f"PyTorch {torch.__version__}" if torch else "PyTorch not installed")


def table(results: dict[str, dict[str, tuple[float, float]]]) -> str:
    names = list(next(iter(results.values())))
    lines = ["| network | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for case, row in results.items():
        cells = [
            f"{row[name][1]:.2f} ({1000 * row[name][0]:.0f} ms)" if name in row else "-"
            for name in names
        ]
        lines.append(f"| {case} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main(
    output: Annotated[Path, typer.Option(help="The Markdown page to write.")],
    rounds: Annotated[int, typer.Option(help="How often each contender runs.")] = 5,
) -> None:
    """Write how fast the network trains, in ratios measured side by side."""
    warnings.simplefilter("ignore")  # scikit-learn's, that few epochs do not converge
    cores = os.cpu_count() or 1
    pages = {}
    for threads in (1, cores):
        torch and torch.set_num_threads(threads)
        cases = CASES if threads == 1 else CASES[:1]
        pages[threads] = table({case.name: measure(case, rounds, threads) for case in cases})
    page = f"""# Benchmarks

Written by `make bench`. {versions()}

Time of one epoch, float32, batches of {BATCH}, plain SGD, divided by the time of the matrix
products alone ("bound"): medians of {rounds} rounds in which the contenders take turns, and in
brackets the median milliseconds. scikit-learn draws its own order of the samples; the others
take one. "As bytes" are the study's pixels: kept as bytes, and scaled where they are gathered. The
last column leaves out of the time what the others have in it: copying the rows of each batch
together.

## One thread each

{pages[1]}

## The whole machine: {cores} threads for one fit

{pages[cores]}

This network keeps to one thread for each fit; instead, the seeds of an experiment train side by
side, see [all cores](benchmarks-cores.md).

## Memory

A fit of 3072-128-10 on 50,000 mapped samples adds at most {in_new_process(peak_memory):.0f} MB of
private memory to its process; the features themselves are mapped, and shared by all processes.
"""
    write_text(output, page)
    print(page)


if __name__ == "__main__":
    typer.run(main)
