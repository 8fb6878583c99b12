"""How small a difference the seeds of a comparison could have shown."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import numpy.typing as npt


def detectable_win_probability(
    pairs: int, tests: int = 1, alpha: float = 0.05, power: float = 0.8
) -> float:
    """Return the smallest win probability above ½ that n pairs detect.

    Of a sign test at level α over `tests` comparisons (Bonferroni, the first step of Holm):
    p = ½ + (z_{1−α/2m} + z_power)/(2√n), at most 1; 1 also where no outcome of n pairs is
    significant, 2^(1−n) > α/m.

    Source: Noether, J. Am. Stat. Assoc. 82, 645 (1987).
    """
    if pairs < 1 or smallest_p(pairs) > alpha / tests:
        return 1.0
    return min(1.0, 0.5 + _quantiles(tests, alpha, power) / (2 * math.sqrt(pairs)))


def detectable_shift(
    differences: npt.ArrayLike, tests: int = 1, alpha: float = 0.05, power: float = 0.8
) -> float:
    """Return the smallest mean shift of paired differences that their number detects.

    δ = (z_{1−α/2m} + z_power) · s / √(0.955 n), s the standard deviation of the differences and
    3/π ≈ 0.955 the efficiency of the signed-rank test for normal ones. Differences that are not
    finite are left out; infinite where fewer than two remain or n is too small for any
    significance.
    """
    d = np.asarray(differences, dtype=np.float64)
    d = d[np.isfinite(d)]
    n = len(d)
    if n < 2 or smallest_p(n) > alpha / tests:
        return math.inf
    return _quantiles(tests, alpha, power) * float(d.std(ddof=1)) / math.sqrt(3 / math.pi * n)


def smallest_p(pairs: int) -> float:
    """Return the smallest two-sided p-value that n pairs can give: 2^(1−n)."""
    return 2.0 ** (1 - pairs) if pairs else 1.0


def _quantiles(tests: int, alpha: float, power: float) -> float:
    normal = NormalDist()
    return normal.inv_cdf(1 - alpha / (2 * tests)) + normal.inv_cdf(power)
