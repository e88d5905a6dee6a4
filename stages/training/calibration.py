"""One temperature for all networks of an experiment, from samples that one more fit left out."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

from stages.network.classifier import SoftmaxNetwork
from stages.network.early_stopping import hold_out
from stages.network.losses import Floats, Labels, log_softmax
from stages.training.temperature import Calibration

# The logarithm of the temperature is held to be around 0 with this standard deviation. A thousand
# samples outweigh it; ten that are all right would otherwise make every answer certain.
PRIOR_SD = 1.0
FARTHEST = 5.0  # from 0, of the logarithm: 150 times as certain, or as uncertain
DIGITS = 6


def held_out_rows(
    y: Labels, fraction: float, seed: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the rows to train one more network on, and those to fit the temperature on.

    Parameters
    ----------
    y : ndarray of shape (n_samples,), int64
    fraction : float
        Of the samples, to be held out; every class keeps its share if it has enough.
    seed : int
    """
    drawn = int(np.random.default_rng(seed).integers(2**31))
    kept, held_out = hold_out(y, fraction, drawn)
    return np.sort(kept), np.sort(held_out)


def calibrate(network: SoftmaxNetwork, X: npt.NDArray[Any], y: Labels) -> Calibration:
    """Return the temperature under which samples that `network` has not seen are most probable.

    Parameters
    ----------
    network : SoftmaxNetwork
    X : ndarray of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,), int64
        Samples of a class that the network does not know are left out.
    """
    known = np.isin(y, network.classes_)
    log_proba = network.predict_log_proba(X[known])
    temperature = fit_temperature(log_proba, np.searchsorted(network.classes_, y[known]))
    return Calibration(temperature=round(temperature, DIGITS), n_held_out=int(known.sum()))


def fit_temperature(logits: Floats, y: Labels) -> float:
    r"""Return the :math:`T` of the smallest :math:`-\sum_i \log \mathrm{softmax}(z_i / T)_{y_i}`.

    C. Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, section 4.2, with a weak
    prior, see `PRIOR_SD`, so that a few samples, or none, leave it near 1.

    Parameters
    ----------
    logits : ndarray of shape (n_samples, n_classes)
        Or anything that differs from them by a constant in each row.
    y : ndarray of shape (n_samples,), int64
        Columns of the true classes.
    """
    z, rows = np.asarray(logits, dtype=np.float64), np.arange(len(y))

    def cost(log_temperature: float) -> float:
        likelihoods = log_softmax(z / np.exp(log_temperature))[rows, y]
        return float(-likelihoods.sum() + 0.5 * (log_temperature / PRIOR_SD) ** 2)

    found = minimize_scalar(cost, bounds=(-FARTHEST, FARTHEST), options={"xatol": 1e-8})
    return float(np.exp(found.x))
