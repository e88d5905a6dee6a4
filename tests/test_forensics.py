"""Forensics: the readings of the design, their networks, and which published figures they fit."""

from __future__ import annotations

import copy
import itertools
import math
from functools import partial

import numpy as np
import pytest
import yaml
from scipy import stats

from stages import forensics
from stages.data.samples import open_samples
from stages.network.classifier import SoftmaxNetwork
from stages.network.epochs import DivergedError, Training
from stages.network.penalties import L1
from stages.params.experiment import Experiment, merge
from stages.params.loading import read_params
from stages.readings import running
from stages.readings.conclusion import conclusion, fits_table, last_batch_table, scores_of
from stages.readings.conclusion import unexplained as unexplained_figures
from stages.readings.design import (
    Forensics,
    Inferred,
    Run,
    inferred_of,
    read_forensics,
    readings,
)
from stages.readings.factors import reading_name
from stages.readings.fitting import BEST, LAST, MEAN, Figure, fit_figures
from stages.readings.penalties import HalfSubgradient, Subgradient
from stages.readings.storage import ReadingRuns, load_readings, save_readings
from stages.reporting.forensics import render_forensics, summary, write_forensics
from stages.reporting.forensics_figure import draw_losses
from stages.runtime.errors import ParamsError, PipelineError
from stages.schema.project import check_project
from stages.transforms.normalize import Normalize
from tests.helpers import ROOT, random_pictures, tree, write_samples

DOCUMENT = read_params(ROOT / "params.yaml")
DESIGN = read_forensics(DOCUMENT, "cifar10")
PLAIN = {
    "activation": "relu",
    "training": "one",
    "first_weights": "rule",
    "last_batch": "even",
    "pixels": "unit",
}
RUN = {
    "hidden_layer_sizes": [4],
    "penalty": "l1",
    "alpha": 0.001,
    "learning_rate": 0.05,
    "batch_size": 8,
    "epochs": 3,
    "plain": PLAIN | {"l1_step": "proximal"},
    "alone": {"first_weights": [0.05], "last_batch": ["short"]},
    "pairs": [{"first_weights": [0.05], "last_batch": ["short", "drop"]}],
}
SMALL = {
    "seeds": [0, 1],
    "runs": {"l1": RUN},
    "inferred": [],
}


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    return open_samples(write_samples(tmp_path_factory.mktemp("raw") / "photos", per_batch=20))


def plain(**values):
    return Forensics.model_validate(SMALL).runs["l1"].plain.model_copy(update=values)


# ---------------------------------------------------------------- the design


def test_every_run_has_its_plain_reading_and_none_twice():
    for run in DESIGN.runs.values():
        names = [reading.name for reading in readings(run)]
        assert names[0] == "plain"
        assert len(set(names)) == len(names)


def test_the_design_covers_every_factor_and_value():
    found = {}
    for run in DESIGN.runs.values():
        for reading in readings(run):
            for factor, value in reading.values:
                found.setdefault(factor, set()).add(value)
    assert found == {
        "activation": {"relu", "identity", "tanh"},
        "training": {"one", "all"},
        "first_weights": {"rule", "he", "lecun", 0.01, 0.05, 0.1},
        "last_batch": {"even", "short", "drop"},
        "l1_step": {None, "proximal", "subgradient", "half-subgradient"},
        "pixels": {"unit", "raw", "centred"},
    }
    for run in DESIGN.runs.values():
        alone = {factor for r in readings(run) for factor in r.changes if len(r.changes) == 1}
        assert alone >= {"training", "first_weights", "last_batch"}


def test_the_pair_that_would_explain_all_is_in_every_run():
    for run in DESIGN.runs.values():
        assert "first weights 0.05, last batch drop" in [r.name for r in readings(run)]


