"""The claims: what each rule decides, how each verdict flips, and mistakes in the file."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import yaml

from stages.claims.judge import judge
from stages.claims.rules import below, compare, within
from stages.claims.schema import BEST, Compare, load_study
from stages.params.experiment import merge
from stages.reporting.text import NATS, PERCENT
from stages.runtime.errors import ParamsError
from stages.statistics.comparisons import compare_paired
from stages.statistics.intervals import t_interval
from tests.helpers import ROOT
from tests.made_up import DOCUMENT, made_up

FILE = ROOT / "stages" / "claims" / "course-report.yaml"
STUDY = load_study(FILE)
CLAIMS = {claim.id: claim for claim in STUDY.claims}
SEEDS = np.array([-0.5, -0.3, -0.1, 0.1, 0.3, 0.5])

# ---------------------------------------------------------------- rules


@pytest.mark.parametrize(
    ("mean", "verdict"),
    [
        (52.0, "holds"),
        (52.4, "holds"),
        (52.8, "undecided"),
        (51.2, "undecided"),
        (50.8, "undecided"),
        (50.5, "does not hold"),
        (57.0, "does not hold"),
    ],
)
def one_testin(mean, verdict):
    finding = within(mean + SEEDS, 52.0, 1.0, PERCENT)
    assert finding.verdict == verdict
    low, high = t_interval(mean + SEEDS)
    assert finding.measured == f"{mean:.2f} % [{low:.2f}, {high:.2f}]"
    assert "51.00 to 53.00 %" in finding.why


def one_testin_of_one_seed_is_undecided():
    finding = within([52.0], 52.0, 1.0, PERCENT)
    assert finding == ("52.00 %", "undecided", "one seed gives no interval", None)


def test_losses_have_their_unit_and_digits():
    finding = within(2.16 + SEEDS / 100, 2.1603, 0.05, NATS)
    assert finding.verdict == "holds"
    assert finding.measured.startswith("2.160 nats [2.15")


@pytest.mark.parametrize(
    ("mean", "verdict"), [(55.0, "holds"), (59.9, "undecided"), (65.0, "does not hold")]
)
def test_below(mean, verdict):
    assert below(mean + SEEDS, 60.0, PERCENT).verdict == verdict
    assert below([mean], 60.0, PERCENT).verdict == "undecided"


@pytest.mark.parametrize(
    ("difference", "higher", "lower", "not_better"),
    [
        (+5.0, "holds", "does not hold", "does not hold"),
        (+1.1, "undecided", "does not hold", "undecided"),
        (0.0, "does not hold", "does not hold", "holds"),
        (-1.1, "does not hold", "undecided", "holds"),
        (-5.0, "does not hold", "holds", "holds"),
    ],
)
def test_compare(difference, higher, lower, not_better):
    baseline = np.full(6, 40.0)
    wanted = {"higher": higher, "lower": lower, "not_better": not_better}
    for rule, verdict in wanted.items():
        assert compare(rule, baseline, 40 + difference + SEEDS, 1.0, PERCENT).verdict == verdict


def test_compare_says_difference_and_interval():
    values = 45 + SEEDS
    finding = compare("lower", np.full(6, 50.0), values, 1.0, PERCENT)
    direct = compare_paired(np.full(6, 50.0), values, np.random.default_rng(20090408))
    interval = f"[\N{MINUS SIGN}{-direct.low:.2f}, \N{MINUS SIGN}{-direct.high:.2f}]"
    assert finding.measured == f"\N{MINUS SIGN}5.00 points {interval}"
    assert finding.why == "the interval lies below \N{MINUS SIGN}1 point"
    assert finding.p == 2 / 2**6


def test_seeds_that_disagree_leave_it_undecided_though_the_interval_is_clear():
    # Five of six seeds are better, by far; the bootstrap does not mind the sixth.
    values = 40 + np.array([5.0, 6.0, 7.0, 8.0, 9.0, 0.5])
    finding = compare("higher", np.full(6, 40.0), values, 1.0, PERCENT)
    assert finding.verdict == "undecided"
    assert finding.p > 0.05
    assert "the interval lies above +1 point, but the seeds do not agree" in finding.why


def test_few_seeds_decide_no_comparison():
    for n in (1, 2, 5):
        finding = compare("higher", np.zeros(n), np.arange(n) + 50.0, 1.0, PERCENT)
        assert finding.verdict == "undecided"


# ---------------------------------------------------------------- the course report's claims

# Results that agree with the course report in all that it claims.
AGREEING = {
    **{f"normalize{chain}": {"accuracy": 40.0} for chain in ("", "-standardize")},
    **{f"normalize{chain}-tuned": {"accuracy": 40.0} for chain in ("", "-standardize")},
    **{
        f"{name}{chain}": {"accuracy": 35.0}
        for name in ("binarize", "hog", "pca")
        for chain in ("", "-standardize", "-tuned", "-standardize-tuned")
    },
    "linear": {"accuracy": 38.0},
    "128-identity": {"accuracy": 37.79, "loss": 1.5815},
    "128": {"accuracy": 52.0, "train": 70.0},
    "128-128": {"accuracy": 56.0},
    "128-tanh": {"accuracy": 50.0},
    "128-l1": {"accuracy": 47.31, "zeros": 80.0, "loss": 2.1603, "net_loss": 1.4697},
    "128-l2": {"accuracy": 52.0, "train": 60.0},
    "128-l2-strong": {"accuracy": 50.0, "train": 55.0},
    "128-recipe": {"accuracy": 55.0},
    "hog-colour-128": {"accuracy": 50.0},
    "patches": {"accuracy": 35.0},
}

# Of one claim: a change of one experiment that contradicts it, and one that leaves it open.
FLIPS = {
    "preprocessing": ("hog", {"accuracy": 45.0}, {"accuracy": 39.0}),
    "binarizing": ("binarize-tuned", {"accuracy": 45.0}, {"accuracy": 39.0}),
    "hog": ("hog-standardize", {"accuracy": 40.0}, {"accuracy": 39.0}),
    "pca": ("pca-standardize-tuned", {"accuracy": 45.0}, {"accuracy": 39.0}),
    "information": ("patches", {"accuracy": 60.0}, {"accuracy": 37.0}),
    "linear-layers": ("128-identity", {"accuracy": 43.0}, {"accuracy": 39.0}),
    "linear-layers-numbers": ("128-identity", {"loss": 1.2}, {"loss": 1.6315}),
    "depth": ("128-128", {"accuracy": 51.0}, {"accuracy": 53.0}),
    "activation": ("128-tanh", {"accuracy": 33.0}, {"accuracy": 38.79}),
    "no-penalty-accuracy": ("128", {"accuracy": 47.0}, {"accuracy": 53.0}),
    "l1-accuracy": ("128-l1", {"accuracy": 52.3}, {"accuracy": 46.31}),
    "l1-losses": ("128-l1", {"net_loss": 1.2}, {"net_loss": 1.5197}),
    "l1-sparse": ("128-l1", {"zeros": 2.0}, None),
    "l2-over-fitting": ("128-l2-strong", {"train": 75.0}, {"train": 67.0}),
    "three-layers": ("128-128", {"accuracy": 65.0}, {"accuracy": 60.0}),
}


def results_of(changes=None, dataset="cifar10"):
    return [
        made_up(f"{dataset}-{name}", **values | (changes or {}).get(name, {}))
        for name, values in AGREEING.items()
        if f"{dataset}-{name}" in DOCUMENT["experiments"]
    ]


@pytest.fixture(scope="module")
def agreeing():
    return results_of()


@pytest.mark.parametrize("name", CLAIMS)
def test_results_as_the_report_has_them_agree_with_it(name, agreeing):
    judgement = judge(CLAIMS[name], agreeing, "cifar10")
    assert judgement.verdict == "holds", judgement
    assert len(judgement.comparisons) == len(CLAIMS[name].tests)


@pytest.mark.parametrize("name", CLAIMS)
def test_a_change_flips_the_verdict(name, agreeing):
    experiment, contradicting, _ = FLIPS[name]
    changed = made_up(f"cifar10-{experiment}", **AGREEING[experiment] | contradicting)
    results = [changed if r.name == changed.name else r for r in agreeing]
    assert judge(CLAIMS[name], results, "cifar10").verdict == "does not hold"


@pytest.mark.parametrize("name", [name for name, flip in FLIPS.items() if flip[2]])
def test_results_beside_the_threshold_leave_it_undecided(name, agreeing):
    experiment, _, between = FLIPS[name]
    changed = made_up(f"cifar10-{experiment}", **AGREEING[experiment] | between)
    results = [changed if r.name == changed.name else r for r in agreeing]
    assert judge(CLAIMS[name], results, "cifar10").verdict == "undecided"


@pytest.mark.parametrize(
    "test",
    [test for claim in STUDY.claims for test in claim.tests if test.measure == "accuracy"],
    ids=lambda test: f"{test.rule}-{test.experiment}",
)
def test_25_points_up_and_down_flip_every_test(test):
    name = "128-128" if test.experiment == BEST else test.experiment
    others = []
    if isinstance(test, Compare):
        others = [made_up(f"cifar10-{test.baseline}", **AGREEING[test.baseline])]
    claim = CLAIMS["depth"].model_copy(update={"tests": [test]})
    center = AGREEING[name]["accuracy"]
    verdicts = [
        judge(claim, [made_up(f"cifar10-{name}", center + shift), *others], "cifar10").verdict
        for shift in (-25, 0, 25)
    ]
    assert verdicts[1] == "holds"
    assert "does not hold" in (verdicts[0], verdicts[2])


def test_one_contradiction_is_enough_whatever_else_is_open(agreeing):
    changed = {
        name: made_up(f"cifar10-{name}", accuracy)
        for name, accuracy in (("128-identity", 46.0), ("128", 47.0), ("128-tanh", 40.0))
    }
    results = [changed.get(result.short_name, result) for result in agreeing]
    judgement = judge(CLAIMS["activation"], results, "cifar10")
    verdicts = [comparison.finding.verdict for comparison in judgement.comparisons]
    assert verdicts == ["undecided", "does not hold"]
    assert judgement.verdict == "does not hold"
    assert judgement.why.startswith("128-tanh \N{MINUS SIGN} 128-identity: the interval lies below")


def test_what_was_not_run_is_left_out_and_said(agreeing):
    results = [r for r in agreeing if r.short_name != "128-128"]
    judgement = judge(CLAIMS["depth"], results, "cifar10")
    assert judgement.verdict == "holds"
    assert judgement.why.endswith("1 of 2 not run here")
    (comparison,) = judgement.comparisons
    assert comparison.subject == "128 \N{MINUS SIGN} linear"


def one_testout_any_run_it_is_undecided():
    judgement = judge(CLAIMS["l1-sparse"], [made_up("cifar10-128")], "cifar10")
    assert (judgement.verdict, judgement.why[:7], judgement.measured) == (
        "undecided",
        "not run",
        "-",
    )


def test_an_epoch_that_was_not_reached_was_not_run(agreeing):
    (long,) = [test for test in CLAIMS["linear-layers-numbers"].tests if test.epoch]
    claim = CLAIMS["depth"].model_copy(update={"tests": [long.model_copy(update={"epoch": 100})]})
    assert judge(claim, agreeing, "cifar10").comparisons == []


def test_other_seeds_are_not_compared():
    document = copy.deepcopy(DOCUMENT)
    document["experiments"]["cifar10-linear"]["seeds"] = [6, 7, 8, 9, 10, 11]
    results = [made_up("cifar10-linear", 30.0, document=document), made_up("cifar10-128", 50.0)]
    assert judge(CLAIMS["depth"], results, "cifar10").comparisons == []


def test_a_number_about_one_dataset_says_nothing_about_another():
    results = results_of({"128": {"accuracy": 30.0}}, dataset="photos")
    judgement = judge(CLAIMS["no-penalty-accuracy"], results, "photos")
    assert judgement.verdict == "undecided"
    assert judgement.why == "it is about cifar10, and this is photos"
    assert judgement.measured.startswith("128: 30.0")
    assert judgement.comparisons == []


def test_the_best_experiment_is_named(agreeing):
    judgement = judge(CLAIMS["three-layers"], agreeing, "cifar10")
    assert "128-128 (the best): 56.0" in judgement.measured


def test_p_values_are_corrected_for_the_tests_of_the_claim(agreeing):
    judgement = judge(CLAIMS["hog"], agreeing, "cifar10")
    assert [c.finding.p for c in judgement.comparisons] == [2 / 2**6] * 4
    assert [c.p_holm for c in judgement.comparisons] == [4 * 2 / 2**6] * 4


# ---------------------------------------------------------------- the file


def test_every_name_is_an_experiment_of_cifar10():
    groups = [group for question in STUDY.questions for group in question.groups]
    names = {test.experiment for claim in STUDY.claims for test in claim.tests} - {BEST}
    names |= {t.baseline for c in STUDY.claims for t in c.tests if isinstance(t, Compare)}
    names |= {name for group in groups for name in (group.baseline, *group.experiments)}
    names |= set(STUDY.weights)
    assert {f"cifar10-{name}" for name in names} <= set(DOCUMENT["experiments"])


def test_every_experiment_is_in_a_table():
    groups = [group for question in STUDY.questions for group in question.groups]
    names = {name for group in groups for name in (group.baseline, *group.experiments)}
    experiments = {
        name.removeprefix(f"{merge(DOCUMENT, name).dataset}-") for name in DOCUMENT["experiments"]
    }
    assert experiments <= names


def test_a_claim_of_others_has_their_tests():
    parts = [CLAIMS[name].tests for name in ("binarizing", "hog", "pca")]
    assert CLAIMS["preprocessing"].tests == [test for tests in parts for test in tests]


ONE = {"rule": "higher", "experiment": "a", "baseline": "b", "margin": 1.0}


def claim_with(**changes):
    return {"claims": [{"id": "one", "quotation": "So", "tests": [ONE]} | changes]}


def one_test(**changes):
    values = {key: value for key, value in (ONE | changes).items() if value is not None}
    return claim_with(tests=[values])


MISTAKES = {
    "unknown rule": (one_test(rule="highest"), "claims.0.tests.0.rule: 'highest'", "'higher'"),
    "no rule": (one_test(rule=None), "claims.0.tests.0.rule: None"),
    "misspelt key": (one_test(margni=1.0), "claims.0.tests.0.margni: unknown key", "'margin'"),
    "missing margin": (one_test(margin=None), "claims.0.tests.0.margin: this key is required"),
    "no margin": (one_test(margin=0.0), "claims.0.tests.0.margin: 0.0", "greater than 0"),
    "number for a name": (one_test(experiment=128), "claims.0.tests.0.experiment: 128", "string"),
    "unknown measure": (one_test(measure="speed"), "claims.0.tests.0.measure: 'speed'", "'gap'"),
    "loss without epoch": (one_test(measure="loss"), "claims.0.tests.0", "epoch is needed"),
    "accuracy of an epoch": (one_test(epoch=3), "claims.0.tests.0", "only there"),
    "key of another rule": (one_test(bar=3.0), "claims.0.tests.0.bar: unknown key"),
    "no tests": (claim_with(tests=[]), "claims.0", "either tests or each_of"),
    "both": (claim_with(each_of=["one"]), "claims.0", "either tests or each_of"),
    "no quotation": (claim_with(quotation=""), "claims.0.quotation: ''"),
    "bad id": (claim_with(id="One two"), "claims.0.id: 'One two'"),
    "unknown part": (claim_with(tests=[], each_of=["two"]), "claims.0.each_of: no claim 'two'"),
    "twice": ({"claims": [*claim_with()["claims"]] * 2}, "claims.0.id: 'one' is there twice"),
    "claims that are text": ({"claims": "none"}, "claims: 'none' is not allowed"),
    "a test that is text": (claim_with(tests=["x"]), "claims.0.tests.0.rule"),
    "empty group": (
        {"questions": [{"id": "q", "title": "Q", "groups": []}]},
        "file.yaml.questions.0.groups: []",
    ),
    "unknown section": ({"claim": []}, "file.yaml.claim: unknown key", "'claims'"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line_that_names_it(name, tmp_path):
    change, *parts = MISTAKES[name]
    document = {"questions": [], "weights": [], **claim_with(), **change}
    path = tmp_path / "file.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    with pytest.raises(ParamsError) as error:
        load_study(path)
    message = str(error.value)
    assert "\n" not in message
    for part in parts:
        assert part in message
