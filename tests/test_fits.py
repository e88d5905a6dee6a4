"""The fits of an experiment: side by side, from names of files, and resumed."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from stages.data.samples import Split
from stages.network.checkpoint import Checkpoint
from stages.network.classifier import SoftmaxNetwork
from stages.params.experiment import merge
from stages.runtime.digest import kept_by
from stages.runtime.errors import PipelineError
from stages.runtime.processes import sole_writer
from stages.training.calibration import held_out_rows
from stages.training.fits import Fit, fits_of, networks_of, train_fit
from tests.helpers import write_vectors
from tests.project import tiny_params

PARAMS = {"hidden_layer_sizes": [8], "epochs": 4, "batch_size": 16, "validation_fraction": 0.1}
SPLIT = Split(train=("train",), test=("test",))


@pytest.fixture
def samples():
    generator = np.random.default_rng(0)
    y = np.arange(130) % 3
    centres = generator.standard_normal((3, 5))
    return (centres[y] + 0.5 * generator.standard_normal((130, 5))).astype(np.float32), y


@pytest.fixture
def features(samples, tmp_path: Path) -> Path:
    X, y = samples
    return write_vectors(tmp_path / "features", X, y, [-X], n_test=10)


def fits(features: Path, folder: Path, seeds: list[int], **changes: object) -> list[Fit]:
    settings = {**PARAMS, **changes}
    return [
        Fit(features, SPLIT, {**settings, "random_state": seed}, folder / f"{seed}.npz", True)
        for seed in seeds
    ]


def bytes_of(network: SoftmaxNetwork) -> bytes:
    return b"".join(parameter.tobytes() for parameter in network.network_.parameters)


@pytest.mark.slow
def test_processes_side_by_side_give_the_bytes_of_one_alone(
    samples, features: Path, tmp_path: Path, monkeypatch
):
    found = {}
    for workers in ("1", "2"):
        monkeypatch.setenv("LOKY_MAX_CPU_COUNT", workers)
        networks = list(networks_of(fits(features, tmp_path / workers, [3, 1, 2])))
        assert [network.random_state for network in networks] == [3, 1, 2]
        found[workers] = [bytes_of(network) for network in networks]
    assert found["1"] == found["2"]
    X, y = samples[0][:120], samples[1][:120]
    alone = SoftmaxNetwork(**PARAMS, random_state=1).fit(X, y, views=[-X])
    assert bytes_of(alone) == found["1"][1]
    assert len(set(found["1"])) == 3


def test_the_fit_for_the_calibration_knows_its_samples_alone(
    samples, features: Path, tmp_path: Path
):
    X, y = samples[0][:120], samples[1][:120]
    (fit,) = fits(features, tmp_path, [4])
    network = train_fit(fit._replace(for_calibration=True))
    rows, held_out = held_out_rows(y, 0.1, 4)
    alone = SoftmaxNetwork(**PARAMS, random_state=4).fit(X[rows], y[rows], views=[-X[rows]])
    assert bytes_of(network) == bytes_of(alone)
    assert not hasattr(network, "monitor_curve_")
    assert len(held_out) == 12


def test_rows_are_trained_on_as_if_there_were_no_others(samples):
    X, y = samples
    labels = np.array(["a", "b", "c"])[y]
    rows = np.flatnonzero(y < 2)[::-1]
    for changes in ({}, {"early_stopping": True}):
        network = SoftmaxNetwork(**PARAMS, **changes, random_state=5)
        some = network.fit(X, labels, views=[-X], rows=rows)
        expected = bytes_of(some)
        assert some.classes_.tolist() == ["a", "b"]
        assert bytes_of(network.fit(X[rows], labels[rows], views=[-X[rows]])) == expected


def test_what_a_checkpoint_has_is_not_trained_again(features: Path, tmp_path: Path, monkeypatch):
    (fit,) = fits(features, tmp_path, [2])
    expected = bytes_of(train_fit(fit))
    # No epoch is left: to run one would fail.
    monkeypatch.setattr("stages.network.epochs.Training.run_epoch", None)
    assert bytes_of(train_fit(fit)) == expected


def test_a_fit_that_another_process_is_at_is_refused(features: Path, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("stages.runtime.processes.PATIENCE_SECONDS", 0.1)
    (fit,) = fits(features, tmp_path, [2])
    with (
        sole_writer(fit.checkpoint.with_suffix(".fit")),
        pytest.raises(PipelineError, match="is being written by process"),
    ):
        train_fit(fit)


def test_a_seed_that_diverges_is_named(samples, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    X, y = samples
    features = write_vectors(tmp_path / "large", X * 1e20, y)
    with pytest.raises(PipelineError, match=r"seed 7: the loss is .* try a learning_rate below"):
        list(networks_of(fits(features, tmp_path, [7], learning_rate=1e30)))


def test_what_a_process_is_told_has_no_arrays(features: Path):
    """It is below 1 kB, which a scheduler passes on."""
    document = tiny_params()
    experiment = merge(document, "photos-normalize").model_copy(update={"split": "all"})
    for fit in fits_of(
        experiment, features, Path(".checkpoints/photos-normalize-0123456789abcdef")
    ):
        assert len(pickle.dumps(fit)) < 1000
    assert Checkpoint(fit.checkpoint).path.name == "fewer-samples.npz"


def test_other_code_has_another_folder(tmp_path: Path):
    record = tmp_path / "train.txt"
    with pytest.raises(PipelineError, match=r"train.txt is missing.*dvc repro code"):
        kept_by(tmp_path, record)
    record.write_text("module  stages.network  0123\n")
    before = kept_by(tmp_path, record)
    assert kept_by(tmp_path, record) == before
    record.write_text("module  stages.network  0124\n")
    assert kept_by(tmp_path, record) != before
