"""The statistics agree with other implementations, with worked examples, and with themselves."""

from __future__ import annotations

import itertools
import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats
from sklearn.metrics import brier_score_loss, log_loss

from stages.statistics.calibration import (
    brier_score,
    expected_calibration_error,
    negative_log_likelihood,
)
from stages.statistics.comparisons import Runs, difference, holm, seeds_to_decide
from stages.statistics.components import variance_components
from stages.statistics.intervals import (
    picture_margin,
    prediction_interval,
    share_interval,
    t_interval,
    wilson_interval,
)
from stages.statistics.resampling import seed_and_picture_changes

ACCURACIES = [0.5012, 0.4987, 0.5043, 0.5021, 0.4999, 0.5060]


def generator(seed=0):
    return np.random.default_rng(seed)


# Accuracies on 10,000 pictures: pairs of counts, one pair per seed.
PAIRS = st.lists(
    st.tuples(st.integers(0, 10_000), st.integers(0, 10_000)), min_size=2, max_size=7
).map(lambda pairs: np.array(pairs).T)
few = settings(max_examples=25, derandomize=True, database=None)


# ---------------------------------------------------------------- intervals


def test_t_interval_with_a_tabulated_quantile():
    # Mean 3, variance 10 / 4, and 2.776 for four degrees of freedom from any table.
    half = 2.776445 * math.sqrt(2.5 / 5)
    assert t_interval([1, 2, 3, 4, 5]) == pytest.approx((3 - half, 3 + half), abs=1e-6)


@pytest.mark.parametrize("level", [0.5, 0.95, 0.99])
def test_t_interval_inverts_the_t_test(level):
    low, high = t_interval(ACCURACIES, level)
    assert stats.ttest_1samp(ACCURACIES, low).pvalue == pytest.approx(1 - level)
    assert stats.ttest_1samp(ACCURACIES, high).pvalue == pytest.approx(1 - level)
    assert low < np.mean(ACCURACIES) < high


def test_t_interval_without_spread():
    assert t_interval([0.5]) is None
    assert t_interval([0.5, 0.5, 0.5]) == (0.5, 0.5)


@pytest.mark.parametrize(
    ("values", "level"),
    [([], 0.95), ([0.5, math.nan], 0.95), ([[1, 2]], 0.95), ([1, 2], 1), ([1, 2], 0), ([1], 95)],
)
def test_t_interval_refuses(values, level):
    for interval in (t_interval, share_interval, prediction_interval):
        with pytest.raises(ValueError, match="interval"):
            interval(values, level)


@pytest.mark.parametrize("level", [0.5, 0.95])
def test_one_further_run_falls_into_the_prediction_interval_as_often_as_it_says(level):
    runs = generator(20).normal(50.0, 2.0, size=(4000, 7))
    ends = np.array([prediction_interval(row[:6], level) for row in runs])
    held = (ends[:, 0] <= runs[:, 6]) & (runs[:, 6] <= ends[:, 1])
    assert held.mean() == pytest.approx(level, abs=0.02)


def test_prediction_interval_by_hand():
    # Mean 3, variance 10 / 4, five values, and the t of the table.
    half = 2.776445 * math.sqrt(2.5 * (1 + 1 / 5))
    assert prediction_interval([1, 2, 3, 4, 5]) == pytest.approx((3 - half, 3 + half), abs=1e-6)
    assert prediction_interval([0.5]) is None
    assert prediction_interval([0.5, 0.5, 0.5]) == (0.5, 0.5)


def test_the_interval_of_a_share_ends_at_0_and_100():
    near_100, near_0 = [100.0, 99.5, 93.0], [0.0, 0.5, 7.0]
    assert t_interval(near_100)[1] > 100
    assert share_interval(near_100) == (t_interval(near_100)[0], 100.0)
    assert t_interval(near_0)[0] < 0
    assert share_interval(near_0) == (0.0, t_interval(near_0)[1])
    assert share_interval([48.0, 52.0, 50.0], 0.8) == t_interval([48.0, 52.0, 50.0], 0.8)
    assert share_interval([100.0]) is None


