"""The claims: what each rule decides, how each verdict flips, and mistakes in the file."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import yaml
from scipy import stats

from stages.claims.judge import judge
from stages.claims.kinds import Compare, Published, Remark
from stages.claims.numbers import figures_of
from stages.claims.rules import bar, compare, published
from stages.claims.schema import load_study
from stages.params.experiment import merge
from stages.readings.fitting import Fit
from stages.runtime.errors import ParamsError
from stages.statistics.comparisons import Runs, holm
from stages.statistics.intervals import picture_margin, t_interval
from stages.statistics.units import NATS, PERCENT
from tests.helpers import ROOT
from tests.made_up import DOCUMENT, N_TEST, made_up

FILE = ROOT / "study" / "course-report.yaml"
STUDY = load_study(FILE)
CLAIMS = {claim.id: claim for claim in STUDY.claims}
NUMBERS = [claim.id for claim in STUDY.claims if isinstance(claim.tests[0], Published)]
SENTENCES = [name for name in CLAIMS if name not in NUMBERS]
SEEDS = np.array([-0.5, -0.3, -0.1, 0.1, 0.3, 0.5])

# ---------------------------------------------------------------- rules


def one_run(values, level=0.95):
    """Return where one more run falls, by the textbook's formula."""
    half = stats.t.ppf((1 + level) / 2, len(values) - 1) * np.std(values, ddof=1)
    half *= np.sqrt(1 + 1 / len(values))
    return np.mean(values) - half, np.mean(values) + half


@pytest.mark.parametrize(
    ("mean", "verdict"),
    [
        (52.0, "reproduces"),
        (53.0, "reproduces"),  # the interval of the mean, 52.6 to 53.4, would miss it
        (51.0, "reproduces"),
        (54.0, "does not reproduce"),
        (48.0, "does not reproduce"),
    ],
)
def test_a_published_run_is_one_more_run_not_a_mean(mean, verdict):
    finding = published(mean + SEEDS, 52.0, 0.0, PERCENT)
    low, high = one_run(mean + SEEDS)
    assert (
        finding.verdict == verdict == ("reproduces" if low <= 52 <= high else "does not reproduce")
    )
    assert f"{mean:.2f} %" in finding.measured
    assert f"[{low:.2f}, {high:.2f}]" in finding.measured


def test_a_miss_is_measured_from_the_interval():
    low, _ = one_run(54 + SEEDS)
    assert f"{low - 52:.2f} points below" in published(54 + SEEDS, 52.0, 0.0, PERCENT).why
    _, high = one_run(48 + SEEDS)
    assert f"{52 - high:.2f} points above" in published(48 + SEEDS, 52.0, 0.0, PERCENT).why


def test_the_last_printed_digit_widens_the_interval():
    _, high = one_run(50 + SEEDS)
    assert published(50 + SEEDS, high + 0.4, 0.5, PERCENT).verdict == "reproduces"
    assert published(50 + SEEDS, high + 0.4, 0.3, PERCENT).verdict == "does not reproduce"


def test_one_seed_decides_no_number():
    finding = published(np.array([52.0]), 52.0, 0.5, PERCENT)
    assert finding.verdict == "undecided"
    assert "one seed" in finding.why


def test_losses_have_their_unit_and_digits():
    finding = published(2.16 + SEEDS / 100, 2.1603, 0.0, NATS)
    assert finding.verdict == "reproduces"
    assert finding.measured.startswith("2.160 nats")


@pytest.mark.parametrize(
    ("mean", "below", "above"),
    [
        (55.0, "holds", "does not hold"),
        (59.9, "undecided", "undecided"),
        (65.0, "does not hold", "holds"),
    ],
)
def test_a_bar_is_held_against_the_interval_of_the_mean(mean, below, above):
    assert bar("below", mean + SEEDS, 60.0, PERCENT).verdict == below
    assert bar("above", mean + SEEDS, 60.0, PERCENT).verdict == above
    low, high = t_interval(mean + SEEDS)
    assert f"[{low:.2f}, {high:.2f}]" in bar("below", mean + SEEDS, 60.0, PERCENT).measured
    assert bar("below", np.array([mean]), 60.0, PERCENT).verdict == "undecided"


