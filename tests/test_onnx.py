"""Models as ONNX: what ONNX Runtime answers for pictures is what we answer."""

from __future__ import annotations

import json
import sys

import numpy as np
import onnx
import onnxruntime
import pytest
import yaml

from stages import export
from stages.interchange.writing import write_onnx
from stages.network.classifier import SoftmaxNetwork
from stages.prediction.model import Model
from stages.runtime.errors import ParamsError, PipelineError
from stages.transforms.base import find_transform
from stages.transforms.chain import Chain, Origin, Step
from tests.mistakes import DOCUMENT

SIZE = 12
CHAINS = {
    "normalize": [("normalize", {"low": -0.5, "high": 2.0})],
    "standardize": [("normalize", {}), ("standardize", {})],
    "pca": [("normalize", {}), ("pca", {"n_components": 7, "whiten": True})],
    "variance": [("normalize", {}), ("pca", {"n_components": 0.9})],
    "triangle": [("patches", {"n_atoms": 9, "grid": 2})],
    "threshold": [
        (
            "patches",
            {"n_atoms": 9, "encoding": "threshold", "threshold": 0.25, "mirror": True}
            | {"power": 0.5, "n_components": 6, "grid": 3},
        )
    ],
    "responses": [("patches", {"n_atoms": 9, "power": 0.5}), ("standardize", {})],
}


def pictures_of(n, channels=3, seed=0):
    generator = np.random.default_rng(seed)
    shades = generator.integers(256, size=(n, 3, 3, channels), dtype=np.uint8)
    noise = generator.integers(-20, 20, size=(n, SIZE, SIZE, channels))
    return np.clip(shades.repeat(4, axis=1).repeat(4, axis=2) + noise, 0, 255).astype(np.uint8)


def chain_of(steps, pictures, **moves):
    rows, made, name = pictures, [], "made-raw"
    for number, (kind, own) in enumerate(steps):
        params = DOCUMENT["transforms"][kind] | {"n_patches": 500, "size": 4} | own
        fields = find_transform(kind, "").model_fields
        params = {key: value for key, value in params.items() if key in fields}
        transform = find_transform(kind, "")(**params)
        origin = Origin(
            dataset="made",
            input=name,
            input_shape=[*rows.shape[1:]],
            transform=kind,
            params=params,
            flip=moves.get("flip", False),
            shift=moves.get("shift", 0),
        )
        step = Step(origin, transform, transform.learn(rows))
        made.append(step)
        rows, name = step.apply(rows), f"made-{number}"
    return Chain(made), rows


def model_of(steps, *, channels=3, hidden=(8,), views=False, temperature=1.7, seeds=2, **moves):
    pictures = pictures_of(60, channels)
    chain, rows = chain_of(steps, pictures, **moves)
    settings = {"activation": moves.get("activation", "relu"), "epochs": 60, "batch_size": 10}
    networks = [
        SoftmaxNetwork(hidden, random_state=seed, **settings).fit(rows, np.arange(60) % 3)
        for seed in range(seeds)
    ]
    return Model(chain, networks, ["a", "b", "\N{SNOWMAN} c"], views, 0, temperature)


def written(path, model):
    about = {"experiment": "made-up", "temperature": model.temperature}
    made = write_onnx(path, model, about, {"accuracy": 0.5})
    return made, onnxruntime.InferenceSession(path)


def assert_equal_answers(session, model, pictures):
    proba, classes = session.run(None, {"pictures": pictures})
    expected = model.predict_proba(pictures).mean(axis=0)
    assert proba.dtype == np.float32
    assert np.abs(proba - expected).max() < 1e-5
    assert classes.tolist() == expected.argmax(axis=1).tolist()
    # Or this would show nothing.
    assert len(pictures) == 1 or np.ptp(expected, axis=0).max() > 0.02


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", CHAINS)
def test_every_chain_answers_as_ours(tmp_path, name, channels):
    model = model_of(CHAINS[name], channels=channels)
    made, session = written(tmp_path / "a.onnx", model)
    assert made == ("pictures", [])
    for n in (1, 7):
        assert_equal_answers(session, model, pictures_of(n, channels, seed=5))


@pytest.mark.parametrize(
    ("hidden", "activation"), [((), "relu"), ((5, 4), "tanh"), ((6,), "identity")]
)
def test_every_network_answers_as_ours(tmp_path, hidden, activation):
    model = model_of(CHAINS["pca"], hidden=hidden, activation=activation, seeds=3)
    assert_equal_answers(written(tmp_path / "a.onnx", model)[1], model, pictures_of(7, seed=5))


@pytest.mark.parametrize("moves", [{}, {"flip": True}, {"shift": 2}, {"flip": True, "shift": 1}])
@pytest.mark.parametrize("name", ["normalize", "triangle"])
def test_views_are_averaged_where_the_experiment_does(tmp_path, name, moves):
    model = model_of(CHAINS[name], views=True, **moves)
    if name != "normalize" and not moves:
        pytest.skip("features that are no pictures have views of their own, or none")
    _, session = written(tmp_path / "a.onnx", model)
    assert_equal_answers(session, model, pictures_of(7, seed=5))


