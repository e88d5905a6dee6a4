"""All samples through one transform, a block at a time, in all processes."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from stages.augmentation.views import View, views_of
from stages.data.samples import open_samples
from stages.runtime.errors import PipelineError
from stages.runtime.parallel import ordered_map
from stages.transforms.base import Features, Rows
from stages.transforms.chain import Step, load_step

BLOCK = 1000  # samples transformed at a time, to bound the memory
WORTH_SECONDS = 5.0  # of work that is left: less than that, and processes cost more than they save


class Work(NamedTuple):
    """What is to be transformed and how, by the names of files: each process opens them itself.

    Attributes
    ----------
    inputs : Path
        A folder of pictures or features.
    stored : Path
        The transform with what it learned, see `stages.transforms.chain.save_step`.
    stamp : str
        Another one for other content, since a process keeps what it opened.
    """

    inputs: Path
    stored: Path
    stamp: str


class Block(NamedTuple):
    """Where a block of samples begins: in which view of all samples, and at which row."""

    view: int
    start: int


def work_on(inputs: Path, stored: Path) -> Work:
    """Return the work of applying a stored transform to what is in the folder `inputs`."""
    content = hashlib.sha256(stored.read_bytes()).hexdigest()
    return Work(inputs, stored, f"{content} {(inputs / 'values.npy').stat().st_mtime_ns}")


def blocks_of(work: Work) -> list[Block]:
    """Return all blocks: those of the samples themselves, then those of each view."""
    everything, _ = _opened(work)
    starts = range(0, len(everything[0]), BLOCK)
    return [Block(view, start) for view in range(len(everything)) for start in starts]


def transformed(work: Work, blocks: list[Block]) -> Iterator[Features]:
    """Yield each block's features, or the bytes that they are kept as.

    They do not depend on the number of processes.

    Raises
    ------
    PipelineError
        If one is not finite.
    """
    before = time.monotonic()
    yield _transform(work, blocks[0])
    rest = blocks[1:]
    if (time.monotonic() - before) * len(rest) < WORTH_SECONDS:
        yield from (_transform(work, block) for block in rest)
    else:
        yield from ordered_map(
            partial(_transform, work), rest, len(rest), [work.inputs, work.stored]
        )


def _transform(work: Work, block: Block) -> Features:
    everything, step = _opened(work)
    rows = np.asarray(everything[block.view][block.start : block.start + BLOCK])
    if step.transform.scaling:
        return step.transform.stored(rows, step.learned)
    # One thread, whatever machine or process: BLAS adds in another order with more.
    with threadpool_limits(1):
        features = step.apply(rows)
    if not np.isfinite(features).all():
        raise PipelineError(f"features.{work.stored.stem}: its transform gave NaN or infinity")
    return features


@lru_cache(maxsize=1)
def _opened(work: Work) -> tuple[list[Rows | View], Step]:
    samples, step = open_samples(work.inputs), load_step(work.stored)
    moved = views_of(samples.values, step.origin.flip, step.origin.shift)
    return [samples.values, *samples.views, *moved], step
