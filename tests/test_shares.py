"""An interval of a share in percent lies from 0 to 100, wherever it is computed or printed."""

from __future__ import annotations

import re
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stages.claims.judge import _remark
from stages.claims.kinds import SHARES, Bar, Published, Remark
from stages.statistics.intervals import (
    prediction_interval,
    share_interval,
    t_interval,
    wilson_interval,
)
from stages.tables.measures import accuracy_intervals, interval

NEAR_100, NEAR_0 = [100.0, 99.5, 93.0], [0.0, 0.5, 7.0]
LEVELS = st.floats(0.01, 0.999)
SEEDS = st.lists(st.floats(0, 100), min_size=2, max_size=8)
few = settings(derandomize=True, database=None)


def ends(text):
    """Return the ends of the interval in a text."""
    found = re.search(r"\[(.+), (.+)\]", text.replace("\N{MINUS SIGN}", "-"))
    return float(found[1]), float(found[2])


@few
@given(SEEDS, LEVELS)
@example(NEAR_100, 0.95)
@example(NEAR_0, 0.95)
def test_the_interval_of_a_mean_share_holds_it_and_ends_at_0_and_100(values, level):
    low, high = share_interval(values, level)
    rounding = 1e-9
    assert 0 <= low <= np.mean(values) + rounding
    assert np.mean(values) - rounding <= high <= 100


@few
@given(st.integers(1, 10_000), st.floats(0, 1), LEVELS)
@example(1, 1.0, 0.999)
def test_wilsons_interval_holds_the_share_and_ends_at_0_and_1(n, share, level):
    right = round(share * n)
    low, high = wilson_interval(right, n, level)
    assert 0 <= low <= right / n <= high <= 1


@few
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.integers(1, 10_000))
@example([1.0, 0.995, 0.93], 200)
def test_tables_print_no_accuracy_below_0_or_above_100(shares, n):
    right = np.round(np.array(shares) * n) / n
    result = SimpleNamespace(
        per_seed=lambda _: 100 * right, accuracy=float(right.mean()), n_pictures=n
    )
    found = accuracy_intervals(result)
    for kind in ("accuracy", "pictures"):
        text = interval(found[f"{kind}_low"], found[f"{kind}_high"])
        if len(shares) == 1 and kind == "accuracy":
            assert text == ""
        else:
            low, high = ends(text)
            assert 0 <= low <= high <= 100


def printed(values, measure):
    """Return the intervals that claims about the results of these seeds print."""
    known = {"x": SimpleNamespace(per_seed=lambda *_: np.array(values))}
    fields = {"experiment": "x", "measure": measure}
    rules = (
        Published(rule="published", claimed=50.0, rounding=0.5, **fields),
        Bar(rule="above", bar=50.0, **fields),
    )
    texts = [rule.find(known).measured for rule in rules]
    return [ends(text) for text in [*texts, _remark(Remark(**fields), known)]]


@few
@given(SEEDS, st.sampled_from(SHARES))
@example(NEAR_100, "accuracy")
@example(NEAR_0, "zero_weights")
def test_claims_print_no_share_below_0_or_above_100(values, measure):
    for low, high in printed(values, measure):
        assert 0 <= low <= high <= 100


@pytest.mark.parametrize("measure", ["gap", "pruning_cost", "largest_logit"])
def test_what_is_no_share_keeps_its_interval(measure):
    assert t_interval(NEAR_0)[0] < 0
    one, bar, remark = printed(NEAR_0, measure)
    low, high = prediction_interval(NEAR_0)
    assert one == pytest.approx((low - 0.5, high + 0.5), abs=0.06)
    assert bar == remark == pytest.approx(t_interval(NEAR_0), abs=0.06)