def test_wilson_on_the_test_set_of_cifar_at_one_half():
    low, high = wilson_interval(5_000, 10_000)
    assert round(100 * (high - low) / 2, 2) == 0.98
    assert (low + high) / 2 == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("successes", "n", "level"), [(0, 10, 0.95), (10, 10, 0.95), (81, 263, 0.95), (7, 20, 0.8)]
)
def test_wilson_ends_solve_the_score_equation(successes, n, level):
    # Its ends are the q where (p - q) / sqrt(q (1 - q) / n) is the normal quantile.
    z, p = NormalDist().inv_cdf((1 + level) / 2), successes / n
    roots = np.sort(np.roots([1 + z**2 / n, -2 * p - z**2 / n, p**2]))
    assert wilson_interval(successes, n, level) == pytest.approx(tuple(roots), abs=1e-9)


def test_wilson_published_example():
    # Newcombe, Statistics in Medicine 17, 1998, table I: 81 of 263.
    assert [round(end, 4) for end in wilson_interval(81, 263)] == [0.2553, 0.3662]


@pytest.mark.parametrize(
    ("successes", "n", "level"), [(-1, 10, 0.95), (11, 10, 0.95), (0, 0, 0.95), (1, 2, 1.0)]
)
def test_wilson_refuses(successes, n, level):
    with pytest.raises(ValueError, match=r"not possible|level"):
        wilson_interval(successes, n, level)


