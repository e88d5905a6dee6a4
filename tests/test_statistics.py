"""The statistics agree with other implementations, with worked examples, and with themselves."""

from __future__ import annotations

import itertools
import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import brier_score_loss, log_loss

from stages.statistics.calibration import (
    brier_score,
    expected_calibration_error,
    negative_log_likelihood,
)
from stages.statistics.comparisons import compare_paired, holm, mcnemar
from stages.statistics.intervals import t_interval, wilson_interval
from stages.statistics.resampling import bca_interval, sign_flip_p

ACCURACIES = [0.5012, 0.4987, 0.5043, 0.5021, 0.4999, 0.5060]


def generator(seed=0):
    return np.random.default_rng(seed)


# Accuracies on 10,000 pictures: pairs of counts, one pair per seed.
PAIRS = st.lists(
    st.tuples(st.integers(0, 10_000), st.integers(0, 10_000)), min_size=2, max_size=7
).map(lambda pairs: np.array(pairs).T)
few = settings(max_examples=25, deadline=None, derandomize=True, database=None)


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
    with pytest.raises(ValueError, match="interval"):
        t_interval(values, level)


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


# ---------------------------------------------------------------- sign flips


def brute_force(counts):
    """Count flips in whole numbers, where ties are ties."""
    flips = itertools.product((-1, 1), repeat=len(counts))
    sums = [sum(s * c for s, c in zip(signs, counts, strict=True)) for signs in flips]
    return sum(abs(total) >= abs(sum(counts)) for total in sums) / len(sums)


@few
@given(PAIRS)
def test_sign_flips_are_all_counted_ties_included(counts):
    first, second = counts / 10_000
    p = compare_paired(first, second, generator()).p
    assert p == brute_force([int(d) for d in counts[1] - counts[0]])


def test_ties_that_rounding_breaks():
    first, second = (
        np.array([4934, 5074, 5045, 4973, 4986]),
        np.array([4939, 5083, 5042, 4982, 4990]),
    )
    assert brute_force([5, 9, -3, 9, 4]) == 4 / 32
    assert compare_paired(first / 10_000, second / 10_000, generator()).p == 4 / 32


@pytest.mark.parametrize("n", range(2, 14))
def test_sign_flip_floor(n):
    first = generator(n).normal(size=n)
    assert compare_paired(first, first + np.linspace(1, 2, n), generator()).p == 2 / 2**n


def test_sign_flips_of_darwins_maize():
    # Fisher, The Design of Experiments, section 21: in 1726 of 32,768 cases the sum of the
    # fifteen differences, in eighths of an inch, is at least as far from 0 as the 314 found.
    darwin = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]
    differences = np.array(darwin, dtype=np.float64)
    assert sign_flip_p(differences, generator()) == pytest.approx(1726 / 32_768, abs=0.007)
    assert sign_flip_p(differences, generator(1)) != sign_flip_p(differences, generator(2))


def test_random_flips_are_never_impossible():
    # One in 2**39 flips is as extreme; on either side the one found counts among 9,999 others.
    assert sign_flip_p(np.linspace(1, 2, 40), generator()) == 2 / 10_000


# ---------------------------------------------------------------- bootstrap


def bca_by_hand(values, n_resamples=200_000):
    """Efron and Tibshirani, An Introduction to the Bootstrap, 1993, section 14.3, for a mean."""
    normal, n = NormalDist(), len(values)
    draws = generator(99).integers(n, size=(n_resamples, n))
    means = np.sort(values[draws].mean(axis=1))
    z0 = normal.inv_cdf(float((means < values.mean()).mean()))
    centred = values - values.mean()  # the jackknife's influence values of a mean
    a = float((centred**3).sum() / (6 * (centred**2).sum() ** 1.5))
    ends = []
    for z in (normal.inv_cdf(0.025), normal.inv_cdf(0.975)):
        share = normal.cdf(z0 + (z0 + z) / (1 - a * (z0 + z)))
        ends.append(float(np.quantile(means, share)))
    return ends, [float(end) for end in np.quantile(means, [0.025, 0.975])]


def test_bca_is_the_formula_and_not_the_percentiles():
    skewed = generator(5).exponential(size=25) ** 2
    expected, percentiles = bca_by_hand(skewed)
    ends = bca_interval(skewed, generator())
    error = 0.03 * (expected[1] - expected[0])  # of 9,999 resamples
    assert ends == pytest.approx(expected, abs=error)
    assert percentiles[1] < expected[1] - 2 * error


@pytest.mark.parametrize(("n", "lowest", "highest"), [(6, 0.80, 0.89), (30, 0.91, 0.97)])
def test_bca_covers_the_mean_as_often_as_it_says(n, lowest, highest):
    rng, repeats, held = generator(n), 400, 0
    for _ in range(repeats):
        low, high = bca_interval(rng.normal(7.0, 2.0, size=n), rng)
        held += low <= 7.0 <= high
    assert lowest < held / repeats < highest


def test_bca_falls_back_to_percentiles():
    values = np.array([1.0, 2.0, 3.0, 9.0])
    low, high = bca_interval(values * 1e-170, generator())  # whose squares are 0 in float64
    draws = generator(3).integers(4, size=(50_000, 4))
    percentiles = np.quantile(values[draws].mean(axis=1), [0.025, 0.975])
    assert (low * 1e170, high * 1e170) == pytest.approx(tuple(percentiles), rel=0.05)
    assert bca_interval(values, generator()) != pytest.approx(tuple(percentiles), rel=0.05)