def test_readings_by_hand():
    found = readings(Forensics.model_validate(SMALL).runs["l1"])
    assert [(r.name, r.changes) for r in found] == [
        ("plain", {}),
        ("first weights 0.05", {"first_weights": 0.05}),
        ("last batch short", {"last_batch": "short"}),
        ("first weights 0.05, last batch short", {"first_weights": 0.05, "last_batch": "short"}),
        ("first weights 0.05, last batch drop", {"first_weights": 0.05, "last_batch": "drop"}),
    ]
    assert found[-1].values == plain(first_weights=0.05, last_batch="drop")


def test_a_name_is_the_same_however_the_pair_was_written():
    for pair in itertools.permutations(["first_weights", "last_batch"]):
        values = {"first_weights": [0.05], "last_batch": ["drop"]}
        run = RUN | {"pairs": [{factor: values[factor] for factor in pair}]}
        design = Forensics.model_validate(SMALL | {"runs": {"l1": run}})
        assert readings(design.runs["l1"])[-1].name == "first weights 0.05, last batch drop"
    assert reading_name({"l1_step": "subgradient"}) == "L1 step subgradient"


MISTAKES = {
    "unknown dataset": ([], {"cifar": {}}, "no dataset 'cifar'", "mean 'cifar10'"),
    "no mapping": ([], [1], "forensics: [1] is not allowed", "mapping"),
    "no epochs": (["runs", "128-l1", "epochs"], 0, "runs.128-l1.epochs: 0 is not", "equal to 1"),
    "unknown penalty": (["runs", "128-l1", "penalty"], "l3", "penalty: 'l3' is not", "'l1'"),
    "misspelt factor": (
        ["runs", "128", "alone", "pixel"],
        ["raw"],
        "pixel: unknown key",
        "mean 'pixels'",
    ),
    "unknown value": (
        ["runs", "128", "alone", "pixels"],
        ["grey"],
        "runs.128.alone.pixels.0: 'grey' is not allowed",
        "'raw'",
    ),
    "weights of 0": (["runs", "128", "plain", "first_weights"], 0.0, "0.0 is not", "than 0"),
    "one seed": (["seeds"], [0], "seeds: [0] is not allowed", "at least 2"),
    "seed twice": (["seeds"], [0, 0], "seeds: [0, 0] is not allowed", "twice"),
    "pair of one": (["runs", "128", "pairs"], [{"pixels": ["raw"]}], "pairs.0: 1 fac", "of two"),
    "reading twice": (
        ["runs", "128", "alone", "first_weights"],
        [0.05, 0.05],
        "'first weights 0.05'",
    ),
    "plain again": (["runs", "128", "alone", "first_weights"], ["he"], "same as 'plain'", "leave"),
    "L1 step without L1": (["runs", "128", "alone", "l1_step"], ["proximal"], "'proximal' is not"),
    "L1 without a step": (["runs", "128-l1", "plain", "l1_step"], None, "l1_step None is not"),
    "inferred from nothing": (["inferred", 0, "run"], "64", "inferred.0.run: '64'", "128, 128-l1"),
    "inferred value": (["inferred", 0, "value"], 0.2, "inferred.0.value: 0.2 is not", "128-l1"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_line_with_its_key_and_what_is_allowed(mistake):
    path, value, *parts = MISTAKES[mistake]
    document = copy.deepcopy(DOCUMENT)
    target = document["forensics"]
    if path:
        *above, last = "cifar10", *path
        for key in above:
            target = target[key]
        target[last] = value
    else:
        document["forensics"] = value
    with pytest.raises(ParamsError) as error:
        check_project(document)
    message = str(error.value)
    assert "\n" not in message
    assert message.startswith("forensics")
    for part in parts:
        assert part in message


def test_published_runs_are_trained_like_the_experiments_of_their_names():
    # Only here: who changes an experiment shall not have to change what the slides print, too.
    for name, run in DESIGN.runs.items():
        experiment = merge(DOCUMENT, f"cifar10-{name}")
        shared = set(Run.model_fields) & set(Experiment.model_fields)
        assert len(shared) >= 6
        for key in shared:
            assert getattr(run, key) == getattr(experiment, key), (name, key)
        assert run.plain.activation == experiment.activation


def test_an_experiment_may_change_without_the_published_run():
    document = copy.deepcopy(DOCUMENT)
    document["experiments"]["cifar10-128"]["learning_rate"] = 0.1
    document["quick"]["enabled"] = True
    check_project(document)


def test_a_dataset_may_have_no_entry():
    assert read_forensics(DOCUMENT, "photos") is None
    assert inferred_of(DOCUMENT, "photos") == []
    check_project(DOCUMENT | {"forensics": {}})


# ---------------------------------------------------------------- the networks


def test_penalty_steps_by_hand():
    # At a learning rate of 0.5 and alpha 0.2, a whole step is 0.1, and half a step is 0.05.
    start, alpha, rate = np.array([[1.0, -1.0, 0.0, 0.04]]), 0.2, 0.5
    wanted = {
        L1: [0.9, -0.9, 0.0, 0.0],
        Subgradient: [0.9, -0.9, 0.0, -0.06],
        HalfSubgradient: [0.95, -0.95, 0.0, -0.01],
    }
    for kind, after in wanted.items():
        penalty, weight = kind(alpha), start.copy()
        gradients = [np.zeros_like(weight), np.zeros(4)]
        penalty.add_gradients([weight], gradients)
        weight -= rate * gradients[0]
        penalty.shrink([weight], rate)
        np.testing.assert_allclose(weight, [after], atol=1e-15)
        assert not gradients[1].any()  # biases are never penalised
        assert penalty.value([start]) == pytest.approx(0.2 * 2.04)


@pytest.mark.parametrize(
    ("values", "first", "second"),
    [
        ({}, math.sqrt(2 / 3000), math.sqrt(1 / 400)),
        ({"activation": "identity"}, math.sqrt(1 / 3000), math.sqrt(1 / 400)),
        ({"first_weights": "lecun"}, math.sqrt(1 / 3000), math.sqrt(1 / 400)),
        ({"activation": "tanh", "first_weights": "he"}, math.sqrt(2 / 3000), math.sqrt(1 / 400)),
        ({"first_weights": 0.05}, 0.05, 0.05),
    ],
)
def test_first_weights_have_their_standard_deviation(values, first, second):
    reading = plain(**values)
    network = running.first_network(reading, [3000, 400, 10], np.random.default_rng(0))
    assert network.layers[1].function == reading.activation
    assert network.weights[0].std() == pytest.approx(first, rel=0.01)
    assert network.weights[1].std() == pytest.approx(second, rel=0.05)
    assert network.weights[0].dtype == np.float32


def test_pixels_under_each_reading():
    training, test = random_pictures(9, 1), random_pictures(4, 2)
    unit = partial(Normalize(low=0.0, high=1.0).apply, learned={})
    for found, pictures in zip(
        running.inputs("unit", training, test), (training, test), strict=True
    ):
        assert found.tobytes() == unit(pictures).tobytes()
    raw, _ = running.inputs("raw", training, test)
    assert (raw == training.reshape(9, -1)).all()
    centred, centred_test = running.inputs("centred", training, test)
    mean = training.reshape(9, -1).mean(axis=0) / 255  # of the training pictures alone
    np.testing.assert_allclose(centred, training.reshape(9, -1) / 255 - mean, atol=1e-6)
    np.testing.assert_allclose(centred_test, test.reshape(4, -1) / 255 - mean, atol=1e-6)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"activation": "tanh", "last_batch": "short"},
        {"first_weights": 0.05, "last_batch": "drop"},
    ],
)
def test_curves_are_those_of_the_products_network(samples, changes):
    design = Forensics.model_validate(SMALL)
    run, values = design.runs["l1"], plain(**changes)
    X, y = samples.select(["data_batch_1"])
    X_test, y_test = samples.select(["data_batch_2"])
    found = running.train(run, values, samples.split("one"), samples, seed=3)
    settings = {key: RUN[key] for key in ("alpha", "learning_rate", "batch_size", "epochs")}
    network = SoftmaxNetwork(
        (4,),
        penalty="l1",
        activation=values.activation,
        last_batch=values.last_batch,
        weight_scale=changes.get("first_weights"),
        random_state=3,
        **settings,
    )
    unit = partial(Normalize(low=0.0, high=1.0).apply, learned={})
    network.fit(unit(X), y)
    assert found["loss"].tolist() == network.loss_curve_["loss"].tolist()
    assert found["net_loss"].tolist() == network.loss_curve_["net_loss"].tolist()
    assert found["accuracy"][-1] == pytest.approx(100 * network.score(unit(X_test), y_test))


