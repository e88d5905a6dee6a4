"""The handwritten digits: all of scikit-learn's, once each, in batches of equal classes."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from sklearn.datasets import load_digits

from stages.runtime.errors import PipelineError
from stages.sources.base import check_fetched
from stages.sources.digits import Digits
from stages.sources.six_batches import BATCH_NAMES

ENTRY = {"source": "digits", "files": "study/digits.sha256"}


@pytest.fixture(scope="module")
def digits():
    return Digits(**ENTRY, seed=0).fetch()


def test_every_digit_is_in_one_batch_as_scikit_learn_has_it(digits):
    images, labels = load_digits(return_X_y=True)
    ours = zip(np.rint(digits.values.reshape(-1, 64) * (16 / 255)), digits.labels, strict=True)
    theirs = zip(images, labels, strict=True)
    assert Counter((image.tobytes(), label) for image, label in ours) == Counter(
        (image.tobytes(), label) for image, label in theirs
    )
    check_fetched(digits, Digits(**ENTRY, seed=0).outline(), "digits")


def test_batches_have_the_same_classes(digits):
    counts = np.array([np.bincount(digits.select([name])[1]) for name in BATCH_NAMES])
    assert (np.ptp(counts, axis=0) <= 1).all()


def test_no_picture_is_in_two_batches(digits):
    seen = [{picture.tobytes() for picture in digits.select([name])[0]} for name in BATCH_NAMES]
    assert sum(map(len, seen)) == len(set().union(*seen))


def test_the_seed_decides_the_batches(digits):
    again, other = (Digits(**ENTRY, seed=seed).fetch() for seed in (0, 1))
    assert again.values.tobytes() == digits.values.tobytes()
    assert other.values.tobytes() != digits.values.tobytes()


def test_other_digits_are_noticed(tmp_path):
    (tmp_path / "list").write_text(f"{'0' * 64}  digits.csv.gz\n")
    with pytest.raises(PipelineError, match=r"digits\.csv\.gz"):
        Digits(source="digits", files=str(tmp_path / "list"), seed=0).fetch()
