"""A Dask cluster gives the same bytes, or one line that says why not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from distributed.protocol.pickle import dumps

from stages.data.samples import Split
from stages.runtime import cluster as clusters
from stages.runtime.cluster import ADDRESS, call_for
from stages.runtime.errors import PipelineError
from stages.runtime.parallel import ordered_map
from stages.training.fits import Fit, networks_of, train_fit
from tests.cluster import PATIENCE, Cluster, cluster, kill, wait_until
from tests.helpers import write_vectors
from tests.project import ROOT

SPLIT = Split(train=("train",), test=("test",))
FEATURES = Path("features")
SETTINGS = {"hidden_layer_sizes": [16], "batch_size": 16, "validation_fraction": 0.1}
LONG = 500  # epochs, a few seconds


@pytest.fixture
def folder(tmp_path: Path, monkeypatch) -> Path:
    """Return the folder in which all are, with a feature set."""
    generator = np.random.default_rng(0)
    X = generator.standard_normal((630, 40)).astype(np.float32)
    write_vectors(tmp_path / FEATURES, X, np.arange(630) % 3, n_test=30)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fits(name: str, epochs: int, n: int = 2) -> list[Fit]:
    settings = {**SETTINGS, "epochs": epochs}
    return [
        Fit(FEATURES, SPLIT, {**settings, "random_state": k}, Path(name) / f"{k}.npz", False)
        for k in range(n)
    ]


def bytes_of(networks) -> list[bytes]:
    return [b"".join(p.tobytes() for p in network.network_.parameters) for network in networks]


def alone(epochs: int, n: int = 2) -> list[bytes]:
    return bytes_of(map(train_fit, fits("alone", epochs, n)))


def test_a_cluster_gives_the_bytes_of_one_process(folder: Path, monkeypatch):
    with cluster(monkeypatch) as started:
        for _ in range(2):
            started.add_worker(folder)
        assert bytes_of(networks_of(fits("there", 5, 6))) == alone(5, 6)
        # What reads no files of the project stays here.
        assert [*ordered_map(os.path.basename, ["a/b"], 1)] == ["b"]


@pytest.mark.usefixtures("folder")
def test_what_a_worker_is_told_has_no_arrays():
    for fit in fits("there", 5):
        assert len(dumps((call_for(train_fit, [FEATURES]), fit))) < 1000


def meanwhile(started: Cluster, act: Callable[[], object]) -> threading.Thread:
    """Do something, in a thread, as soon as a worker is at work."""

    def wait_and_act() -> None:
        wait_until(lambda: started.n_running() > 0)
        act()

    thread = threading.Thread(target=wait_and_act)
    thread.start()
    return thread


def test_a_fit_goes_on_elsewhere_when_its_worker_is_killed(folder: Path, monkeypatch):
    with cluster(monkeypatch) as started:
        first = started.add_worker(folder)

        def replace() -> None:
            started.add_worker(folder)
            kill(first)

        thread = meanwhile(started, replace)
        found = bytes_of(networks_of(fits("there", LONG)))
        thread.join()
        assert first.returncode is not None
        assert found == alone(LONG)


def test_a_worker_whose_time_is_over_hands_its_work_on(folder: Path, monkeypatch):
    with cluster(monkeypatch) as started:
        first = started.add_worker(folder, "--lifetime", "5 s")
        thread = meanwhile(started, lambda: started.add_worker(folder))
        found = bytes_of(networks_of(fits("there", LONG)))
        thread.join()
        first.wait(PATIENCE)
        assert found == alone(LONG)


def test_without_its_scheduler_it_says_so_and_goes_on_here(folder: Path, monkeypatch):
    with cluster(monkeypatch) as started:
        started.add_worker(folder)
        thread = meanwhile(started, lambda: kill(started.scheduler))
        with pytest.raises(PipelineError, match=f"{started.address} is gone .* unset {ADDRESS}"):
            list(networks_of(fits("there", LONG)))
        thread.join()
        monkeypatch.setattr(clusters, "PATIENCE_SECONDS", 1)
        with pytest.raises(PipelineError, match=f"no scheduler answers at {started.address}"):
            list(networks_of(fits("there", 5)))
    monkeypatch.delenv(ADDRESS)
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    assert bytes_of(networks_of(fits("there", LONG))) == alone(LONG)


def test_a_call_ends_with_the_one_who_asked_for_it(folder: Path, monkeypatch):
    code = (
        "from tests.test_cluster import *\n"
        "list(networks_of(fits('there', 10**6)))\n"  # for hours
    )
    with cluster(monkeypatch) as started:
        started.add_worker(folder)
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        client = subprocess.Popen([sys.executable, "-c", code], cwd=folder, env=env)
        wait_until(lambda: started.n_running() > 0)
        kill(client)
        wait_until(lambda: started.n_running() == 0)
        assert bytes_of(networks_of(fits("there again", 5))) == alone(5)


def test_a_worker_without_the_features_says_where_it_misses_them(
    folder: Path, tmp_path_factory, monkeypatch
):
    elsewhere = tmp_path_factory.mktemp("clone")
    with cluster(monkeypatch) as started:
        started.add_worker(elsewhere)
        with pytest.raises(PipelineError, match=f"has no {elsewhere / FEATURES}: run 'dvc pull"):
            list(networks_of(fits("there", 5)))
        # A clone at another path, with its own features, can do the work.
        shutil.copytree(folder / FEATURES, elsewhere / FEATURES)
        assert bytes_of(networks_of(fits("there", 5))) == alone(5)
        labels = elsewhere / FEATURES / "labels.npy"
        labels.write_bytes(labels.read_bytes()[:-1] + b"\1")
        with pytest.raises(PipelineError, match=f"has another {elsewhere / FEATURES}"):
            list(networks_of(fits("there once more", 5)))


def test_a_scheduler_that_cannot_import_the_project_is_refused(
    folder: Path, tmp_path_factory, monkeypatch
):
    """It would otherwise be waited for without end: the scheduler unpickles calls."""
    other = tmp_path_factory.mktemp("other")
    (other / "stages").mkdir()
    (other / "stages" / "__init__.py").write_text('"""Another package of this name."""')
    started = Cluster(path=other)
    monkeypatch.setenv(ADDRESS, started.address)
    try:
        started.add_worker(folder)
        with pytest.raises(PipelineError, match="the scheduler"):
            list(networks_of(fits("there", 5)))
    finally:
        started.close()


def test_a_worker_with_other_code_is_refused(folder: Path, tmp_path_factory, monkeypatch):
    other = tmp_path_factory.mktemp("other")
    shutil.copytree(ROOT / "stages", other / "stages")
    with (other / "stages" / "train.py").open("a") as file:
        file.write("# of tomorrow\n")
    with cluster(monkeypatch) as started:
        started.add_worker(folder, path=other)
        with pytest.raises(PipelineError, match=r"worker tcp.* has code \w+, and here is \w+"):
            list(networks_of(fits("there", 5)))


def test_a_worker_with_another_numpy_is_refused(folder: Path, tmp_path_factory, monkeypatch):
    other = tmp_path_factory.mktemp("other")
    shutil.copytree(ROOT / "stages", other / "stages")
    info = other / "numpy-1.2.3.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: numpy\nVersion: 1.2.3\n")
    with cluster(monkeypatch) as started:
        started.add_worker(folder, path=other)
        words = f"has numpy 1.2.3, and here is {np.__version__}"
        with pytest.raises(PipelineError, match=words):
            list(networks_of(fits("there", 5)))


def test_another_kind_of_processor_is_a_warning(folder: Path, monkeypatch, capsys):
    with cluster(monkeypatch) as started:
        monkeypatch.setenv("OPENBLAS_CORETYPE", "Nehalem")  # a kernel that every x86-64 has
        started.add_worker(folder)
        networks = list(networks_of(fits("there", 5)))
    assert "has processor" in capsys.readouterr().err
    for found, network in zip(networks, map(train_fit, fits("alone", 5)), strict=True):
        weights = (one.network_.weights[0] for one in (found, network))
        np.testing.assert_allclose(*weights, atol=1e-4)


@pytest.mark.usefixtures("folder")
def test_a_cluster_without_workers_says_how_to_start_one(monkeypatch):
    monkeypatch.setattr(clusters, "PATIENCE_SECONDS", 1)
    with (
        cluster(monkeypatch),
        pytest.raises(PipelineError, match="has no worker: start 'python -m dask worker tcp:"),
    ):
        list(networks_of(fits("there", 5)))


@pytest.mark.usefixtures("folder")
def test_without_dask_it_says_what_to_install(monkeypatch):
    monkeypatch.setenv(ADDRESS, "tcp://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(PipelineError, match=r"pip install 'cifar-softmax\[cluster\]'"):
        list(networks_of(fits("there", 5)))
