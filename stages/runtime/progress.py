"""A progress bar on a terminal, silence in a log."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")


def progress(items: Iterable[Item], label: str, total: int | None = None) -> Iterable[Item]:
    """Return `items`, with a bar on standard error if that is a terminal."""
    return tqdm(items, desc=label, total=total, disable=None, leave=False)