def test_seeds_that_all_agree_need_no_spread():
    assert bar("above", np.full(6, 100.0), 99.99, PERCENT).verdict == "holds"
    assert bar("below", np.full(6, 100.0), 99.99, PERCENT).verdict == "does not hold"


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
def test_a_comparison_is_held_against_its_margin(difference, higher, lower, not_better):
    baseline = Runs(np.full(6, 40.0))
    runs = Runs(40 + difference + SEEDS)
    wanted = {"higher": higher, "lower": lower, "not_better": not_better}
    for rule, verdict in wanted.items():
        assert compare(rule, baseline, runs, 1.0, PERCENT, paired=True).verdict == verdict


def test_an_open_comparison_says_how_many_seeds_would_decide_it():
    baseline, runs = Runs(np.full(6, 40.0)), Runs(41.2 + SEEDS)
    finding = compare("higher", baseline, runs, 1.0, PERCENT, paired=True)
    assert finding.verdict == "undecided"
    # Student's interval of n such seeds excludes the margin when half of it is below 0.2.
    sd = np.std(SEEDS, ddof=1)
    halves = {n: stats.t.ppf(0.975, n - 1) * sd / np.sqrt(n) for n in range(7, 50)}
    needed = min(n for n, half in halves.items() if half < 0.2)
    assert f"{needed} seeds" in finding.why
    assert (
        "seeds" not in compare("higher", baseline, Runs(50 + SEEDS), 1.0, PERCENT, paired=True).why
    )


def test_one_seed_decides_no_comparison():
    finding = compare(
        "higher", Runs(np.zeros(1)), Runs(np.full(1, 50.0)), 1.0, PERCENT, paired=True
    )
    assert finding.verdict == "undecided"


# ---------------------------------------------------------------- the course report's claims

# Results that agree with the course report in all that it claims.
AGREEING = {
    "unnormalized": {"accuracy": 20.0, "logit": 5000.0},
    "128-unnormalized": {"accuracy": 10.0},
    **{f"normalize{chain}": {"accuracy": 40.0} for chain in ("", "-standardize")},
    **{f"normalize{chain}-tuned": {"accuracy": 40.0} for chain in ("", "-standardize")},
    **{
        f"{name}{chain}": {"accuracy": 33.0}
        for name in ("binarize", "hog", "pca")
        for chain in ("", "-standardize", "-tuned", "-standardize-tuned")
    },
    "linear": {"accuracy": 38.0, "train": 40.0, "agreement": 100.0},
    "128-identity": {"accuracy": 37.79, "loss": 1.5815, "agreement": 100.0},
    "128": {"accuracy": 52.0, "train": 70.0},
    "128-tanh": {"accuracy": 50.0},
    "128-l1": {"accuracy": 47.31, "near_zero": 80.0, "loss": 2.1603, "net_loss": 1.4697},
    "128-l2-strong": {"accuracy": 50.0, "train": 55.0},
    "128-recipe": {"accuracy": 55.0},
    "hog-colour-128": {"accuracy": 45.0},
    "patches": {"accuracy": 30.0},
}

