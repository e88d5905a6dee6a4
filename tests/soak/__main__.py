"""`make soak`: everything that could lose a result; reports/reliability.md says how often."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import pytest
import typer
from tqdm import tqdm

from stages.runtime.files import write_text
from tests.isolation import isolate
from tests.project import ROOT, Project
from tests.soak import archives, clusters, disks, fuzz, kills, network, pickles, recovery
from tests.soak.background import background
from tests.soak.page import render
from tests.soak.row import Row

CLUSTER_SECONDS = 6.0  # until a kill on a cluster, at most


def main(
    output: Annotated[Path, typer.Option(help="The page to write.")],
    n_kills: Annotated[int, typer.Option("--kills", min=1)] = 50,
    longest: Annotated[float, typer.Option(help="Seconds until a kill, at most.")] = 15.0,
    times: Annotated[int, typer.Option(min=1, help="For each way to recover.")] = 3,
) -> None:
    """Try everything, write the page, and fail if anything did not survive."""
    with (
        tempfile.TemporaryDirectory() as folder,
        pytest.MonkeyPatch.context() as monkeypatch,
    ):
        isolate(monkeypatch, Path(folder) / "home")
        found = trials(Path(folder), n_kills, longest, times)
        rows = list(tqdm(found, desc="soak", unit=" rows", disable=None))
    write_text(output, render(rows))
    sys.exit(any(row.survived < row.tried for row in rows))


def trials(folder: Path, n_kills: int, longest: float, times: int) -> Iterator[Row]:
    """Yield the rows of all soak runs."""
    study = Project.create(folder / "study")
    study.write(kills.study_of("photos", ROOT / "params.yaml"))
    with background(study, "dvc", "repro") as run:
        assert run.ends_within(kills.WHOLE_SECONDS), run.output()
    yield from kills.trials(study, folder / "kills", n_kills, longest)
    finished = Project.create(folder / "small")
    finished.repro()
    finished.commit("results")
    yield from recovery.trials(finished, folder / "recovery", times)
    yield from disks.trials(finished, folder / "disk")
    yield from clusters.trials(folder / "cluster", n_kills, CLUSTER_SECONDS)
    yield from network.trials()
    yield from archives.trials()
    yield from archives.damage()
    yield from pickles.trials()
    yield from fuzz.trials()


if __name__ == "__main__":
    typer.run(main)