@pytest.mark.parametrize(("n", "margin"), [(10_000, 0.98), (500, 4.37)])
def test_the_margin_is_half_of_wilsons_interval_at_one_half(n, margin):
    low, high = wilson_interval(n // 2, n)
    assert picture_margin(n) == pytest.approx(100 * (high - low) / 2)
    assert round(picture_margin(n), 2) == margin


def test_the_margin_of_no_pictures():
    with pytest.raises(ValueError, match="one test picture"):
        picture_margin(0)


# ---------------------------------------------------------------- comparisons


def made_up_runs(rng, n_seeds=6, n_pictures=300, accuracies=(50.0, 53.0), spread=2.0):
    """Return two experiments whose seeds, and which themselves, find the same pictures hard."""
    pictures = rng.normal(size=n_pictures)
    runs = []
    for accuracy in accuracies:
        own = 0.8 * pictures + 0.6 * rng.normal(size=n_pictures)
        answers = 0.8 * own + 0.6 * rng.normal(size=(n_seeds, n_pictures))
        shares = (accuracy + spread * rng.normal(size=(n_seeds, 1))) / 100
        correct = answers < special.ndtri(shares)
        runs.append(Runs(100 * correct.mean(axis=1), correct))
    return runs


def slow_bootstrap(first, second, paired, n_resamples=4000):
    """Return the ends of the bootstrap over seeds and pictures, one resample after another."""
    rng, differences = generator(1), []
    n, m, n_pictures = len(first.values), len(second.values), first.correct.shape[1]
    a, b = first.values, second.values
    if paired:
        dof = n - 1
    else:
        u, v = a.var(ddof=1) / n, b.var(ddof=1) / m
        dof = (u + v) ** 2 / (u**2 / (n - 1) + v**2 / (m - 1))
    stretch = stats.t.ppf(0.975, dof) / stats.norm.ppf(0.975)
    a = a.mean() + stretch * math.sqrt(n / (n - 1)) * (a - a.mean())
    b = b.mean() + stretch * math.sqrt(m / (m - 1)) * (b - b.mean())
    for _ in range(n_resamples):
        pictures = rng.integers(n_pictures, size=n_pictures)
        seeds = rng.integers(n, size=n)
        others = seeds if paired else rng.integers(m, size=m)
        means = []
        for runs, values, drawn in ((first, a, seeds), (second, b, others)):
            on_drawn = runs.correct[drawn][:, pictures].mean(axis=1)
            change = on_drawn - runs.correct[drawn].mean(axis=1)
            means.append((values[drawn] + runs.sign * 100 * change).mean())
        differences.append(means[1] - means[0])
    return np.quantile(differences, [0.025, 0.975])


def test_a_paired_comparison_by_hand():
    # Differences 1, 2, 3, 4, 5: mean 3, standard error sqrt(2.5 / 5), t of 4 degrees 2.776.
    found = difference(
        Runs(np.array([5.0, 4.0, 3.0, 2.0, 1.0])), Runs(np.full(5, 6.0)), paired=True, edge=3.0
    )
    half = 2.776445 * math.sqrt(2.5 / 5)
    assert found[:3] == pytest.approx((3.0, 3.0 - half, 3.0 + half), abs=1e-6)
    assert found[3:] == ("seeds", 1.0, 1.0, None)


def test_the_share_of_better_runs_by_hand():
    first, second = Runs(np.array([1.0, 2.0, 3.0])), Runs(np.array([3.0, 2.0, 1.0]))
    assert difference(first, second, paired=True).p_better == 0.5  # one above, one equal
    assert difference(first, second, paired=True).correlation == pytest.approx(-1.0)
    third = Runs(np.array([2.0, 4.0]))  # above 1; equal to 2; below 3; above all three
    found = difference(first, third, paired=False)
    assert found.p_better == pytest.approx((1 + 0.5 + 3) / 6)
    assert found.correlation is None


@few
@given(PAIRS, st.floats(-3, 3))
def test_paired_seeds_are_scipys(counts, edge):
    first, second = counts / 100
    if np.ptp(second - first) == 0:
        return
    found = difference(Runs(first), Runs(second), paired=True, edge=edge)
    interval = stats.ttest_rel(second, first).confidence_interval(0.95)
    assert found.source == "seeds"
    assert found[:3] == pytest.approx((np.mean(second - first), *interval), rel=1e-6, abs=1e-6)
    assert found.p == pytest.approx(stats.ttest_rel(second - edge, first).pvalue, abs=1e-9)
    if min(np.ptp(first), np.ptp(second)) > 0:
        expected = stats.pearsonr(first, second).statistic
        assert found.correlation == pytest.approx(expected, abs=1e-9)


@pytest.mark.filterwarnings("ignore:Precision loss")  # SciPy's, of the one without spread
@pytest.mark.parametrize(("n", "m", "scale"), [(6, 6, 1), (6, 6, 10), (3, 12, 5), (9, 2, 0)])
def test_seeds_that_are_not_paired_are_scipys(n, m, scale):
    rng = generator(n + m + scale)
    first, second = rng.normal(48, 1, size=n), 50 + scale * rng.normal(size=m)
    found = difference(Runs(first), Runs(second), paired=False, edge=0.7)
    expected = stats.ttest_ind(second - 0.7, first, equal_var=False)
    interval = expected.confidence_interval(0.95)
    assert found.p == pytest.approx(expected.pvalue)
    assert found.low == pytest.approx(interval.low + 0.7)
    assert found.high == pytest.approx(interval.high + 0.7)
    u = stats.mannwhitneyu(second, first).statistic
    assert found.p_better == pytest.approx(u / (n * m))


@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize(("spread", "sign"), [(0.1, 1.0), (2.0, 1.0), (2.0, -1.0)])
def test_the_bootstrap_is_the_slow_one(paired, spread, sign):
    first, second = made_up_runs(generator(3), spread=spread)
    # Training minus test accuracy, where training accuracies are all 60 %.
    runs = [Runs(30 - 30 * sign + sign * r.values, r.correct, sign) for r in (first, second)]
    found = difference(*runs, paired=paired)
    expected = slow_bootstrap(*runs, paired)
    assert found.source == "seeds and pictures"
    error = 0.04 * (found.high - found.low)  # of the resamples
    assert (found.low, found.high) == pytest.approx(tuple(expected), abs=error)


def test_the_bootstrap_of_unequal_numbers_of_seeds_is_the_slow_one():
    first, second = made_up_runs(generator(4), spread=1.0)
    first = Runs(first.values[:3], first.correct[:3])
    found = difference(first, second, paired=False)
    error = 0.04 * (found.high - found.low)
    assert found.source == "seeds and pictures"
    assert found[1:3] == pytest.approx(tuple(slow_bootstrap(first, second, False)), abs=error)


def test_equal_seeds_leave_scipys_bootstrap_over_pictures():
    first, second = made_up_runs(generator(5))
    runs = [Runs(np.full(4, r.values[0]), r.correct[[0] * 4]) for r in (first, second)]
    found = difference(*runs, paired=True)
    expected = stats.bootstrap(
        (100.0 * (second.correct[0].astype(float) - first.correct[0]),),
        np.mean,
        n_resamples=6000,
        method="percentile",
        rng=generator(6),
    ).confidence_interval
    error = 0.04 * (found.high - found.low)
    assert found.source == "seeds and pictures"
    assert found[1:3] == pytest.approx(tuple(expected), abs=error)


def test_seeds_alone_are_drawn_as_scipy_draws_them():
    values = generator(7).normal(size=6)
    changes = seed_and_picture_changes(values - values.mean(), np.zeros((6000, 6)), generator())
    expected = stats.bootstrap(
        (values,), np.mean, n_resamples=6000, method="percentile", rng=generator(6)
    ).confidence_interval
    ends = values.mean() + np.quantile(changes, [0.025, 0.975])
    assert tuple(ends) == pytest.approx(tuple(expected), abs=0.04 * np.ptp(expected))


@pytest.mark.parametrize("paired", [True, False])
def test_pictures_that_both_get_right_alike_make_no_difference(paired):
    # Right on the same pictures, whatever those are: only seeds are left to differ.
    correct = np.tile(generator(8).random(400) < 0.5, (6, 1))
    values = np.array([50.0, 50.2, 49.9, 50.1, 50.0, 49.8])
    found = difference(Runs(values, correct), Runs(values[::-1] + 1, correct), paired=paired)
    alone = difference(Runs(values), Runs(values[::-1] + 1), paired=paired)
    assert found.high - found.low < 1.05 * (alone.high - alone.low)
    # Unless one of the measures falls where the other rises.
    falling = Runs(values, correct, sign=-1.0)
    found = difference(falling, Runs(values[::-1] + 1, correct), paired=paired)
    assert found.high - found.low > 10 * (alone.high - alone.low)


@pytest.mark.parametrize("paired", [True, False])
def test_few_pictures_widen_the_interval_and_leave_the_rest(paired):
    first, second = made_up_runs(generator(9), spread=0.1)
    with_pictures = difference(first, second, paired=paired)
    for one in (first, first._replace(correct=None)):
        alone = difference(one, second._replace(correct=None), paired=paired)
        assert alone.source == "seeds"
        assert with_pictures.source == "seeds and pictures"
        assert alone.low > with_pictures.low
        assert alone.high < with_pictures.high
        assert alone[4:] == with_pictures[4:]
        assert alone.mean == with_pictures.mean


@pytest.mark.parametrize("shift", [0.0, 0.1, 0.3, -0.0007])
@pytest.mark.parametrize("correct", [None, np.eye(6, 20, dtype=bool)])
def test_equal_differences_have_no_spread(shift, correct):
    # Rounding makes them differ in the 17th digit.
    first, second = np.array(ACCURACIES), np.array(ACCURACIES) + shift
    runs = Runs(first, correct), Runs(second, correct)
    found = difference(*runs, paired=True)
    assert found.low == found.high == found.mean == pytest.approx(shift, abs=1e-15)
    assert found.p == (0.0 if shift else 1.0)
    assert found.p_better == (1.0 if shift > 0 else 0.0 if shift else 0.5)
    assert difference(*runs, paired=True, edge=shift).p == 1.0
    constant = difference(Runs(np.full(6, 0.3)), Runs(np.full(4, 0.1 + 0.2)), paired=False)
    assert constant == (constant.mean,) * 3 + ("seeds", 1.0, 0.5, None)


def test_the_smallest_spread_is_not_rounding():
    # One picture of 10,000 in one of six seeds.
    second = np.array(ACCURACIES)
    second[0] += 0.0001
    found = difference(Runs(np.array(ACCURACIES)), Runs(second), paired=True)
    assert found.low < found.mean < found.high


@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize("spread", [0.1, 5.0])
def test_the_order_of_seeds_and_of_pictures_does_not_matter(paired, spread):
    first, second = made_up_runs(generator(10), spread=spread)
    found = difference(first, second, paired=paired, edge=1.0)
    rng = generator(11)
    pictures, seeds = rng.permutation(300), rng.permutation(6)
    others = seeds if paired else rng.permutation(6)
    shuffled = difference(
        Runs(first.values[seeds], first.correct[seeds][:, pictures]),
        Runs(second.values[others], second.correct[others][:, pictures]),
        paired=paired,
        edge=1.0,
    )
    error = 0.04 * (found.high - found.low)  # of the resamples
    assert shuffled[1:3] == pytest.approx(found[1:3], abs=error)
    assert (shuffled.mean, *shuffled[4:6]) == pytest.approx((found.mean, *found[4:6]))
    assert (shuffled.correlation is None) == (not paired)


@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize("spread", [0.1, 5.0])
def test_swapping_the_experiments_flips_the_sign(paired, spread):
    first, second = made_up_runs(generator(12), spread=spread)
    there = difference(first, second, paired=paired, edge=1.0)
    back = difference(second, first, paired=paired, edge=-1.0)
    # Paired, the resamples are the same; else the seeds are drawn in the other order.
    error = 1e-9 if paired else 0.04 * (there.high - there.low)
    assert (-back.high, -back.low) == pytest.approx((there.low, there.high), abs=error)
    assert back.mean == pytest.approx(-there.mean)
    assert back.p == pytest.approx(there.p)
    assert back.p_better == pytest.approx(1 - there.p_better)
    assert (back.source, back.correlation) == (there.source, pytest.approx(there.correlation))


def test_a_comparison_does_not_depend_on_those_before_it():
    first, second = made_up_runs(generator(13))
    before = difference(first, second, paired=False)
    difference(*made_up_runs(generator(14), n_pictures=200), paired=True)
    assert difference(first, second, paired=False) == before


@pytest.mark.parametrize(
    ("first", "second", "paired", "edge", "words"),
    [
        (Runs(np.array([])), Runs(np.array([1.0, 2.0])), False, 0, "two seeds"),
        (Runs(np.array([1.0])), Runs(np.array([2.0])), True, 0, "two seeds"),
        (Runs(np.array([1.0, 2.0])), Runs(np.array([2.0])), False, 0, "two seeds"),
        (Runs(np.ones((2, 2))), Runs(np.ones((2, 2))), True, 0, "two seeds"),
        (Runs(np.array([1.0, 2.0])), Runs(np.array([1.0, 2.0, 3.0])), True, 0, "equally many"),
        (Runs(np.array([1.0, 2.0])), Runs(np.array([1.0, math.inf])), True, 0, "finite"),
        (Runs(np.array([math.nan, 2.0])), Runs(np.array([1.0, 2.0])), False, 0, "finite"),
        (Runs(np.array([1.0, 2.0])), Runs(np.array([1.0, 2.0])), True, math.nan, "finite"),
        (Runs(np.ones(2), np.ones((2, 9), bool)), Runs(np.ones(2), np.ones((2, 8), bool)), True, 0,
         "9 and 8"),
        (Runs(np.ones(2), np.ones((3, 9), bool)), Runs(np.ones(2)), True, 0, "n_seeds"),
        (Runs(np.ones(2)), Runs(np.ones(2), np.ones((2, 9))), True, 0, "boolean"),
        (Runs(np.ones(2)), Runs(np.ones(2), np.ones((2, 0), bool)), True, 0, "n_pictures"),
    ],
)  # fmt: skip
def test_comparisons_refuse(first, second, paired, edge, words):
    for function in (difference, seeds_to_decide):
        with pytest.raises(ValueError, match=words):
            function(first, second, paired=paired, edge=edge)


def skewed(rng, n_seeds):
    """Return deviations of mean 0 and variance 1: mostly good seeds, now and then a bad one."""
    return 2.0 - rng.gamma(4.0, 0.5, size=n_seeds)


def normal(rng, n_seeds):
    return rng.normal(size=n_seeds)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [normal, skewed])
