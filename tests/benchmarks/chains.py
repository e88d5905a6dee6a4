"""Whether stored transforms give the very bytes of a dataset's feature sets, views included.

Run it once the feature sets are there: ``python -m tests.benchmarks.chains cifar10``. Each chain is
applied to the raw pictures a batch at a time, and to a hundred pictures across two batches.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from stages.data.samples import open_samples
from stages.params.loading import read_params
from stages.transforms.chain import load_chain


def main(dataset: str, data: Path = Path("data")) -> None:
    raw = open_samples(data / "samples" / f"{dataset}-raw")
    ranges = [*raw.batches.values()]
    edge = ranges[0][1]
    ranges.append((edge - 50, edge + 50))
    for name, feature in read_params(Path("params.yaml"))["features"].items():
        if feature["dataset"] != dataset or not (data / "samples" / name).exists():
            continue
        chain = load_chain(data / "transforms" / dataset, name)
        features = open_samples(data / "samples" / name)
        pictures = [raw.values, *chain.views_of(raw.values)]
        for start, end in ranges:
            for view, values in zip(pictures, [features.values, *features.views], strict=True):
                if not np.array_equal(chain.apply(view[start:end]), values[start:end]):
                    raise SystemExit(f"{name}: pictures {start} to {end} differ")
        print(f"{name}: the same bytes, {len(pictures)} views")


if __name__ == "__main__":
    main(*sys.argv[1:])
