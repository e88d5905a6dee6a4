"""Pictures of a dataset: which mistakes, what preprocessing leaves, and who may have them."""

from __future__ import annotations

import subprocess

import matplotlib.image
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.decomposition import PCA

from stages import gallery
from stages.data.batches import join_batches
from stages.data.samples import Split, open_samples
from stages.evaluation.predictions import Predictions, first_layer, likeliest
from stages.pictures.drawings import draw, in_colour
from stages.pictures.figures import draw_mistakes, draw_preprocessing
from stages.pictures.mistakes import Mistake, surest
from stages.runtime.files import read_json
from stages.sources.base import make_source
from stages.transforms.pca import Pca
from tests.helpers import ROOT, preprocess_chain, write_samples
from tests.made_up import DOCUMENT, made_up, write_results


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    return write_samples(tmp_path_factory.mktemp("raw") / "photos", per_batch=40)


@pytest.fixture(scope="module")
def samples(raw):
    return open_samples(raw)


# ---------------------------------------------------------------- mistakes


def predictions_of(predicted, labels):
    predicted, labels = np.array(predicted, np.uint8), np.array(labels, np.uint8)
    losses = np.ones((len(predicted), 3))
    answers = *likeliest(np.eye(4)[labels]), first_layer(np.ones((4, 2)))
    return Predictions(predicted, labels, *answers, *[losses] * 4, ["a"], ["b"], False, None)


def test_surest_mistakes_by_hand():
    # Pictures of classes 0 0 0 0 1 2; three networks, whose mean answers are surest of the second.
    predictions = predictions_of(
        [[1, 2, 1, 0, 1, 0], [1, 2, 2, 0, 1, 1], [2, 2, 2, 0, 1, 2]], [0, 0, 0, 0, 1, 2]
    )
    mean = np.eye(4)[predictions.predicted].mean(axis=0)
    likely, likelihoods = likeliest(mean)
    predictions = predictions._replace(likely=likely, likelihoods=likelihoods)
    third = float(np.float16(1 / 3))
    two_thirds = float(np.float16(2 / 3))
    wanted = [
        Mistake(1, 0, 2, 1.0, 3),
        Mistake(0, 0, 1, two_thirds, 2),
        Mistake(2, 0, 2, two_thirds, 2),
        Mistake(5, 2, 0, third, 1),  # of equals, the first class
    ]
    assert surest(predictions, 3, per_class=3) == wanted
    assert surest(predictions, 3, per_class=1) == [wanted[0], wanted[3]]


# ---------------------------------------------------------------- drawings


@pytest.fixture
def chain_of(tmp_path, raw):
    """Return a function that stores a feature set's transforms and reads them back."""

    def stored(name, **features):
        document = DOCUMENT | {"features": DOCUMENT["features"] | features}
        document["transforms"] = DOCUMENT["transforms"] | {
            "pca": {"n_components": 5, "whiten": False}
        }
        return preprocess_chain(tmp_path / "data", raw, document, name)

    return stored


@pytest.fixture
def shown(samples):
    return samples.select(["test_batch"])[0][:10]


def test_what_pca_leaves_is_its_inverse(samples, chain_of, shown):
    training = samples.select(["data_batch_1"])[0]
    pca = PCA(5, svd_solver="full").fit(training.reshape(40, -1) / 255)
    values = pca.transform(shown.reshape(10, -1) / 255)
    wanted = pca.inverse_transform(values).clip(0, 1).reshape(shown.shape)
    assert draw(chain_of("photos-pca"), shown) == pytest.approx(wanted, abs=1e-5)


def test_all_components_of_standardised_pixels_give_the_pictures_back(samples, chain_of):
    scaled = {"dataset": "photos", "input": "photos-normalize-standardize", "transform": "pca"}
    scaled |= {"fit": "one", "options": {"n_components": 40}}  # as many as there are pictures
    chain = chain_of("photos-scaled-pca", **{"photos-scaled-pca": scaled})
    training = samples.select(["data_batch_1"])[0]
    assert draw(chain, training) == pytest.approx(training / 255, abs=1e-3)


def test_what_is_drawn_is_one_step_from_pixels(chain_of, shown):
    feature = {"dataset": "photos", "input": "photos-hog", "transform": "pca", "fit": "one"}
    hog_pca = chain_of("photos-hog-pca", **{"photos-hog-pca": feature})
    assert draw(hog_pca, shown) is None
    for name in ("photos-normalize", "photos-hog-standardize"):
        assert draw(chain_of(name), shown) is None