def test_a_training_that_diverges_is_nan_and_never_fits(samples, monkeypatch):
    def diverge(training, *_):
        if training.epoch:
            raise DivergedError
        training.losses.append((1.0, 1.0))

    monkeypatch.setattr(Training, "run_epoch", diverge)
    design = Forensics.model_validate(SMALL)
    curves = running.train(design.runs["l1"], plain(), samples.split("one"), samples, seed=0)
    assert all(curve.shape == (3,) and np.isnan(curve).all() for curve in curves.values())
    nan = np.full((2, 3), np.nan)
    one = [
        ReadingRuns("l1", "pixels raw", {"pixels": "raw"}, nan, nan, nan),
        made_up("l1", {}, [1.0, 2.0], epochs=3),
    ]
    fits = fit_figures(one, [Figure("a", "l1", "accuracy", 1.5)], [])
    assert [fit.fits for fit in fits] == [False] * 3 + [True] * 3
    assert math.isnan(fits[0].value)
    assert math.isnan(fits[0].miss)
    assert "diverged" in fits_table(fits).iloc[-1].tolist()


# ---------------------------------------------------------------- the stage


def stage(tmp_path, name, section=SMALL, quick=False):
    """Run the stage in `tmp_path` with its raw pictures; return the bytes of its file."""
    write_samples(tmp_path / "raw", per_batch=20)
    params = tmp_path / "params.yaml"
    document = {"forensics": {"photos": section}} if section else {"forensics": {}}
    document["quick"] = {"enabled": quick, "epochs": 1, "seeds": 1}
    params.write_text(yaml.safe_dump(document), encoding="utf-8")
    output = tmp_path / f"{name}.npz"
    folders = tmp_path / "checkpoints", params, tmp_path / "timings"
    forensics.main("photos", tmp_path / "raw", output, params, *folders)
    return output.read_bytes()