@pytest.mark.parametrize("views", [False, True])
def test_convolutions_answer_as_ours(tmp_path, views):
    pictures = pictures_of(60)
    chain, rows = chain_of(CHAINS["normalize"], pictures)
    layers = ["whitening", "gelu", "block 4", "dropout 0.2", "max-pooling 3", "flatten", "dense 5"]
    networks = [
        SoftmaxNetwork(
            layers=[*layers, "relu"],
            picture_shape=pictures.shape[1:],
            logit_scale=0.5,
            edges="reflect",
            learning_rate=0.2,
            batch_size=10,
            epochs=20,
            random_state=seed,
        ).fit(rows, np.arange(60) % 3)
        for seed in range(2)
    ]
    model = Model(chain, networks, ["a", "b", "c"], views, 2 if views else 0, 1.5)
    _, session = written(tmp_path / "a.onnx", model)
    assert_equal_answers(session, model, pictures_of(7, seed=5))


def test_other_transforms_leave_a_model_of_features(tmp_path):
    model = model_of([("normalize", {})])
    step = model.chain.steps[0]
    strange = Step(step.origin.model_copy(update={"transform": "strange"}), step.transform, {})
    model = Model(Chain([strange]), model.networks, model.class_names, False, 0, 2.0)
    made, session = written(tmp_path / "a.onnx", model)
    assert made == ("features", ["strange"])
    pictures = pictures_of(7, seed=5)
    (proba, _) = session.run(None, {"features": model.chain.apply(pictures)})
    assert np.abs(proba - model.predict_proba(pictures).mean(axis=0)).max() < 1e-5
    with pytest.raises(PipelineError, match="views"):
        written(tmp_path / "b.onnx", Model(*[*vars(model).values()][:3], True, 0, 2.0))
    assert not (tmp_path / "b.onnx").exists()


def test_the_same_model_has_the_same_bytes_and_says_what_it_is(tmp_path):
    model = model_of(CHAINS["triangle"])
    for name in ("first", "second"):
        written(tmp_path / name, model)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()
    stored = onnx.load(tmp_path / "first")
    about = {entry.key: entry.value for entry in stored.metadata_props}
    assert json.loads(about["classes"]) == model.class_names
    assert (about["experiment"], about["input"]) == ("made-up", "pictures")
    assert [(one.domain, one.version) for one in stored.opset_import] == [("", 17)]
    assert stored.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "n"


def test_a_wrong_picture_is_refused(tmp_path):
    _, session = written(tmp_path / "a.onnx", model_of(CHAINS["normalize"]))
    with pytest.raises(Exception, match=r"(?i)invalid"):
        session.run(None, {"pictures": np.zeros((1, SIZE + 1, SIZE, 3), np.uint8)})


def test_without_the_package_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    model = model_of(CHAINS["normalize"])
    with pytest.raises(PipelineError, match=r"cifar-softmax\[onnx\]"):
        write_onnx(tmp_path / "a.onnx", model, {"experiment": "x"}, {})


# ---------------------------------------------------------------- the command


def options(project):
    data = project.path / "data"
    return {
        "models": project.path / "models",
        "transforms": data / "transforms",
        "evaluations": data / "evaluations",
        "params": project.path / "params.yaml",
    }


def test_the_command_writes_a_model_and_its_card(finished, tmp_path, capsys):
    export.main("photos-normalize", tmp_path / "a.onnx", **options(finished))
    assert capsys.readouterr().err == ""
    _, front, body = (tmp_path / "MODEL.md").read_text().split("---\n", 2)
    assert yaml.safe_load(front)["license"] == "mit"
    (code,) = [part.partition("```")[0] for part in body.split("```python\n")[1:]]
    pictures = pictures_of(3).repeat(3, axis=1).repeat(3, axis=2)[:, :32, :32]
    variables = {"pictures": pictures}
    exec(code.replace('"a.onnx"', repr(str(tmp_path / "a.onnx"))), variables)  # noqa: S102 - ours
    assert variables["probabilities"].shape == (3, 10)
    assert np.allclose(variables["probabilities"].sum(axis=1), 1, atol=1e-5)


def test_the_command_says_where_a_model_starts(finished, tmp_path, capsys):
    export.main("photos-hog", tmp_path / "a", form="onnx", **options(finished))
    assert "starts from features: ONNX has no form of hog" in capsys.readouterr().err
    assert "`features`" in (tmp_path / "MODEL.md").read_text()
    with pytest.raises(ParamsError, match=r"a\.bin .*--format"):
        export.main("photos-hog", tmp_path / "a.bin", **options(finished))
