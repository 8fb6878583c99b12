"""Bootstrap intervals over seeds: percentile and BCa, infinities allowed."""

from __future__ import annotations

from collections.abc import Callable
from statistics import NormalDist
from typing import Literal

import numpy as np

from qvopt.comparison.summary import Interval
from qvopt_molecules.arrays import FloatArray, IntArray

from .quantiles import quantile

Statistic = Callable[[IntArray], FloatArray]
"""From indices of observations, shape (..., n), to the statistic of each resample, shape (...)."""

RESAMPLES = 2000


class Resampler:
    """Index matrices of the bootstrap, drawn once for each sample size and shared.

    Sharing them between optimizers keeps pairs (one problem, one seed) together, and makes an
    interval independent of what else is compared. `seed` is fixed: the same data give the same
    interval.
    """

    def __init__(self, seed: int = 20240905, resamples: int = RESAMPLES) -> None:
        self.resamples = resamples
        self._seed = seed
        self._indices: dict[int, IntArray] = {}

    def indices(self, n: int) -> IntArray:
        """Return indices below n, shape (resamples, n), drawn with replacement."""
        if n not in self._indices:
            rng = np.random.default_rng(np.random.SeedSequence([self._seed, n]))
            self._indices[n] = rng.integers(0, n, size=(self.resamples, n))
        return self._indices[n]


def bootstrap_interval(
    statistic: Statistic,
    n: int,
    resampler: Resampler,
    confidence: float = 0.95,
    method: Literal["percentile", "bca"] = "percentile",
) -> Interval:
    """Return the bootstrap interval of a statistic of n observations.

    "percentile" takes the quantiles (1 ∓ confidence)/2 of the resampled statistic. "bca" moves
    them for bias z₀ = Φ⁻¹(share of resamples below the estimate) and acceleration
    a = Σ d³ / 6 (Σ d²)^(3/2), d the mean of the jackknife values less each of them:
    α' = Φ(z₀ + (z₀ + z)/(1 − a(z₀ + z))). BCa is second-order exact for smooth statistics;
    quantiles have no useful jackknife, so use "percentile" there. Where the estimate or a
    jackknife value is infinite, BCa falls back to percentiles.

    With fewer than two observations nothing is known: the interval is (−∞, ∞).

    Source: Efron, J. Am. Stat. Assoc. 82, 171 (1987).
    """
    if n < 2:
        return Interval(-np.inf, np.inf)
    values = statistic(resampler.indices(n))
    tails = np.array([(1 - confidence) / 2, (1 + confidence) / 2])
    if method == "bca":
        tails = _corrected(tails, values, statistic, n)
    low, high = quantile(values, tails)
    return Interval(float(low), float(high))


def _corrected(tails: FloatArray, values: FloatArray, statistic: Statistic, n: int) -> FloatArray:
    estimate = float(statistic(np.arange(n)[None, :])[0])
    rows = np.arange(n)
    left_out = np.stack([np.delete(rows, k) for k in rows])
    jackknife = statistic(left_out)
    if not (np.isfinite(estimate) and np.isfinite(jackknife).all()):
        return tails
    below = float(np.mean(values < estimate) + 0.5 * np.mean(values == estimate))
    if not 0 < below < 1:
        return tails
    normal = NormalDist()
    z0 = normal.inv_cdf(below)
    d = jackknife.mean() - jackknife
    square = float(d @ d)
    a = 0.0 if square == 0 else float((d**3).sum()) / (6 * square**1.5)
    shifted = [z0 + normal.inv_cdf(float(t)) for t in tails]
    return np.array([normal.cdf(z0 + s / (1 - a * s)) for s in shifted])
