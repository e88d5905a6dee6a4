"""Pictures of a dataset: which mistakes, what preprocessing leaves, and who may have them."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest
import yaml
from sklearn.decomposition import PCA

from stages import gallery
from stages.evaluation.predictions import Predictions
from stages.pictures.drawings import VIEWS, Step, find_view, transformed
from stages.pictures.mistakes import Mistake, common_mistakes
from stages.sources.base import make_source
from stages.sources.cifar10_layout import read_pictures
from stages.transforms.feature import merge_feature
from tests.helpers import ROOT, write_dataset
from tests.made_up import DOCUMENT, made_up, write_results


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    return read_pictures(write_dataset(tmp_path_factory.mktemp("raw") / "photos", per_batch=40))


# ---------------------------------------------------------------- mistakes


def predictions_of(predicted, labels):
    predicted, labels = np.array(predicted, np.uint8), np.array(labels, np.uint8)
    losses = np.ones((len(predicted), 3))
    return Predictions(predicted, labels, np.zeros((4, 2), np.float32), losses, losses)


def test_common_mistakes_by_hand():
    # Pictures of classes 0 0 0 0 1 2; three networks, which agree most about the second.
    predictions = predictions_of(
        [[1, 2, 1, 0, 1, 0], [1, 2, 2, 0, 1, 1], [2, 2, 2, 0, 1, 2]], [0, 0, 0, 0, 1, 2]
    )
    wanted = [Mistake(1, 0, 2, 3), Mistake(0, 0, 1, 2), Mistake(5, 2, 0, 1)]
    assert common_mistakes(predictions, 3, per_class=2) == wanted
    assert common_mistakes(predictions, 3, per_class=1) == [wanted[0], wanted[2]]


# ---------------------------------------------------------------- views


def test_the_linear_estimate_is_the_inverse_of_pca(samples):
    shown = samples.select(["test_batch"])[0][:10]
    training = samples.select(["data_batch_1"])[0]
    pca = PCA(5, svd_solver="full").fit(training.reshape(40, -1) / 255)
    fitted, values = (pca.transform(x.reshape(len(x), -1) / 255) for x in (training, shown))
    _, transform = merge_feature(DOCUMENT, "photos-pca")
    step = Step(transform, training, fitted.astype(np.float32), shown, values.astype(np.float32))
    wanted = pca.inverse_transform(values).clip(0, 1).reshape(shown.shape)
    assert VIEWS["pca"](step) == pytest.approx(wanted, abs=1e-5)


def test_a_chain_may_be_fitted_on_more_batches_than_its_first_step(samples):
    fit = ["data_batch_1", "data_batch_2"]
    first = DOCUMENT["features"]["photos-hog"]
    second = {"input": "features/photos-x", "transform": "standardize", "fit": fit}
    document = {**DOCUMENT, "features": {"photos-x": first, "photos-x-standardize": second}}
    pixels, _ = samples.select(fit)
    shown = samples.values[:3]
    step = transformed(document, "photos-x-standardize", samples, shown)
    assert step.fitted_pixels.shape == pixels.shape
    # Standardised over both batches, not over the first alone.
    np.testing.assert_allclose(step.fitted.mean(axis=0), 0, atol=1e-5)
    assert step.values.shape == (3, step.fitted.shape[1])


def test_a_chain_is_applied_step_by_step(samples):
    shown = samples.select(["test_batch"])[0][:10]
    step = transformed(DOCUMENT, "photos-normalize-standardize", samples, shown)
    pixels = samples.select(["data_batch_1"])[0].reshape(40, -1) / 255
    wanted = (shown.reshape(10, -1) / 255 - pixels.mean(axis=0)) / pixels.std(axis=0)
    assert step.values == pytest.approx(wanted, abs=1e-4)


def test_what_is_drawn_is_one_step_from_pixels():
    chain = {"input": "features/photos-hog", "transform": "pca", "fit": ["data_batch_1"]}
    scaled = chain | {"input": "features/photos-normalize-standardize"}
    features = DOCUMENT["features"] | {"photos-hog-pca": chain, "photos-scaled-pca": scaled}
    document = DOCUMENT | {"features": features}
    assert find_view(document, "photos-hog") == VIEWS["hog"]
    assert find_view(document, "photos-pca") == VIEWS["pca"]
    assert find_view(document, "photos-scaled-pca") == VIEWS["pca"]
    for name in ("photos-normalize", "photos-hog-standardize", "photos-hog-pca"):
        assert find_view(document, name) is None


@pytest.mark.parametrize("name", ["binarize", "hog"])
def test_a_view_is_a_picture(name, samples):
    shown = samples.select(["test_batch"])[0][:10]
    pictures = VIEWS[name](transformed(DOCUMENT, f"photos-{name}", samples, shown))
    assert pictures.shape == (10, 32, 32, 3)
    assert 0 <= pictures.min() < pictures.max() <= 1
    if name == "binarize":
        assert set(np.unique(pictures)) == {0.0, 1.0}


# ---------------------------------------------------------------- the stage


def test_git_ignores_the_pictures_of_just_those_that_may_not_be_passed_on():
    for name in DOCUMENT["datasets"]:
        command = ["git", "check-ignore", "-q", f"reports/{name}/pictures/mistakes.png"]
        ignored = subprocess.run(command, cwd=ROOT, check=False).returncode == 0
        assert ignored != make_source(DOCUMENT, name).redistributable, name


def test_the_stage_writes_two_pictures_with_the_same_bytes(tmp_path):
    write_dataset(tmp_path / "raw", per_batch=1000)
    names = ["photos-normalize", "photos-hog"]
    write_results(tmp_path, tmp_path / "predictions", [made_up(name) for name in names])
    params = tmp_path / "params.yaml"
    experiments = {name: DOCUMENT["experiments"][name] for name in names}
    features = {name: DOCUMENT["features"][name] for name in names}
    params.write_text(
        yaml.safe_dump(DOCUMENT | {"experiments": experiments, "features": features}),
        encoding="utf-8",
    )
    for name in ("first", "second"):
        arguments = tmp_path / "raw", tmp_path, tmp_path / "predictions", tmp_path / name, params
        gallery.main("photos", *arguments)
    files = sorted(path.name for path in (tmp_path / "first").iterdir())
    assert files == ["mistakes.png", "preprocessing.png"]
    for name in files:
        content = (tmp_path / "first" / name).read_bytes()
        assert content == (tmp_path / "second" / name).read_bytes()
        assert b"Software" not in content
