"""How time and memory grow: stages by pictures, units, atoms and classes; DVC by experiments.

Every point is a stage of its own in a process of its own, on random pictures of 32x32 pixels, with
one process for all work. The measured exponent is the slope of a line through the points, both
axes logarithmic; to start Python and import takes part in every point.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import typer
import yaml

from stages.data.samples import Samples, Split, write_pictures
from stages.params.loading import read_params
from stages.runtime.files import write_text
from tests.benchmarks.machine import describe
from tests.project import LEAST, NOT_LEAST, ROOT, Project

PICTURES = (10_000, 20_000, 40_000, 80_000)
MILLION = 1_000_000
EPOCHS = 4
N_TEST = 1_000  # pictures at least, of each class one
EXPERIMENTS = (10, 30, 100, 300)
COPIED = "photos-normalize"
NONE: Mapping[str, Any] = {}
app = typer.Typer(add_completion=False)


class Point(NamedTuple):
    """A stage to be measured.

    Attributes
    ----------
    stage : {"preprocess", "train", "evaluate"}
    feature : str
        A transform.
    pictures, classes : int
    changes : dict
        Of the transform's parameters.
    settings : dict
        Of the experiment.
    """

    stage: str
    feature: str
    pictures: int = 20_000
    classes: int = 10
    changes: Mapping[str, Any] = NONE
    settings: Mapping[str, Any] = NONE


class Series(NamedTuple):
    """Points that differ in one size, and by which power of it time is expected to grow."""

    what: str
    size: str
    expected: float
    points: dict[int, Point]


def by_pictures(what: str, stage: str, feature: str, **changes: Any) -> Series:
    points = {n: Point(stage, feature, n, **changes) for n in PICTURES}
    return Series(what, "pictures", 1, points)


def all_series() -> Iterator[Series]:
    """Yield what is measured."""
    for feature in ("normalize", "binarize", "hog", "pca", "standardize"):
        yield by_pictures(f"preprocess, {feature}", "preprocess", feature)
    few = {"n_atoms": 50, "n_patches": 20_000}
    yield by_pictures("preprocess, 50 patches", "preprocess", "patches", changes=few)
    dense = {"hidden_layer_sizes": [128], "epochs": EPOCHS}
    yield by_pictures(f"train, 3072-128-10, {EPOCHS} epochs", "train", "normalize", settings=dense)
    yield by_pictures("evaluate, 3072-128-10", "evaluate", "normalize", settings=dense)
    atoms = {
        n: Point("preprocess", "patches", 2_000, changes={"n_atoms": n, "n_patches": 20_000})
        for n in (100, 200, 400, 800)
    }
    yield Series("preprocess, patches of 2,000 pictures", "atoms", 1, atoms)
    units = {
        n: Point("train", "normalize", 10_000, settings=dense | {"hidden_layer_sizes": [n]})
        for n in (256, 512, 1024, 2048)
    }
    yield Series("train, 3072-n-10 on 10,000 pictures", "hidden units", 1, units)
    for stage in ("train", "evaluate"):
        classes = {n: Point(stage, "normalize", classes=n, settings=dense) for n in (10, 100, 1000)}
        yield Series(f"{stage}, 3072-128-n on 20,000 pictures", "classes", 0, classes)


def write_raw(folder: Path, n: int, n_classes: int) -> None:
    """Write random pictures of which a sixth is to test on."""
    folder.mkdir(parents=True)
    generator = np.random.default_rng(0)
    pictures = generator.integers(0, 256, (n, 32, 32, 3), dtype=np.uint8)
    first = max(N_TEST, n_classes, n // 6)
    batches = {"test": (0, first), "train": (first, n)}
    split = Split(train=("train",), test=("test",))
    names = [f"class {number}" for number in range(n_classes)]
    labels = (np.arange(n) % n_classes).astype(np.int64)
    samples = Samples(pictures, labels, batches, {"all": split}, names, picture_shape=(32, 32, 3))
    write_pictures(folder, samples)


def params_of(point: Point) -> dict[str, Any]:
    """Return the project's parameters with one feature set of pixels, one more, one experiment."""
    document = read_params(ROOT / "params.yaml")
    of_pixels = point.feature in ("pca", "standardize")
    own = {"dataset": "own", "input": f"own-{'normalize' if of_pixels else 'raw'}"}
    own |= {"transform": point.feature}
    own |= {"fit": "all"} if point.feature in ("pca", "standardize", "patches") else {}
    pixels = {"dataset": "own", "input": "own-raw", "transform": "normalize"}
    own |= {"options": dict(point.changes)} if point.changes else {}
    experiment = {"dataset": "own", "preprocessing": point.feature, "recipe": "linear"}
    return document | {
        "datasets": {"own": {"source": "folder", "files": "none"}},
        "features": {"own-normalize": pixels, f"own-{point.feature}": own},
        "experiments": {"own-it": {**experiment, "seeds": [0], **point.settings}},
        "forensics": {},
    }


def prepare(folder: Path, point: Point) -> None:
    """Write all that the stage reads, by the stages before it."""
    write_raw(folder / "own-raw", point.pictures, point.classes)
    (folder / "params.yaml").write_text(yaml.safe_dump(params_of(point)))
    (folder / "code.txt").write_text("this\n")
    before = {"preprocess": [], "train": ["preprocess"], "evaluate": ["preprocess", "train"]}
    if point.feature in ("pca", "standardize"):
        call(folder, "preprocess", "normalize")
    for stage in before[point.stage]:
        call(folder, stage, point.feature)