@pytest.fixture
def one_process(monkeypatch):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")


@pytest.mark.usefixtures("one_process")
def test_the_stage_gives_the_same_bytes_and_says_how_far_it_is(tmp_path, capsys):
    assert stage(tmp_path, "first") == stage(tmp_path, "second")
    lines = capsys.readouterr().out.splitlines()[:10]
    assert [line.partition(":")[0] for line in lines] == [f"{n} of 10" for n in range(1, 11)]
    assert lines[0].endswith("l1: plain, seed 0")
    assert not [*(tmp_path / "checkpoints").rglob("forensics-*")]
    assert tree(tmp_path / "timings") == ["forensics@photos.json"]
    runs = load_readings(tmp_path / "first.npz")
    assert [r.reading for r in runs] == [
        r.name for r in readings(Forensics.model_validate(SMALL).runs["l1"])
    ]
    assert {r.run for r in runs} == {"l1"}
    for reading in runs:
        assert reading.loss.shape == reading.net_loss.shape == reading.accuracy.shape == (2, 3)
        assert (reading.loss > reading.net_loss).all()
        assert reading.values["last_batch"] == reading.changes.get("last_batch", "even")
    assert not np.array_equal(runs[0].loss[0], runs[0].loss[1])  # another seed, another curve


@pytest.mark.usefixtures("one_process")
def test_a_killed_stage_ends_with_the_same_bytes_and_trains_nothing_twice(tmp_path, monkeypatch):
    whole = stage(tmp_path, "whole")
    trained = []
    train = running.train

    def killed_after_four(run, values, split, samples, seed):
        if len(trained) == 4:
            raise KeyboardInterrupt
        trained.append((values, seed))
        return train(run, values, split, samples, seed)

    with monkeypatch.context() as patch:
        patch.setattr(running, "train", killed_after_four)
        with pytest.raises(KeyboardInterrupt):
            stage(tmp_path, "killed")
        assert not (tmp_path / "killed.npz").exists()
    before = list(trained)

    def counted(run, values, split, samples, seed):
        trained.append((values, seed))
        return train(run, values, split, samples, seed)

    monkeypatch.setattr(running, "train", counted)
    assert stage(tmp_path, "killed") == whole
    assert len(before) == 4
    assert len(trained) == 10
    assert len({(values.model_dump_json(), seed) for values, seed in trained}) == 10