@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize(("spread", "answers"), [(1.0, False), (1.0, True), (4.0, True)])
def test_intervals_hold_the_true_difference_as_often_as_they_say(seeds, paired, spread, answers):
    # Seeds have true accuracies around 50 and 53 %, over all pictures there could be; the test
    # pictures are 200 of these, each hard or easy for all seeds of an experiment, and less so
    # for those of the other. Percentiles of six seeds hold the difference in 87 % of the cases.
    rng, cases, held = generator(15), 200 if answers else 500, 0
    for _ in range(cases):
        common = seeds(rng, 6) if paired else 0.0
        pictures = rng.normal(size=200)
        runs = []
        for accuracy in (50.0, 53.0):
            own = seeds(rng, 6)
            deviations = (common + own) / math.sqrt(2) if paired else own
            true = accuracy + spread * deviations
            hard = 0.8 * pictures + 0.6 * rng.normal(size=200)
            answer = math.sqrt(0.7) * hard + math.sqrt(0.3) * rng.normal(size=(6, 200))
            correct = answer < special.ndtri(true / 100)[:, np.newaxis]
            runs.append(Runs(100 * correct.mean(axis=1), correct) if answers else Runs(true))
        found = difference(*runs, paired=paired)
        held += found.low <= 3.0 <= found.high
    assert held / cases >= 0.93  # 0.95 less two standard errors of 500 cases


