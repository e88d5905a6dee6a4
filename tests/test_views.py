"""Mirrored and moved pictures against SciPy's shift."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import shift

from stages.augmentation.views import views_of
from tests.helpers import random_pictures


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("by", [0, 1, 3])
def test_views_are_moved_along_the_diagonals_and_mirrored(flip, by):
    pictures = random_pictures(5)
    moves = [(0, 0), (-by, -by), (-by, by), (by, -by), (by, by)] if by else [(0, 0)]
    wanted = [
        shift(pictures[:, :, ::step], (0, down, right, 0), order=0, mode="nearest")
        for step in ([1, -1] if flip else [1])
        for down, right in moves
    ]
    views = views_of(pictures, flip, by)
    assert len(views) == len(wanted) - 1  # not the pictures themselves
    for view, expected in zip(views, wanted[1:], strict=True):
        assert len(view) == 5
        np.testing.assert_array_equal(view[1:4], expected[1:4])
