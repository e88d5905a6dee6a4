"""When work would be done on more workers than there are here."""

from __future__ import annotations

import heapq
from collections.abc import Sequence


def makespan(costs: Sequence[float], n_workers: int) -> float:
    """Return when the last of some jobs ends, each begun in order by the first worker that is free.

    R. L. Graham, "Bounds on multiprocessing timing anomalies", 1969: longest first, this is at most
    4/3 of the best.
    """
    ends = [0.0] * n_workers
    for cost in costs:
        heapq.heapreplace(ends, ends[0] + cost)
    return max(ends)