def test_processes_side_by_side_give_the_same_bytes(tmp_path, monkeypatch):
    together = stage(tmp_path, "together")
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    assert stage(tmp_path, "alone") == together


@pytest.mark.parametrize(("section", "quick"), [(None, False), (SMALL, True)])
def test_without_an_entry_and_for_a_quick_look_no_picture_is_read(
    tmp_path, monkeypatch, section, quick
):
    monkeypatch.setattr(forensics, "open_samples", None)
    stage(tmp_path, "none", section, quick)
    assert load_readings(tmp_path / "none.npz") == []


def test_readings_come_back_as_they_were(tmp_path):
    runs = [made_up("a", {}, [1, 2]), made_up("a", {"first_weights": 0.05}, [3, math.nan])]
    save_readings(tmp_path / "runs.npz", runs)
    for saved, run in zip(load_readings(tmp_path / "runs.npz"), runs, strict=True):
        assert (saved.run, saved.reading, saved.changes) == (run.run, run.reading, run.changes)
        assert saved.values == run.values
        np.testing.assert_array_equal(saved.accuracy, run.accuracy)
    np.savez(tmp_path / "other.npz", header=np.frombuffer(b"{}", np.uint8))
    with pytest.raises(PipelineError, match="has no readings"):
        load_readings(tmp_path / "other.npz")


# ---------------------------------------------------------------- figures against readings


def made_up(run, changes, accuracies, loss=2.0, net_loss=1.5, epochs=50):
    """Return a reading with constant curves, one accuracy for each seed."""
    values = PLAIN | changes
    spread = 0.01 * np.arange(len(accuracies))

    def constant(per_seed):
        return np.repeat(np.array(per_seed, float)[:, None], epochs, axis=1)

    return ReadingRuns(
        run,
        reading_name(changes),
        changes,
        constant(loss + spread),
        constant(net_loss + spread),
        constant(accuracies),
        values,
    )


ACCURACY = Figure("a: accuracy", "a", "accuracy", 52.0)
DROP, SHORT, WIDE = {"last_batch": "drop"}, {"last_batch": "short"}, {"first_weights": 0.05}


def last(fits):
    return {fit.reading: fit for fit in fits if fit.measured_at == LAST}