# ---------------------------------------------------------------- several comparisons


def test_holm_worked_example():
    # Sorted: 4 x 0.005, 3 x 0.01, 2 x 0.03, and 1 x 0.04 raised to the 0.06 before it.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holm_of_none_one_and_large():
    assert holm([]) == []
    assert holm([0.03]) == [0.03]
    assert holm([0.6, 0.5, 1.0]) == [1.0, 1.0, 1.0]


@few
@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_holm_is_the_closed_test_with_bonferroni(p):
    # A hypothesis falls when Bonferroni rejects every set of hypotheses it belongs to.
    sets = [
        subset
        for size in range(1, len(p) + 1)
        for subset in itertools.combinations(range(len(p)), size)
    ]
    bonferroni = {subset: min(1.0, len(subset) * min(p[i] for i in subset)) for subset in sets}
    closed = [max(bonferroni[subset] for subset in sets if i in subset) for i in range(len(p))]
    assert holm(p) == pytest.approx(closed)


@pytest.mark.parametrize("p", [[-0.1], [1.1], [math.nan], [[0.1]]])
def test_holm_refuses(p):
    with pytest.raises(ValueError, match="p-values"):
        holm(p)


# ---------------------------------------------------------------- seeds that would decide


def test_seeds_to_decide_by_hand():
    # Differences 1 and 3 alternate: variance 1.2 with six of them, 2 away from the edge 0.
    # t * sqrt(1.2 / n) is below 0.9 for 8 seeds (2.365 * 0.387 = 0.916: not yet), 9: 2.306 * 0.365.
    first, second = Runs(np.zeros(6)), Runs(np.array([1.0, 3.0] * 3))
    assert seeds_to_decide(first, second, paired=True, edge=1.1) == 9
    assert seeds_to_decide(first, second, paired=True, edge=2.9) == 9
    assert seeds_to_decide(first, second, paired=True, edge=2.0) is None
    assert seeds_to_decide(first, second, paired=True, edge=2.01) is None  # 46,000
    # Not paired, the first experiment adds nothing, and Welch's degrees of freedom are the same.
    assert seeds_to_decide(first, second, paired=False, edge=1.1) == 9


