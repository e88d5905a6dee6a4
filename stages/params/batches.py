"""The batch names of CIFAR-10, which every dataset of the project has."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field

BatchName = Literal[
    "data_batch_1",
    "data_batch_2",
    "data_batch_3",
    "data_batch_4",
    "data_batch_5",
    "test_batch",
]


def _once(names: list[str]) -> list[str]:
    if len(set(names)) < len(names):
        raise ValueError("it names one batch twice")
    return names


Batches = Annotated[list[BatchName], Field(min_length=1), AfterValidator(_once)]
BATCH_NAMES: tuple[str, ...] = get_args(BatchName)