# Of one sentence: a change of one experiment that contradicts it, and one that leaves it open.
MARGIN = round(picture_margin(N_TEST), 2)
FLIPS = {
    "overflow": ("unnormalized", {"logit": 300.0}, None),
    "preprocessing": ("hog", {"accuracy": 45.0}, {"accuracy": 40 - MARGIN}),
    "binarizing": ("binarize-tuned", {"accuracy": 45.0}, {"accuracy": 40 - MARGIN}),
    "hog": ("hog-standardize", {"accuracy": 40.0}, {"accuracy": 40 - MARGIN}),
    "pca": ("pca-standardize-tuned", {"accuracy": 45.0}, {"accuracy": 40 - MARGIN}),
    "information": ("patches", {"accuracy": 60.0}, {"accuracy": 38 - MARGIN}),
    "fit": ("128", {"train": 40.0}, {"train": 40 + MARGIN}),
    "depth": ("128", {"accuracy": 36.0}, {"accuracy": 38 + MARGIN}),
    "linear-layers": ("128-identity", {"agreement": 99.9}, None),
    "activation": ("128-tanh", {"accuracy": 33.0}, {"accuracy": 37.79 + MARGIN}),
    "l1-sparse": ("128-l1", {"near_zero": 20.0}, None),
    "l2-over-fitting": ("128-l2-strong", {"train": 75.0}, {"train": 68 - MARGIN}),
    "three-layers": ("128-recipe", {"accuracy": 65.0}, {"accuracy": 60.0}),
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


def with_change(results, name, change):
    changed = made_up(f"cifar10-{name}", **AGREEING[name] | change)
    return [changed if result.name == changed.name else result for result in results]


@pytest.mark.parametrize("name", SENTENCES)
def test_results_as_the_report_has_them_agree_with_it(name, agreeing):
    judgement = judge(CLAIMS[name], agreeing, "cifar10", [])
    assert judgement.verdict == "holds", judgement
    assert len(judgement.comparisons) == len(CLAIMS[name].tests)


@pytest.mark.parametrize("name", SENTENCES)
def test_a_change_flips_the_verdict(name, agreeing):
    experiment, contradicting, _ = FLIPS[name]
    results = with_change(agreeing, experiment, contradicting)
    assert judge(CLAIMS[name], results, "cifar10", []).verdict == "does not hold"


@pytest.mark.parametrize("name", [name for name, flip in FLIPS.items() if flip[2]])
def test_results_at_the_threshold_leave_it_undecided(name, agreeing):
    experiment, _, between = FLIPS[name]
    judgement = judge(CLAIMS[name], with_change(agreeing, experiment, between), "cifar10", [])
    assert judgement.verdict == "undecided"
    assert "seeds" in judgement.why


@pytest.mark.parametrize(
    "test",
    [test for claim in STUDY.claims for test in claim.tests if test.measure == "accuracy"],
    ids=lambda test: f"{test.rule}-{test.experiment}",
)
def test_30_points_up_and_down_flip_every_test(test):
    others = []
    if isinstance(test, Compare):
        others = [made_up(f"cifar10-{test.baseline}", **AGREEING[test.baseline])]
    claim = CLAIMS["depth"].model_copy(update={"tests": [test]})
    center = AGREEING[test.experiment]["accuracy"]
    verdicts = [
        judge(
            claim, [made_up(f"cifar10-{test.experiment}", center + shift), *others], "cifar10", []
        )
        for shift in (-30 if center > 30 else -9, 0, 44)
    ]
    assert verdicts[1].verdict in {"holds", "reproduces"}
    negative = {"does not hold", "undecided"}  # undecided: a number, without a reading tried
    assert negative & {verdicts[0].verdict, verdicts[2].verdict}


def test_the_margin_follows_the_number_of_pictures(agreeing):
    judgement = judge(CLAIMS["depth"], agreeing, "cifar10", [])
    assert judgement.rule == f"higher by more than {MARGIN:g} points"
    assert 3 < MARGIN < 3.2  # 1,000 made-up pictures


def test_one_contradiction_is_enough_whatever_else_is_open(agreeing):
    results = with_change(agreeing, "128", {"accuracy": 37.79 + MARGIN})
    results = with_change(results, "128-tanh", {"accuracy": 30.0})
    judgement = judge(CLAIMS["activation"], results, "cifar10", [])
    verdicts = [comparison.finding.verdict for comparison in judgement.comparisons]
    assert verdicts == ["undecided", "does not hold"]
    assert judgement.verdict == "does not hold"
    assert judgement.why.startswith("128-tanh \N{MINUS SIGN} 128-identity: the interval lies below")


def test_what_was_not_run_is_left_out_and_said(agreeing):
    results = [r for r in agreeing if r.short_name != "128-tanh"]
    judgement = judge(CLAIMS["activation"], results, "cifar10", [])
    assert judgement.verdict == "holds"
    assert judgement.why.endswith("1 of 2 not run here")
    (comparison,) = judgement.comparisons
    assert comparison.subject == "128 \N{MINUS SIGN} 128-identity"


def test_without_any_run_it_is_undecided():
    judgement = judge(CLAIMS["l2-over-fitting"], [made_up("cifar10-128")], "cifar10", [])
    assert (judgement.verdict, judgement.why[:7], judgement.measured) == (
        "undecided",
        "not run",
        "-",
    )


def test_an_epoch_that_was_not_reached_was_not_run(agreeing):
    (long,) = [test for test in CLAIMS["hidden-numbers"].tests if test.epoch]
    for update in ({"epoch": 100}, {"epoch": 100, "since": 3}):
        claim = CLAIMS["hidden-numbers"].model_copy(
            update={"tests": [long.model_copy(update=update)]}
        )
        assert judge(claim, agreeing, "cifar10", []).comparisons == []


def test_other_test_pictures_are_not_compared():
    document = copy.deepcopy(DOCUMENT)
    document["experiments"]["cifar10-linear"]["split"] = "one"
    results = [made_up("cifar10-linear", 30.0, document=document), made_up("cifar10-128", 50.0)]
    assert judge(CLAIMS["depth"], results, "cifar10", []).comparisons == []


def test_other_seeds_are_compared_as_independent_runs():
    document = copy.deepcopy(DOCUMENT)
    document["experiments"]["cifar10-128-tanh"]["seeds"] = [6, 7, 8, 9, 10, 11]
    tanh, other = made_up("cifar10-128-tanh"), made_up("cifar10-128-tanh", document=document)
    identity = made_up("cifar10-128-identity")
    assert tanh.is_paired_with(identity)
    assert not other.is_paired_with(identity)
    (paired,) = judge(CLAIMS["activation"], [tanh, identity], "cifar10", []).comparisons
    (welch,) = judge(CLAIMS["activation"], [other, identity], "cifar10", []).comparisons
    accuracies = [result.per_seed("accuracy") for result in (tanh, other, identity)]
    edges = accuracies[2] + MARGIN
    assert paired.finding.p == pytest.approx(stats.ttest_rel(accuracies[0], edges).pvalue)
    assert welch.finding.p == pytest.approx(
        stats.ttest_ind(accuracies[1], edges, equal_var=False).pvalue
    )


@pytest.mark.parametrize("name", ["linear", "128-recipe", "normalize", "128-128", "hog-colour-128"])
def test_seeds_of_other_shapes_orders_or_draws_are_not_paired(name):
    assert not made_up(f"cifar10-{name}").is_paired_with(made_up("cifar10-128"))


def test_a_number_about_one_dataset_says_nothing_about_another():
    results = results_of({"128": {"accuracy": 30.0}}, dataset="photos")
    judgement = judge(CLAIMS["no-penalty-accuracy"], results, "photos", [])
    assert judgement.verdict == "undecided"
    assert "only to cifar10" in judgement.why
    assert judgement.measured.startswith("128: 30.0")
    assert judgement.comparisons == []


def test_remarks_are_shown_and_decide_nothing(agreeing):
    results = [*agreeing, made_up("cifar10-hog-fine-512", 85.0)]
    names = ("hog-fine-512", "hog-colour-128", "not-run")
    claim = CLAIMS["three-layers"]
    claim = claim.model_copy(update={"remarks": [Remark(experiment=name) for name in names]})
    judgement = judge(claim, results, "cifar10", [])
    assert judgement.verdict == "holds"
    first, second = judgement.remarks
    assert first.startswith("hog-fine-512: 85.0")
    assert second.startswith("hog-colour-128: 45.0")
    (first, second) = judge(CLAIMS["l2-over-fitting"], results, "cifar10", []).remarks
    assert first.startswith("128-l2-strong \N{MINUS SIGN} 128: \N{MINUS SIGN}2.00 points")
    assert "training accuracy" in second


def test_p_values_are_corrected_for_the_tests_of_the_claim(agreeing):
    judgement = judge(CLAIMS["hog"], agreeing, "cifar10", [])
    p = [comparison.finding.p for comparison in judgement.comparisons]
    assert [c.p_holm for c in judgement.comparisons] == holm(p)
    assert min(c.p_holm for c in judgement.comparisons) == pytest.approx(4 * min(p))


# ---------------------------------------------------------------- published numbers


def fits_of(claim, table):
    """Return made-up fits: of each reading, whether it fits each number of the claim, in order."""
    figures = figures_of([claim])
    words = {"yes": (True, False), "no": (False, False), "inferred": (False, True)}
    found = []
    for reading, answers in table.items():
        name, _, at = reading.partition("; ")
        for figure, answer in zip(figures, answers, strict=True):
            if answer:
                fits, inferred = words[answer]
                at_last = at or "last epoch"
                found.append(
                    Fit(
                        figure,
                        name,
                        {},
                        at_last,
                        0.0,
                        0.0,
                        0.0,
                        0.0 if fits else 1.0,
                        inferred,
                        fits,
                    )
                )
    return found


OFF = {"128-l1": {"accuracy": 40.0, "loss": 1.7}, "128": {"accuracy": 47.0}}
OFF["128-identity"] = {"accuracy": 33.0, "loss": 1.66}


@pytest.mark.parametrize("name", [name for name in NUMBERS if name != "late-epochs"])
def test_numbers_as_the_report_has_them_reproduce(name, agreeing):
    judgement = judge(CLAIMS[name], agreeing, "cifar10", [])
    assert judgement.verdict == "reproduces", judgement


def test_a_number_that_the_plain_experiment_gives_needs_no_reading(agreeing):
    claim = CLAIMS["no-penalty-accuracy"]
    fits = fits_of(claim, {"last batch short": ["yes"]})
    assert judge(claim, agreeing, "cifar10", fits).verdict == "reproduces"


def test_a_number_may_come_out_under_a_reading():
    claim = CLAIMS["no-penalty-accuracy"]
    fits = fits_of(claim, {"plain": ["no"], "last batch drop": ["yes"], "weights 0.1": ["no"]})
    judgement = judge(claim, results_of(OFF), "cifar10", fits)
    assert judgement.verdict == "reproduces if last batch drop"
    assert "1 of 3 readings" in judgement.why


def test_where_an_accuracy_is_measured_is_part_of_the_reading():
    claim = CLAIMS["no-penalty-accuracy"]
    fits = fits_of(claim, {"plain": ["no"], "plain; best epoch": ["yes"]})
    judgement = judge(claim, results_of(OFF), "cifar10", fits)
    assert judgement.verdict == "reproduces if the plain reading of forensics, best epoch"


def test_losses_are_the_same_wherever_the_accuracy_is_measured():
    claim = CLAIMS["hidden-numbers"]
    fits = fits_of(claim, {"plain": ["no", "yes"], "plain; best epoch": ["yes", None]})
    judgement = judge(claim, results_of(OFF), "cifar10", fits)
    assert judgement.verdict == "reproduces if the plain reading of forensics, best epoch"


def test_a_reading_must_fit_all_numbers_of_a_claim():
    claim = CLAIMS["hidden-numbers"]
    fits = fits_of(claim, {"one batch": ["yes", "no"], "five batches": ["no", "yes"]})
    judgement = judge(claim, results_of(OFF), "cifar10", fits)
    assert judgement.verdict == "does not reproduce under any of 2 readings"


def test_a_reading_that_was_not_tried_on_all_numbers_does_not_count():
    claim = CLAIMS["hidden-numbers"]
    fits = fits_of(claim, {"one batch": ["yes", None], "five batches": ["no", "yes"]})
    judgement = judge(claim, results_of(OFF), "cifar10", fits)
    assert judgement.verdict == "does not reproduce under any of 1 readings"


@pytest.mark.parametrize(
    ("answers", "verdict"),
    [
        (["inferred", "yes"], "reproduces if weights 0.05"),
        (["inferred", "no"], "does not reproduce under any of 1 readings"),
        (["inferred", "inferred"], "does not reproduce under any of 1 readings"),
    ],
)
def test_a_setting_inferred_from_a_number_is_no_success_on_it(answers, verdict):
    claim = CLAIMS["l1-losses"]
    fits = fits_of(claim, {"weights 0.05": answers})
    assert judge(claim, results_of(OFF), "cifar10", fits).verdict == verdict


def test_without_readings_a_number_stays_open():
    judgement = judge(CLAIMS["no-penalty-accuracy"], results_of(OFF), "cifar10", [])
    assert judgement.verdict == "undecided"
    assert "no other reading" in judgement.why


def test_a_verdict_names_few_readings_and_counts_the_rest():
    claim = CLAIMS["no-penalty-accuracy"]
    fits = fits_of(claim, {f"reading {n}": ["yes"] for n in range(5)})
    judgement = judge(claim, results_of(OFF), "cifar10", fits)
    assert judgement.verdict == "reproduces if reading 0 or reading 1"
    assert "3 more" in judgement.why


# ---------------------------------------------------------------- the file


def test_every_name_is_an_experiment_of_cifar10():
    groups = [group for question in STUDY.questions for group in question.groups]
    asked = [test for claim in STUDY.claims for test in (*claim.tests, *claim.remarks)]
    names = {test.experiment for test in asked}
    names |= {test.baseline for test in asked if getattr(test, "baseline", None)}
    names |= {name for spread in STUDY.spreads for name in spread.experiments}
    names |= {name for group in groups for name in (group.baseline, *group.experiments)}
    names |= set(STUDY.weights)
    absent = {"128-l2"}  # the search for a strength is shown on photos alone
    assert {f"cifar10-{name}" for name in names - absent} <= set(DOCUMENT["experiments"])


def test_every_experiment_is_in_a_table():
    groups = [group for question in STUDY.questions for group in question.groups]
    names = {name for group in groups for name in (group.baseline, *group.experiments)}
    names |= {name for spread in STUDY.spreads for name in spread.experiments}
    experiments = {
        name.removeprefix(f"{merge(DOCUMENT, name).dataset}-") for name in DOCUMENT["experiments"]
    }
    assert experiments <= names


def test_a_claim_of_others_has_their_tests():
    parts = [CLAIMS[name].tests for name in ("binarizing", "hog", "pca")]
    assert CLAIMS["preprocessing"].tests == [test for tests in parts for test in tests]


ONE = {"rule": "higher", "experiment": "a", "baseline": "b", "margin": 1.0}


def claim_with(**changes):
    claim = {"id": "one", "quotation": "So", "teacher": "Why?", "tests": [ONE]}
    return {"claims": [claim | changes]}


def one_test(**changes):
    values = {key: value for key, value in (ONE | changes).items() if value is not None}
    return claim_with(tests=[values])


MISTAKES = {
    "unknown rule": (one_test(rule="highest"), "claims.0.tests.0.rule: 'highest'", "'higher'"),
    "no rule": (one_test(rule=None), "claims.0.tests.0.rule: None"),
    "misspelt key": (one_test(margni=1.0), "claims.0.tests.0.margni: unknown key", "'margin'"),
    "missing margin": (
        one_test(margin=None, measure="zero_weights"),
        "claims.0.tests.0.margin",
        "gap",
    ),
    "no teacher": (claim_with(teacher=""), "claims.0.teacher: ''"),
    "since without epoch": (one_test(since=3), "claims.0.tests.0.since: 3", "before epoch"),
    "since after epoch": (
        one_test(measure="loss", epoch=3, since=3),
        "claims.0.tests.0.since: 3",
        "before epoch",
    ),
    "number and sentence": (
        claim_with(
            tests=[ONE, {"rule": "published", "experiment": "a", "claimed": 1.0, "rounding": 0.0}]
        ),
        "claims.0.tests",
        "claims of their own",
    ),
    "remark with a rule": (claim_with(remarks=[ONE]), "claims.0.remarks.0", "unknown key"),
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
    document = {"questions": [], "spreads": [], "weights": [], **claim_with(), **change}
    path = tmp_path / "file.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    with pytest.raises(ParamsError) as error:
        load_study(path)
    message = str(error.value)
    assert "\n" not in message
    for part in parts:
        assert part in message