@pytest.mark.parametrize("paired", [True, False])
def test_so_many_seeds_of_the_same_spread_decide(paired):
    rng = generator(16)
    values = rng.normal(50, 2, size=6), rng.normal(51, 3, size=6)
    n = seeds_to_decide(Runs(values[0]), Runs(values[1]), paired=paired, edge=0.0)

    def interval_at(n_seeds):
        if paired:
            difference_ = values[1] - values[0]
            return t_interval(rescaled(difference_, n_seeds))
        samples = [rescaled(sample, n_seeds) for sample in values]
        return stats.ttest_ind(samples[1], samples[0], equal_var=False).confidence_interval()

    assert n > 6
    assert not interval_at(n)[0] <= 0 <= interval_at(n)[1]
    assert interval_at(n - 1)[0] <= 0 <= interval_at(n - 1)[1]


def rescaled(values, n):
    """Return n values with the mean and the standard deviation of these."""
    sample = np.linspace(-1, 1, n)
    return values.mean() + sample * values.std(ddof=1) / sample.std(ddof=1)


def test_no_number_of_seeds_replaces_pictures():
    first, second = made_up_runs(generator(23), spread=0.3)
    found = difference(first, second, paired=True)
    assert found.low < 0 < found.high
    values_alone = Runs(first.values), Runs(second.values)
    assert seeds_to_decide(*values_alone, paired=True, edge=0.0) is not None
    assert seeds_to_decide(first, second, paired=True, edge=0.0) is None


def test_pictures_add_to_the_seeds_that_would_decide():
    # Four pictures of 100 tell the experiments apart in every seed, three one way, one the other:
    # the mean over pictures is 2 points, its standard error sqrt(4 / 100 - 0.02**2) / 10 = 1.99.
    correct = np.zeros((2, 100), dtype=bool)
    correct[0, 0] = correct[1, 1:4] = True
    answers = [np.tile(row, (6, 1)) for row in correct]
    runs = [Runs(np.zeros(6), answers[0]), Runs(np.array([1.0, 3.0] * 3), answers[1])]
    half = stats.norm.ppf(0.975) * 100 * math.sqrt(4 / 100 - 0.02**2) / 10

    def reach(n):
        return math.hypot(half, stats.t.ppf(0.975, n - 1) * math.sqrt(1.2 / n))

    edge = 2.0 - (reach(20) + reach(19)) / 2
    assert seeds_to_decide(*runs, paired=True, edge=edge) == 20
    assert seeds_to_decide(*runs, paired=True, edge=2.0 - 0.99 * half) is None


