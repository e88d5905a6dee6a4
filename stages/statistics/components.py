"""How much of a spread lies between groups, and how much within them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Components(NamedTuple):
    """Standard deviations between and within groups, in the unit of the values."""

    between: float
    within: float


def variance_components(groups: Sequence[npt.ArrayLike]) -> Components:
    r"""Split a spread into that between groups and that within them.

    The one-way random-effects analysis of variance: with :math:`a` groups of :math:`n_i`
    values, :math:`N` in all, and the mean squares :math:`M_B` between and :math:`M_W` within,
    the variance within is :math:`M_W` and that between is :math:`(M_B - M_W) / n_0` with
    :math:`n_0 = (N - \sum_i n_i^2 / N) / (a - 1)`, the groups' size if all have the same
    (Searle, Casella and McCulloch, Variance Components, 1992, section 3.6). Where :math:`M_B`
    is below :math:`M_W` it is set to 0. Three groups say little: even without a spread within,
    the 95 % interval of the one between is from 0.52 to 6.3 times the estimate (chi-squared).

    Parameters
    ----------
    groups : sequence of array_like of shape (n_i,)
        For each group, say each dictionary of patches, the results of its seeds, in one unit.

    Returns
    -------
    Components
        Both at least 0.

    Raises
    ------
    ValueError
        If there are fewer than two groups, no group has two values, one has none, or a value is
        not finite.
    """
    samples = [np.asarray(group, dtype=np.float64) for group in groups]
    if len(samples) < 2 or any(sample.ndim != 1 or not sample.size for sample in samples):
        raise ValueError("variance components need at least two groups, each a list of values")
    values, sizes = np.concatenate(samples), np.array([sample.size for sample in samples])
    n_within, n_between = values.size - sizes.size, sizes.size - 1
    if not n_within or not np.isfinite(values).all():
        raise ValueError("variance components need finite values, two of them in one group")
    means = np.array([sample.mean() for sample in samples])
    within = float(np.square(values - np.repeat(means, sizes)).sum()) / n_within
    between = float((sizes * np.square(means - values.mean())).sum()) / n_between
    n_0 = (values.size - float(np.square(sizes).sum()) / values.size) / n_between
    return Components(max(0.0, (between - within) / n_0) ** 0.5, within**0.5)