def call(folder: Path, stage: str, feature: str) -> None:
    """Run a stage in a process of its own; raise if it fails."""
    own = read_params(folder / "params.yaml")["features"][f"own-{feature}"]
    features, models = f"own-{feature}", "models"
    shutil.rmtree(folder / {"preprocess": features, "train": models}.get(stage, "none"), True)
    arguments = {
        "preprocess": f"{features} --inputs {own['input']} --output {features} "
        f"--learned {features}.npz",
        "train": f"own-it --features {features} --output {models} --code code.txt",
        "evaluate": f"own-it --features {features} --models {models} --evaluation e --output s",
    }
    subprocess.run(
        [sys.executable, "-m", f"stages.{stage}", *arguments[stage].split()],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "LOKY_MAX_CPU_COUNT": "1"},
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def measure(point: Point) -> tuple[float, float]:
    """Return a stage's seconds, and the most memory that its process took, in GB."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, point)
        # In a child of its own, whose own children are all that it waited for.
        code = f"from tests.benchmarks.scaling import *; report({name!r}, {point!r})"
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
        )
    seconds, memory = json.loads(done.stdout)
    return seconds, memory


def report(folder: str, point: Point) -> None:
    """Print what a stage takes, as JSON."""
    start = time.perf_counter()
    call(Path(folder), point.stage, point.feature)
    seconds = time.perf_counter() - start
    print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6]))


def with_experiments(n: int, folder: Path, least: Project) -> list[float]:
    """Return the seconds of a `dvc repro` that has nothing to do, and of the report.

    Of n experiments all but two are copies, whose results DVC is told to take as they are.
    """
    project = least.copy(folder / str(n))
    params = project.read()
    for number in range(n - len(params["experiments"])):
        params["experiments"][f"photos-copy-{number}"] = params["experiments"][COPIED]
        copy_results(project.path, f"photos-copy-{number}")
    project.write(params)
    project.dvc("commit", "--force")
    project.repro()
    report = ("repro", "--single-item", "--force", "report@photos")
    return [middle_of(project, "repro"), middle_of(project, *report)]


def copy_results(path: Path, name: str) -> None:
    shutil.copytree(path / "models" / COPIED, path / "models" / name)
    for folder in ("data/evaluations/photos", "reports/photos"):
        for file in (path / folder).rglob(f"{COPIED}.*"):
            shutil.copy(file, file.with_name(file.name.replace(COPIED, name)))


def middle_of(project: Project, *arguments: str) -> float:
    """Return the median seconds of a command of DVC."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        project.dvc(*arguments)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def row(what: str, size: str, found: dict[int, float], expected: float) -> str:
    """Return a row of a table, with the slope of a line through logarithms."""
    slope = np.polyfit(np.log([*found]), np.log([*found.values()]), 1)[0]
    cells = " · ".join(f"{n:,}: **{value:.3g}**" for n, value in found.items())
    return f"| {what} | {size} | {cells} | {slope:.2f} | {expected:g} |"


def at_a_million(found: dict[int, float]) -> float:
    """Return the value on the line through the two largest sizes."""
    (n, value), (last_n, last) = [*found.items()][-2:]
    return last + (last - value) / (last_n - n) * (MILLION - last_n)


def of_a_million(found: dict[str, dict[int, tuple[float, float]]]) -> str:
    """Return what a million pictures would need, from seconds and GB by the number of pictures."""
    lines = ["| what | minutes | GB |", "|---|---:|---:|"]
    for what, points in found.items():
        seconds, memory = (
            at_a_million({n: pair[place] for n, pair in points.items()}) for place in (0, 1)
        )
        lines.append(f"| {what} | {seconds / 60:.1f} | {memory:.1f} |")
        if what.startswith("train"):
            hours = seconds / EPOCHS * 100 / 3600
    return f"""{chr(10).join(lines)}

On disk a million pictures of 32x32 pixels are 3.1 GB, as much again as a feature set of pixels,
which are kept as bytes, and 4 GB for each thousand numbers of other features. Six networks of
3072-128-10 and the one for the calibration, 100 epochs each, are {7 * hours:.0f} hours of one core,
and {hours:.1f} hours on seven, of one machine or of several. What learns from all pictures at once
(PCA, standardising) is where memory ends first."""


@app.command()
def main(output: Annotated[Path, typer.Option(help="The Markdown page to write.")]) -> None:
    """Write how cost grows."""
    seconds, memory, by_number = [], [], {}
    for series in all_series():
        found = {size: measure(point) for size, point in series.points.items()}
        for rows, place in ((seconds, 0), (memory, 1)):
            values = {size: pair[place] for size, pair in found.items()}
            rows.append(row(series.what, series.size, values, series.expected))
            print(rows[-1], flush=True)
        if series.size == "pictures":
            by_number[series.what] = found
    with tempfile.TemporaryDirectory() as name:
        least = Project.create(Path(name) / "least", LEAST, without=NOT_LEAST)
        least.repro()
        times = {n: with_experiments(n, Path(name), least) for n in EXPERIMENTS}
    for place, what in enumerate(("`dvc repro`, nothing to do", "report")):
        values = {n: pair[place] for n, pair in times.items()}
        seconds.append(row(what, "experiments", values, 1))
    head = "| what | by | {} | exponent | expected |\n|---|---|---|---:|---:|\n"
    page = f"""# How cost grows

Written by `make bench` on {describe()}

Random pictures of 32x32 pixels, one process for all work. An exponent is the slope of a line
through the points, both axes logarithmic; to start a process is a part of every point, so that
small exponents may be of small points.

{head.format("seconds")}{chr(10).join(seconds)}

Memory is the most that the process had, its packages and what it maps of files included.

{head.format("GB")}{chr(10).join(memory)}

## A million pictures

By the line through the two largest numbers, one process for all work:

{of_a_million(by_number)}
"""
    write_text(output, page)


if __name__ == "__main__":
    app()