def test_seeds_without_spread_are_enough_at_once_or_never():
    first, second = Runs(np.full(6, 50.0)), Runs(np.full(4, 51.0))
    assert seeds_to_decide(first, second, paired=False, edge=0.0) == 7
    assert seeds_to_decide(first, second, paired=False, edge=1.0) is None


# ---------------------------------------------------------------- variance components


def test_components_by_hand():
    # Means 2, 4, 9 around 5: between 2 * (9 + 1 + 16) / 2 = 26; within (2 + 2 + 2) / 3 = 2.
    found = variance_components([[1, 3], [3, 5], [8, 10]])
    assert found.within == pytest.approx(math.sqrt(2))
    assert found.between == pytest.approx(math.sqrt((26 - 2) / 2))


def test_components_of_unequal_groups_by_hand():
    # Means 2 and 5 around 2.75: between 3 * 0.75**2 + 2.25**2 = 6.75; within 2 / 2 = 1;
    # n_0 = 4 - (9 + 1) / 4 = 1.5.
    found = variance_components([[1, 2, 3], [5]])
    assert found == pytest.approx((math.sqrt((6.75 - 1) / 1.5), 1.0))


def test_components_are_those_of_scipys_f():
    groups = [sample + shift for shift, sample in enumerate(generator(18).normal(size=(4, 6)))]
    found = variance_components(groups)
    # F = (within**2 + 6 between**2) / within**2
    f = 1 + 6 * (found.between / found.within) ** 2
    assert f == pytest.approx(stats.f_oneway(*groups).statistic)


def test_no_spread_between_groups():
    assert variance_components([[1, 3], [3, 1], [2, 2]]).between == 0.0
    assert variance_components([[1, 1], [4, 4]]) == pytest.approx((math.sqrt(4.5), 0.0))


def test_components_of_many_groups_are_the_true_ones():
    rng = generator(19)
    groups = [rng.normal(rng.normal(70, 2), 0.5, size=n) for n in rng.integers(1, 9, size=4000)]
    assert variance_components(groups) == pytest.approx((2.0, 0.5), rel=0.04)


@pytest.mark.parametrize(
    "groups", [[], [[1, 2]], [[1], [2]], [[1, 2], []], [[1, 2], [math.nan]], [[[1, 2]], [[3, 4]]]]
)
def test_components_refuse(groups):
    with pytest.raises(ValueError, match="variance components"):
        variance_components(groups)


# ---------------------------------------------------------------- calibration


def predictions(n_classes, n=200, seed=0):
    """Return random probabilities and labels drawn from them."""
    rng = generator(seed)
    proba = rng.dirichlet(np.full(n_classes, 0.3), size=n)
    return proba, rng.multinomial(1, proba).argmax(axis=1)


@pytest.mark.parametrize("n_classes", [2, 10])
def test_negative_log_likelihood_is_scikit_learns(n_classes):
    proba, y = predictions(n_classes)
    expected = log_loss(y, proba, labels=list(range(n_classes)))
    assert negative_log_likelihood(proba, y) == pytest.approx(expected)


def test_an_impossible_picture_costs_36_nats():
    proba, y = np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([0, 1])
    expected = log_loss(y, proba)
    assert negative_log_likelihood(proba, y) == pytest.approx(expected)
    assert negative_log_likelihood(proba.astype(np.float32), y) == pytest.approx(
        36.04 / 2, abs=0.01
    )


def test_brier_of_two_classes_is_twice_the_score_of_one_event():
    proba, y = predictions(2)
    assert brier_score(proba, y) == pytest.approx(2 * brier_score_loss(y, proba[:, 1]))


def test_brier_by_hand():
    proba, y = np.array([[0.7, 0.2, 0.1], [0.3, 0.3, 0.4]]), np.array([0, 1])
    # 0.3**2 + 0.2**2 + 0.1**2 = 0.14 and 0.3**2 + 0.7**2 + 0.4**2 = 0.74.
    assert brier_score(proba, y) == pytest.approx((0.14 + 0.74) / 2)
    assert proba[0, 0] == 0.7  # unchanged