@pytest.mark.parametrize("name", ["binarize", "hog"])
def test_a_drawing_is_a_picture(name, chain_of, shown):
    pictures = draw(chain_of(f"photos-{name}"), shown)
    assert pictures.shape == (10, 32, 32, 3)
    assert 0 <= pictures.min() < pictures.max() <= 1
    if name == "binarize":
        assert set(np.unique(pictures)) == {0.0, 1.0}


def test_nothing_is_fitted_for_a_drawing(chain_of, shown, monkeypatch):
    chain = chain_of("photos-pca")
    monkeypatch.setattr(Pca, "learn", None)
    assert draw(chain, shown) is not None


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("n_classes", [2, 37])
def test_pictures_of_any_number_of_classes_are_no_wider_than_a_page(tmp_path, n_classes, channels):
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (n_classes, 20, 24, channels)).astype(np.uint8)
    drawings = {name: in_colour(pixels / 255) for name in ("picture", "binarize", "hog", "pca")}
    titles = [f"class {number}" for number in range(n_classes)]
    draw_preprocessing(drawings, titles, tmp_path / "preprocessing.png")
    split = Split(train=("a",), test=("a",))
    labels = np.arange(n_classes)
    samples = join_batches({"a": (pixels, labels)}, titles, {"only": split})
    mistakes = [Mistake(k, k, (k + 1) % n_classes, 0.5, 1) for k in labels for _ in range(2)]
    draw_mistakes(mistakes, pixels, samples, tmp_path / "mistakes.png")
    for name in ("preprocessing", "mistakes"):
        height, width = matplotlib.image.imread(tmp_path / f"{name}.png").shape[:2]
        assert 100 < width <= 2000
        assert height > 100


# ---------------------------------------------------------------- the stage


def test_git_ignores_the_pictures_of_just_those_that_may_not_be_passed_on():
    for name in DOCUMENT["datasets"]:
        command = ["git", "check-ignore", "-q", f"reports/{name}/pictures/mistakes.png"]
        ignored = subprocess.run(command, cwd=ROOT, check=False).returncode == 0
        assert ignored != make_source(DOCUMENT, name).redistributable, name


def test_the_stage_writes_its_pictures_with_the_same_bytes(tmp_path):
    raw = write_samples(tmp_path / "raw", per_batch=1000)
    names = ["photos-normalize", "photos-hog"]
    write_results(tmp_path / "evaluations", [made_up(name) for name in names])
    experiments = {name: DOCUMENT["experiments"][name] for name in names}
    features = {name: DOCUMENT["features"][name] for name in names}
    document = DOCUMENT | {"experiments": experiments, "features": features}
    for name in names:
        preprocess_chain(tmp_path / "data", raw, document, name)
    params = tmp_path / "data" / "params.yaml"
    transforms, evaluations = tmp_path / "data" / "transforms", tmp_path / "evaluations"
    for name in ("first", "second"):
        gallery.main("photos", raw, transforms, evaluations, tmp_path / name, params)
    files = sorted(path.name for path in (tmp_path / "first" / "pictures").iterdir())
    assert files == ["mistakes.png", "pairs.png", "preprocessing.png", "sheet.png"]
    shown = read_json(tmp_path / "first" / "shown.json")
    assert [f"{name}.png" for name in shown["sha256"]] == files
    samples = open_samples(raw)
    pixels, labels = samples.select(made_up(names[0]).predictions.test)
    sheet = np.asarray(Image.open(tmp_path / "first" / "pictures" / "sheet.png"))
    assert sheet.shape[1] == 32 * shown["sheet"]["columns"]
    for line, rows in enumerate(shown["sheet"]["rows"]):
        assert (labels[rows] == line).all()
        for column, row in enumerate(rows):
            cut = sheet[32 * line : 32 * line + 32, 32 * column : 32 * column + 32]
            assert (cut == pixels[row]).all()
    mistakes = pd.read_csv(tmp_path / "first" / "mistakes.csv")
    assert (mistakes["class"] != mistakes["answer"]).all()
    assert mistakes["networks"].between(0, 6).all()
    assert mistakes["confidence"].between(0.1, 1).all()
    for name in (*(f"pictures/{file}" for file in files), "mistakes.csv", "shown.json"):
        content = (tmp_path / "first" / name).read_bytes()
        assert content == (tmp_path / "second" / name).read_bytes()
        assert b"Software" not in content
