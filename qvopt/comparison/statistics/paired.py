"""Paired comparison of two optimizers: signed-rank test, win probability, Holm's correction."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from qvopt_molecules.arrays import FloatArray

_EXACT_PAIRS = 100


def differences(a: npt.ArrayLike, b: npt.ArrayLike) -> FloatArray:
    """Return a − b, where two infinities (both failed) differ by 0."""
    x, y = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        d: FloatArray = np.where(x == y, 0.0, x - y)
    return d


def win_probability(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Return the share of pairs in which a is lower than b, ties counting half; NaN of none."""
    d = differences(a, b)
    return float(np.mean(d < 0) + 0.5 * np.mean(d == 0)) if len(d) else math.nan


def average_ranks(values: npt.ArrayLike) -> FloatArray:
    """Return ranks 1 … n along the last axis, ties sharing their mean, infinities the last."""
    ranks: FloatArray = rankdata(values, method="average", axis=-1)
    return ranks


def signed_rank(*differences: npt.ArrayLike) -> float:
    """Return the two-sided p-value of Wilcoxon's signed-rank test.

    Args:
        differences: d, shape (n,); several arrays are strata (problems), within which |d| are
            ranked each on its own. Only signs and order within a stratum matter, so that problems
            of different scale can be taken together.

    Differences of 0 are dropped (Wilcoxon's way); ties share their mean rank, infinities are the
    last; W is the sum of the ranks of d > 0 over all strata. Under the null hypothesis each sign
    is a fair coin. Up to 100 differences in all the distribution of W over all 2ⁿ signs is counted
    exactly, with whatever ties there are; beyond, it is normal with variance Σ r²/4 and a
    continuity correction. Without a difference p is 1.

    Sources: Wilcoxon, Biometrics Bull. 1, 80 (1945); for strata, Lehmann, Nonparametrics (1975),
    section 3.3.
    """
    strata = [x[x != 0] for x in (np.asarray(d, dtype=np.float64) for d in differences)]
    strata = [x for x in strata if len(x)]
    if not strata:
        return 1.0
    ranks = np.concatenate([average_ranks(np.abs(x)) for x in strata])
    positive = np.concatenate([x > 0 for x in strata])
    total = float(ranks.sum())
    smaller = min(float(ranks[positive].sum()), float(ranks[~positive].sum()))
    if len(ranks) <= _EXACT_PAIRS:
        return _exact(np.rint(2 * ranks).astype(np.int64), round(2 * smaller))
    deviation = math.sqrt(float((ranks**2).sum()) / 4)
    z = (smaller + 0.5 - total / 2) / deviation
    return min(1.0, 2 * NormalDist().cdf(z))


def _exact(doubled: npt.NDArray[np.int64], smaller: int) -> float:
    """P(min(W₊, W₋) ≤ smaller) over all signs; ranks are doubled to be whole."""
    size = smaller + 1  # larger sums are never asked for
    probability = np.zeros(size)
    probability[0] = 1.0
    for rank in np.sort(doubled):
        kept = size - int(rank)
        probability *= 0.5
        if kept > 0:
            probability[rank:] += probability[:kept].copy()
    return min(1.0, 2 * float(probability.sum()))


def holm(p: npt.ArrayLike) -> FloatArray:
    """Return Holm's step-down p-values: the k-th smallest of m times m − k + 1, made monotone.

    Rejecting where they are at most α keeps the chance of any false rejection below α, whatever
    the dependence of the tests.

    Source: Holm, Scand. J. Stat. 6, 65 (1979).
    """
    raw = np.asarray(p, dtype=np.float64)
    order = np.argsort(raw, kind="stable")
    factors = np.arange(len(raw), 0, -1)
    corrected = np.empty(len(raw))
    corrected[order] = np.minimum(np.maximum.accumulate(raw[order] * factors), 1.0)
    return corrected
