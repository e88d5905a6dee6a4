"""How many samples of each class a dataset has."""

from __future__ import annotations

import numpy as np

from stages.data.samples import Samples


def count_classes(samples: Samples) -> dict[str, dict[str, int]]:
    """Return the number of samples of each class in each batch, by their names."""
    counts = {}
    for batch, (start, end) in samples.batches.items():
        own = np.bincount(samples.labels[start:end], minlength=len(samples.class_names))
        counts[batch] = dict(zip(samples.class_names, own.tolist(), strict=True))
    return counts