def test_a_prediction_interval_by_hand():
    # Means 50 and 54; squared deviations 2 (49, 51), 0.5 (53.5, 54.5) and twice more, so that the
    # pool has 4 degrees of freedom and the variance (2 + 0.5 + 0.5 + 0) / 4. The short ones have
    # a pool of their own of 4, whose variance is 50.
    others = [{"pixels": "centred"}, {"first_weights": 0.1}]
    runs = [
        made_up("a", {}, [49, 51]),
        made_up("a", WIDE, [53.5, 54.5]),
        made_up("a", others[0], [40.5, 41.5]),
        made_up("a", others[1], [30, 30]),
        *(
            made_up("a", SHORT | {"first_weights": scale}, [45, 55])
            for scale in (0.01, 0.02, 0.03, 0.04)
        ),
    ]
    fits = last(fit_figures(runs, [ACCURACY], []))
    half = stats.t.ppf(0.975, 4) * math.sqrt(3 / 4) * math.sqrt(1.5)
    fit = fits["plain"]
    assert (fit.value, fit.low, fit.high) == pytest.approx((50, 50 - half, 50 + half))
    assert fit.fits
    assert fit.miss == 0.0
    fit = fits["pixels centred"]
    assert not fit.fits
    assert fit.miss == pytest.approx(52 - (41 + half))
    wide = stats.t.ppf(0.975, 4) * math.sqrt(50) * math.sqrt(1.5)
    short = next(fit for name, fit in fits.items() if "short" in name)
    assert (short.low, short.high) == pytest.approx((50 - wide, 50 + wide))


def test_a_figure_below_the_interval_is_missed_by_a_negative_number():
    runs = [made_up("a", {}, [60.0, 60.2]), made_up("a", WIDE, [60.0, 60.0])]
    fit = fit_figures(runs, [ACCURACY], [])[0]
    assert fit.miss == pytest.approx(52 - fit.low)
    assert fit.miss < 0


def test_rounding_widens_the_interval():
    runs = [made_up("a", {}, [52.4, 52.4]), made_up("a", WIDE, [50, 50])]
    assert not last(fit_figures(runs, [ACCURACY], []))["plain"].fits
    fit = last(fit_figures(runs, [ACCURACY._replace(rounding=0.5)], []))["plain"]
    assert fit.fits
    assert (fit.low, fit.high) == pytest.approx((51.9, 52.9))


def test_few_readings_of_a_run_borrow_the_spread_of_other_runs():
    own = made_up("a", DROP, [49, 51])
    others = [made_up(run, DROP, [30, 30.5]) for run in "bcde"]
    alone = fit_figures([own], [ACCURACY], [])[0]
    assert alone.high - alone.value == pytest.approx(
        stats.t.ppf(0.975, 1) * math.sqrt(2) * math.sqrt(1.5)
    )
    joined = fit_figures([own, *others], [ACCURACY], [])[0]
    assert joined.high - joined.value == pytest.approx(
        stats.t.ppf(0.975, 5) * math.sqrt((2 + 4 * 0.125) / 5) * math.sqrt(1.5)
    )


def test_raw_pixels_widen_no_interval_not_even_their_own():
    others = [made_up("a", {}, [50, 51]), made_up("a", WIDE, [50, 51])]
    raw = made_up("a", {"pixels": "raw"}, [10, 90])
    wanted = last(fit_figures(others, [ACCURACY], []))["plain"]
    fits = last(fit_figures([*others, raw], [ACCURACY], []))
    assert fits["plain"] == wanted
    assert fits["pixels raw"].high - 50 == pytest.approx(wanted.high - 50.5)


def test_where_an_accuracy_is_measured():
    curve = np.r_[np.zeros(9), 70.0, np.zeros(20), np.linspace(40, 59, 20)]
    run = made_up("a", {}, [1, 1])
    run.accuracy[:] = curve
    values = {fit.measured_at: fit.value for fit in fit_figures([run], [ACCURACY], [])}
    assert values == pytest.approx({LAST: 59.0, BEST: 70.0, MEAN: 49.5})


def test_losses_count_epochs_from_0_and_a_decline_is_a_difference():
    run = made_up("a", {}, [1, 1])
    run.loss[:] = np.arange(50)[::-1] / 10
    figures = [
        Figure("loss", "a", "loss", 0.3, 46),
        Figure("decline", "a", "loss", -1.3, 46, since=33),
    ]
    fits = fit_figures([run], figures, [])
    assert [fit.value for fit in fits] == pytest.approx([0.3, -1.3])
    assert [fit.measured_at for fit in fits] == [LAST, LAST]
    with pytest.raises(ParamsError, match=r"epoch 50 is not there.*only 50 epochs"):
        fit_figures([run], [Figure("loss", "a", "loss", 0.3, 50)], [])


