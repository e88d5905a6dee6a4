"""A fit that fails, or is interrupted, leaves an estimator as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sklearn.base import BaseEstimator


@contextmanager
def all_or_nothing(estimator: BaseEstimator, *, anew: bool) -> Iterator[None]:
    """Undo what the block does to the estimator's attributes if it raises, an interrupt too.

    Parameters
    ----------
    estimator : BaseEstimator
        Its attributes are replaced in the block, not changed in place.
    anew : bool
        Whether the block starts from an estimator that has learned nothing.
    """
    before = vars(estimator)
    estimator.__dict__ = {n: v for n, v in before.items() if not (anew and _is_learned(n))}
    try:
        yield
    except BaseException:
        estimator.__dict__ = before
        raise


def _is_learned(name: str) -> bool:
    # scikit-learn's convention; `_training` is what a fit goes on from.
    return name == "_training" or (name.endswith("_") and not name.startswith("_"))