# ---------------------------------------------------------------- paired comparisons


def test_the_difference_is_second_minus_first():
    better = [value + gain for value, gain in zip(ACCURACIES, (1, 2, 3, 4, 5, 6), strict=True)]
    result = compare_paired(ACCURACIES, better, generator())
    assert result.difference == pytest.approx(3.5)
    assert 1 < result.low < 3.5 < result.high < 6
    assert result.p == 2 / 2**6


@pytest.mark.parametrize("shift", [0.0, 0.1, 0.3, -0.0007])
def test_equal_differences_have_no_spread(shift):
    second = [value + shift for value in ACCURACIES]  # rounding makes them differ in the 17th digit
    result = compare_paired(ACCURACIES, second, generator())
    assert result.low == result.high == result.difference == pytest.approx(shift, abs=1e-15)
    assert result.p == (2 / 2**6 if shift else 1.0)


def test_the_smallest_spread_is_not_rounding():
    # One picture of 10,000 in one of six seeds.
    second = np.array(ACCURACIES)
    second[0] += 0.0001
    result = compare_paired(ACCURACIES, second, generator())
    assert result.low < result.difference < result.high


@few
@given(PAIRS, st.randoms(use_true_random=False))
def test_the_order_of_seeds_does_not_matter(counts, random):
    first, second = counts / 10_000
    order = list(range(first.size))
    random.shuffle(order)
    assert compare_paired(first[order], second[order], generator()) == compare_paired(
        first, second, generator()
    )


@few
@given(PAIRS)
def test_swapping_the_experiments_flips_the_sign(counts):
    first, second = counts / 10_000
    there = compare_paired(first, second, generator())
    back = compare_paired(second, first, generator())
    assert back.difference == pytest.approx(-there.difference, abs=1e-15)
    assert back.p == there.p


def test_swapping_the_experiments_flips_the_interval():
    first, second = generator(8).normal(size=(2, 40)) ** 3
    there = compare_paired(first, second, generator())
    back = compare_paired(second, first, generator())
    error = 0.03 * (there.high - there.low)  # of 9,999 resamples
    assert (-back.high, -back.low) == pytest.approx((there.low, there.high), abs=error)


@few
@given(PAIRS, st.floats(-1, 1))
def test_a_shift_of_both_experiments_changes_nothing(counts, shift):
    first, second = counts / 10_000
    there = compare_paired(first, second, generator())
    shifted = compare_paired(first + shift, second + shift, generator())
    assert shifted[:3] == pytest.approx(there[:3], abs=1e-5)  # a tenth of a picture
    assert shifted.p == there.p


def test_the_generator_decides_the_interval():
    second = generator(4).normal(size=6)
    results = [compare_paired(ACCURACIES, second, generator(seed)) for seed in (1, 1, 2)]
    assert results[0] == results[1]
    assert results[0].low != results[2].low


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([], []),
        ([1], [2]),
        ([1, 2], [1, 2, 3]),
        ([[1, 2]], [[1, 2]]),
        ([1, 2], [1, math.inf]),
        ([math.nan, 2], [1, 2]),
    ],
)
def test_compare_paired_refuses(first, second):
    with pytest.raises(ValueError, match="paired"):
        compare_paired(first, second, generator())


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


# ---------------------------------------------------------------- McNemar


def answers(both, first, second, neither):
    """Return two boolean arrays with so many pictures right for both, one, or none."""
    counts = (both, first, second, neither)
    return np.repeat([True, True, False, False], counts), np.repeat(
        [True, False, True, False], counts
    )


@pytest.mark.parametrize(
    ("only_first", "only_second", "p"),
    [
        (1, 5, 2 * (1 + 6) / 2**6),  # C(6, 0) + C(6, 1) of 64, on both sides
        (5, 1, 2 * (1 + 6) / 2**6),
        (0, 6, 2 / 2**6),
        (2, 8, 2 * (1 + 10 + 45) / 2**10),
        (3, 3, 1.0),
        (0, 0, 1.0),
    ],
)
def test_mcnemar_by_hand(only_first, only_second, p):
    assert mcnemar(*answers(40, only_first, only_second, 7)) == pytest.approx(p)


def test_mcnemar_published_example():
    # Agresti, Categorical Data Analysis, approval ratings: 150 against 86 changed their mind;
    # z**2 = (86 - 150)**2 / (86 + 150) = 17.36, whose p is 3.1e-5 with one degree of freedom.
    p = mcnemar(*answers(794, 150, 86, 570))
    assert p == pytest.approx(float(stats.chi2.sf(17.36, 1)), rel=0.3)
    assert p == pytest.approx(2 * sum(math.comb(236, k) for k in range(87)) / 2**236)


def test_mcnemar_pools_seeds():
    first, second = answers(10, 1, 5, 8)
    assert mcnemar(first.reshape(4, 6), second.reshape(4, 6)) == mcnemar(first, second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (np.array([True, False]), np.array([True])),
        (np.array([1, 0]), np.array([1, 0])),
        (np.array([True]), np.array([3])),
        (np.array([3]), np.array([True])),
    ],
)
def test_mcnemar_refuses(first, second):
    with pytest.raises(ValueError, match="McNemar"):
        mcnemar(first, second)


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