def test_what_was_inferred_from_a_figure_never_counts():
    runs = [made_up("a", {}, [50, 50.1], loss=1.8), made_up("a", WIDE, [51.9, 52.1], loss=2.0)]
    figures = [ACCURACY, Figure("a: loss", "a", "loss", 2.0, 46)]
    chosen = Inferred(run="a", measure="loss", epoch=46, factor="first_weights", value=0.05)
    for inferred, tried, fitting in ([], 2, 2), ([chosen], 1, 1):
        fits = fit_figures(runs, figures, inferred)
        score = scores_of(fits)[0]
        assert (score.reading, score.tried, score.fits) == ("first weights 0.05", tried, fitting)
    fit = last(fits)["first weights 0.05"]
    assert fit.inferred
    assert not fit.fits
    assert fit.miss == 0.0
    assert unexplained_figures(fits) == ["a: loss"]
    assert "inferred" in fits_table(fits)["a: loss (2.000)"].tolist()[-1]


def test_an_inferred_value_must_belong_to_a_figure():
    chosen = Inferred(run="a", measure="loss", epoch=45, factor="first_weights", value=0.05)
    with pytest.raises(ParamsError, match=r"inferred\.0.*loss of a at epoch 45"):
        fit_figures([made_up("a", {}, [1, 2])], [ACCURACY], [chosen])


def test_figures_of_runs_that_have_no_readings_are_left_out():
    assert fit_figures([made_up("b", {}, [1, 2])], [ACCURACY], []) == []


# ---------------------------------------------------------------- conclusion and page


def two_readings(plain_accuracy, drop_accuracy):
    runs = [
        made_up("a", {}, [plain_accuracy, plain_accuracy + 0.1]),
        made_up("a", WIDE, [plain_accuracy, plain_accuracy + 0.1]),
        made_up("a", DROP, [drop_accuracy, drop_accuracy + 0.1]),
        made_up("a", DROP | WIDE, [drop_accuracy, drop_accuracy + 0.1]),
    ]
    return fit_figures(runs, [ACCURACY], [])


def test_the_conclusion_turns_with_the_numbers():
    best, open_question, figure = conclusion(two_readings(40, 52))
    assert "*last batch drop, accuracy at the last epoch*, 1 of the 1" in best
    assert "the plain reading fits 0 of 1" in best
    assert open_question.startswith("Every figure fits")
    assert "fits under 2 of 4 readings, *last batch drop*, " in figure

    best, _, figure = conclusion(two_readings(52, 40))
    assert "at once is *plain, accuracy at the last epoch*, 1 of the 1" in best
    assert "fits under 2 of 4 readings, *plain*" in figure

    best, open_question, figure = conclusion(two_readings(40, 41))
    assert best == "No reading fits any figure."
    assert open_question == "No reading that was tried explains a: accuracy."
    assert "fits under none of 4 readings; the nearest is *last batch drop* " in figure


def test_a_fit_within_wide_intervals_is_called_weak():
    runs = [
        made_up("a", {}, [50.0, 50.1]),
        *(made_up("a", {"first_weights": s}, [50.0, 50.1]) for s in (0.01, 0.02)),
        made_up("a", {"first_weights": 0.03}, [52.0, 52.1]),
        *(made_up("a", SHORT | {"first_weights": s}, [40, 46]) for s in (0.01, 0.02, 0.03)),
        made_up("a", SHORT, [40, 46]),
    ]
    figures = [ACCURACY, ACCURACY._replace(id="a: other", claimed=44.0)]
    best = conclusion(fit_figures(runs, figures, []))[0]
    assert "at once is *last batch short, accuracy at the last epoch*, 2 of the 2" in best
    assert "60 times as wide as those of the plain reading, so this is weak" in best
    assert "at most 2 times as wide, *first weights 0.03, accuracy at the last epoch*, 1 of" in best


