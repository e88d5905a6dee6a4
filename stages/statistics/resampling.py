"""Bootstrap draws of seeds and of test pictures, for intervals that allow for both."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from stages.statistics.types import Floats

SEED_DRAWS = 4  # for each draw of pictures, which takes longer
CHUNK = 250  # resamples that are multiplied at once: 10 MB at 10,000 pictures


def picture_changes(scores: Floats, n_resamples: int, seed: int) -> npt.NDArray[np.float64]:
    """Return how the mean scores change when the test pictures are drawn anew.

    As many pictures as there are, drawn with replacement. Row i is the i-th draw in every call
    with the same seed and numbers, so that experiments which were tested on the same pictures
    can be compared draw by draw.

    Parameters
    ----------
    scores : ndarray of shape (n_seeds, n_pictures)
        What each picture contributes; whole numbers are summed without rounding.
    n_resamples, seed : int
        How many draws, and what decides them.

    Returns
    -------
    ndarray of shape (n_resamples, n_seeds), float64
        Mean over the drawn pictures minus mean over all, in the unit of the scores.
    """
    columns = scores.T.astype(np.float32)
    counts = _picture_counts(len(columns), n_resamples, seed)
    sums = [
        counts[start : start + CHUNK].astype(np.float32) @ columns
        for start in range(0, n_resamples, CHUNK)
    ]
    means = np.concatenate(sums).astype(np.float64) / len(columns)
    return np.asarray(means - scores.mean(axis=1, dtype=np.float64))


def seed_and_picture_changes(
    deviations: Floats, changes: Floats, generator: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Return how the mean over seeds changes when seeds and pictures are drawn anew.

    Parameters
    ----------
    deviations : ndarray of shape (n_seeds,)
        The seeds' values minus their mean.
    changes : ndarray of shape (n_resamples, n_seeds)
        What each draw of pictures adds to them, in the same unit.
    generator : numpy.random.Generator
        Draws the seeds, as many as there are, with replacement.

    Returns
    -------
    ndarray of shape (n_resamples, SEED_DRAWS), float64
    """
    n_resamples, n_seeds = changes.shape
    drawn = generator.integers(n_seeds, size=(n_resamples, SEED_DRAWS * n_seeds))
    values = deviations[drawn] + np.take_along_axis(changes, drawn, axis=1)
    return np.asarray(values.reshape(n_resamples, SEED_DRAWS, n_seeds).mean(axis=2))


@functools.lru_cache(maxsize=4)
def _picture_counts(n_pictures: int, n_resamples: int, seed: int) -> npt.NDArray[np.uint8]:
    """Return how often each picture is in each resample, (n_resamples, n_pictures).

    The cache saves most of the time of a comparison. A count above 255 does not occur: the
    counts' mean is 1.
    """
    # The seed alone would give the pictures the same stream of numbers as the seeds of networks.
    generator = np.random.default_rng([seed, n_pictures])
    counts = np.empty((n_resamples, n_pictures), dtype=np.uint8)
    for row in counts:
        row[:] = np.bincount(generator.integers(n_pictures, size=n_pictures), minlength=n_pictures)
    counts.setflags(write=False)
    return counts