def test_calibration_error_by_hand():
    proba = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.4, 0.6], [0.35, 0.65]])
    y = np.array([0, 0, 0, 1, 0])
    # Of four bins, (0.5, 0.75] holds 0.7 right, 0.6 right, 0.65 wrong: |2 - 1.95| = 0.05;
    # (0.75, 1] holds 0.9 right, 0.8 wrong: |1 - 1.7| = 0.7.
    assert expected_calibration_error(proba, y, n_bins=4) == pytest.approx((0.05 + 0.7) / 5)
    # In one bin the two gaps cancel in part.
    assert expected_calibration_error(proba, y, n_bins=1) == pytest.approx((3.65 - 3) / 5)


@pytest.mark.parametrize(
    ("edge", "n_bins"), [(0.75, 4), (0.6, 5), (0.7, 10), (0.55, 20), (10 / 12, 12)]
)
def test_bins_are_closed_on_the_right(edge, n_bins):
    # Below the edge a right answer, just above it a wrong one: apart, the gaps do not cancel.
    proba = np.array([[edge, 1 - edge], [edge + 1e-6, 1 - edge - 1e-6]])
    expected = ((1 - edge) + edge) / 2
    value = expected_calibration_error(proba, np.array([0, 1]), n_bins)
    assert value == pytest.approx(expected, abs=1e-5)


def test_fifteen_bins_unless_told():
    proba, y = predictions(10)
    assert expected_calibration_error(proba, y) == expected_calibration_error(proba, y, 15)
    assert expected_calibration_error(proba, y) != expected_calibration_error(proba, y, 10)


def test_calibration_error_bin_by_bin():
    proba, y = predictions(10, n=1000)
    confidence, correct, total = proba.max(axis=1), proba.argmax(axis=1) == y, 0.0
    for b in range(15):
        inside = (confidence > b / 15) & (confidence <= (b + 1) / 15)
        if inside.any():
            gap = abs(correct[inside].mean() - confidence[inside].mean())
            total += inside.mean() * gap
    assert expected_calibration_error(proba, y) == pytest.approx(total)


def test_perfectly_calibrated_and_perfect_predictions():
    proba, y = np.tile([0.75, 0.25], (8, 1)), np.array([0, 0, 0, 1] * 2)
    assert expected_calibration_error(proba, y) == pytest.approx(0.0, abs=1e-12)
    certain = np.eye(3)
    for score in (negative_log_likelihood, brier_score, expected_calibration_error):
        assert score(certain, np.arange(3)) == 0.0


def test_always_wrong_and_certain():
    proba, y = np.eye(3), np.array([1, 2, 0])
    assert expected_calibration_error(proba, y) == 1.0
    assert brier_score(proba, y) == 2.0


def test_float32_probabilities_are_summed_in_float64():
    proba, y = predictions(10, n=5000)
    narrow = proba.astype(np.float32)
    for score in (negative_log_likelihood, brier_score, expected_calibration_error):
        assert score(narrow, y) == score(narrow.astype(np.float64), y)
        assert score(narrow, y) == pytest.approx(score(proba, y), rel=1e-6)


@pytest.mark.parametrize(
    "score", [negative_log_likelihood, brier_score, expected_calibration_error]
)
@pytest.mark.parametrize(
    ("proba", "y"),
    [
        (np.array([0.5, 0.5]), np.array([0])),  # not a matrix
        (np.empty((0, 2)), np.empty(0, dtype=np.int64)),  # empty
        (np.array([[0.5, 0.5]]), np.array([0, 1])),  # of different length
        (np.array([[0.5, 0.6]]), np.array([0])),  # sums to 1.1
        (np.array([[-0.5, 1.5]]), np.array([0])),  # negative
        (np.array([[math.nan, 0.5]]), np.array([0])),
        (np.array([[0.5, 0.5]]), np.array([2])),  # no such class
        (np.array([[0.5, 0.5]]), np.array([-1])),
        (np.array([[0.5, 0.5]]), np.array([0.0])),  # not whole numbers
    ],
)
def test_calibration_refuses(score, proba, y):
    with pytest.raises(ValueError, match=r"probabilities|labels"):
        score(proba, y)


def test_calibration_needs_a_bin():
    with pytest.raises(ValueError, match="bin"):
        expected_calibration_error(np.array([[0.5, 0.5]]), np.array([0]), n_bins=0)