def test_the_last_batch_alone_is_compared():
    runs = [made_up("a", {}, [50, 52]), made_up("a", SHORT, [40, 44]), made_up("a", WIDE, [1, 2])]
    runs[1].accuracy[:, ::2] -= 2.0
    table = last_batch_table(runs)
    assert table["last batch"].tolist() == ["even", "short"]
    assert table.iloc[0, 2] == "51.00 ± 1.41"
    assert table.iloc[1, 2] == "42.00 ± 2.83"
    assert table.iloc[1, 3] == "41.00 ± 1.00"  # over the epochs of one training
    assert table.iloc[1, 4] == "38.00 to 44.00"


def test_the_table_has_a_cell_for_every_reading_and_figure():
    runs = [made_up("a", {}, [52, 52.1]), made_up("b", WIDE, [40, 40.1])]
    runs += [made_up("b", {}, [40, 40.1])]
    figures = [ACCURACY, Figure("b: loss", "b", "loss", 2.5, 46)]
    table = fits_table(fit_figures(runs, figures, []))
    assert table["reading"].tolist() == ["plain"] * 3 + ["first weights 0.05"] * 3
    assert table["accuracy measured at"].tolist() == [LAST, BEST, MEAN] * 2
    assert table["a: accuracy (52.00)"].str.endswith(", fits").tolist() == [True] * 3 + [False] * 3
    assert table["a: accuracy (52.00)"].tolist()[3:] == [""] * 3  # not run
    assert table["b: loss (2.500)"].str.contains(r"misses by \+0\.4").all()
    assert table["fits"].tolist() == ["1 of 2"] * 3 + ["0 of 1"] * 3


FIGURES = [
    Figure("l1: accuracy", "l1", "accuracy", 12.0),
    Figure("l1: loss", "l1", "loss", 2.5, 1),
    Figure("l1: net loss", "l1", "net_loss", 2.4, 1),
]


@pytest.mark.usefixtures("one_process")
def test_the_page_its_table_and_its_picture_are_written_alike_twice(tmp_path):
    stage(tmp_path, "runs")
    runs = load_readings(tmp_path / "runs.npz")
    for name in ("first", "second"):
        write_forensics(tmp_path / name, "photos", runs, FIGURES, [])
    files = ["figures", "figures/forensics.png", "forensics.md", "tables", "tables/forensics.csv"]
    assert tree(tmp_path / "first") == files
    for name in ("figures/forensics.png", "forensics.md", "tables/forensics.csv"):
        content = (tmp_path / "first" / name).read_bytes()
        assert content == (tmp_path / "second" / name).read_bytes()
        assert b"Software" not in content
    page = (tmp_path / "first" / "forensics.md").read_text(encoding="utf-8")
    for sentence in conclusion(fit_figures(runs, FIGURES, [])):
        assert f"- {sentence}\n" in page
    assert "figures/forensics.png" in page
    short = summary(runs, FIGURES, [])
    assert conclusion(fit_figures(runs, FIGURES, []))[0] in short
    assert "| plain |" in short


def test_without_readings_the_page_says_so_and_there_is_no_summary(tmp_path):
    write_forensics(tmp_path, "photos", [], FIGURES, [])
    assert tree(tmp_path) == ["forensics.md"]
    assert "No readings were run" in render_forensics("photos", [], FIGURES, [])
    assert summary([], FIGURES, []) == ""


def test_no_picture_without_both_losses(tmp_path):
    runs = [made_up("l1", {}, [1, 2])]
    assert not draw_losses(runs, FIGURES[:2], tmp_path / "picture.png")
    assert not draw_losses([made_up("a", {}, [1, 2])], FIGURES, tmp_path / "picture.png")
    assert tree(tmp_path) == []
