"""The stage that checks the gradients: its files, its verdict, the same bytes every time."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from stages import gradcheck
from stages.gradients import worked_example
from stages.gradients.layers import CASES, NETWORKS
from stages.network.activations import ACTIVATIONS, Activation
from tests.helpers import ROOT, last_words

N_LAYERS = len(CASES) + len(NETWORKS)
NAMES = {"gradcheck.json", "gradcheck.md", "gradcheck.png"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("reports")
    gradcheck.main(output=path)
    return path


@pytest.fixture
def results(folder):
    return json.loads((folder / "gradcheck.json").read_text(encoding="utf-8"))


def test_it_writes_these_files_and_no_others(folder):
    assert {path.name for path in folder.iterdir()} == NAMES


def test_every_combination_passes(results):
    assert results["passed"]
    assert len(results["combinations"]) == 27
    for row in results["combinations"]:
        assert row["passed"], row
        assert 0 < row["max_error"] <= 1e-7
        assert row["median_error"] < row["max_error"]
        assert row["max_error_at_kinks"] <= 1e-7
        assert 0 < row["float32_deviation"] < 1e-5
        assert len(row["tensors"]) == 2 * (row["hidden_layers"] + 1)
    assert results["max_error"] <= results["tolerance"] == 1e-7


def test_kinks_are_where_they_can_be(results):
    assert results["kinks"] == sum(row["kinks"] for row in results["combinations"])
    for row in results["combinations"]:
        relu = row["activation"] == "relu" and row["hidden_layers"] > 0
        if not relu and row["penalty"] != "l1":
            assert row["kinks"] == 0
    assert any(row["kinks"] for row in results["combinations"] if row["penalty"] == "none")
    assert any(row["kinks"] for row in results["combinations"] if row["activation"] != "relu")


def test_the_worked_example_agrees_in_every_printed_digit(results):
    example = results["worked_example"]
    assert example["agrees"]
    assert [entry["ours"] for entry in example["entries"]] == [
        {"numeric": "-2.5365238", "analytic": "-2.53654236"},
        {"numeric": "2.53656092", "analytic": "2.53654236"},
        {"numeric": "-1.90239633", "analytic": "-1.90240677"},
        {"numeric": "1.90241721", "analytic": "1.90240677"},
        {"numeric": "-3.17064895", "analytic": "-3.17067796"},
        {"numeric": "3.17070696", "analytic": "3.17067796"},
    ]
    for entry in example["entries"]:
        assert entry["agrees"]
        assert entry["ours"] == entry["report"]
        assert entry["forward_minus_analytic"] == pytest.approx(
            entry["half_h_times_curvature"], rel=1e-3
        )
        assert abs(entry["centred_minus_analytic"]) < 1e-9
    low, high = example["logit_difference"]
    assert low < 0.55 < high
    assert high - low < 2e-9


def test_other_weights_do_not_give_the_printed_digits(monkeypatch):
    monkeypatch.setattr(worked_example, "WEIGHTS", worked_example.WEIGHTS * (1 + 1e-6))
    example = worked_example.repeat_example()
    assert not example["agrees"]
    assert not any(entry["agrees"] for entry in example["entries"])


def test_the_errors_of_the_sweep_are_vs(results):
    sweep = results["sweep"]
    assert {len(values) for values in sweep.values()} == {23}
    assert sweep["step"][0] == 1e-12
    assert sweep["step"][-1] == 0.1
    least = {}
    for name in ("forward", "centred", "extrapolated"):
        curve = sweep[f"{name}_median"]
        least[name] = min(curve)
        assert 0 < curve.index(least[name]) < 22
        assert curve[0] > 1e3 * least[name]
        assert curve[-1] > 1e3 * least[name]
    assert least["forward"] > 10 * least["centred"] > 100 * least["extrapolated"]


def test_the_page_has_every_result_and_no_nan(folder, results):
    page = (folder / "gradcheck.md").read_text(encoding="utf-8")
    for word in ("nan", "inf ", "none |\n", "undefined", "{{", "**"):
        assert word not in page.lower(), word
    assert page.count("| yes |") == 27 + 6 + N_LAYERS
    for row in results["combinations"]:
        assert f"| {row['parameters']} | {row['max_error']:.1e} |" in page
    assert page.count("$$") % 2 == 0
    assert page.replace("$$", "").count("$") % 2 == 0


def test_another_process_writes_the_same_bytes(folder, tmp_path):
    subprocess.run(
        [sys.executable, "-m", "stages.gradcheck", "--output", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    assert {path.name for path in tmp_path.iterdir()} == NAMES
    for name in NAMES:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes(), name


def test_nothing_of_the_machine_is_in_the_files(folder):
    for name in NAMES:
        content = (folder / name).read_bytes()
        assert str(folder).encode() not in content
        assert b"Software" not in content


def test_a_wrong_gradient_fails_the_stage_after_it_is_reported(results, tmp_path, monkeypatch):
    right = ACTIVATIONS["tanh"]
    monkeypatch.setitem(ACTIVATIONS, "tanh", Activation(right.apply, lambda _a, _delta: None))
    some = [c for c in gradcheck.COMBINATIONS if c.penalty == "none"]
    monkeypatch.setattr(gradcheck, "COMBINATIONS", some)
    monkeypatch.setattr(gradcheck, "sweep", lambda _: results["sweep"])  # it is the slow part
    code, line = last_words(gradcheck, "--output", tmp_path)
    assert code == 1
    assert f"3 of {9 + N_LAYERS} gradients fail the check, the worked example agrees" in line
    found = json.loads((tmp_path / "gradcheck.json").read_text(encoding="utf-8"))
    assert not found["passed"]
    assert [row["layer"] for row in found["layers"] if not row["passed"]] == [
        "batch normalisation with ReLU and tanh, in a network"
    ]
    failed = [row for row in found["combinations"] if not row["passed"]]
    assert {(row["activation"], row["hidden_layers"]) for row in failed} == {
        ("tanh", 1),
        ("tanh", 2),
    }
    # One for each of them, and one in the summary.
    assert (tmp_path / "gradcheck.md").read_text(encoding="utf-8").count("**") == 2 * 4


def test_other_digits_in_the_worked_example_fail_the_stage(results, tmp_path, monkeypatch):
    monkeypatch.setattr(worked_example, "WEIGHTS", 2 * worked_example.WEIGHTS)
    monkeypatch.setattr(gradcheck, "COMBINATIONS", gradcheck.COMBINATIONS[:1])
    monkeypatch.setattr(gradcheck, "sweep", lambda _: results["sweep"])
    code, line = last_words(gradcheck, "--output", tmp_path)
    assert code == 1
    assert (
        f"0 of {1 + N_LAYERS} gradients fail the check, the worked example does not agree" in line
    )
