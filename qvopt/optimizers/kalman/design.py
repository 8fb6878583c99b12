r"""Which derivatives to measure next, with how many shots.

The expected error after s_i shots on derivative i is ½ tr(P C'(s)), C'(s)⁻¹ = C⁻¹ + P diag(s/v) P.
It is convex in s. The cheapest s that brings it to a target keeps all ratios

    -∂/∂s_i ½ tr(P C') = (P C' P C' P)_ii / (2 v_i)

equal where s_i > 0; the multiplicative rule s_i ∝ s_i √(ratio_i) goes there.
Reference: S. D. Silvey, D. H. Titterington, B. Torsney, Commun. Statist. A 7, 1379 (1978).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from qvopt_molecules.arrays import FloatArray, IntArray

_SWEEPS: Final = 10
_WORTHWHILE: Final = 0.3
"""A derivative is measured if the rule gives it this much of the least that it needs."""

_MOST: Final = 1e9


def shots_for(
    target: float,
    covariance: FloatArray,
    curvature: FloatArray,
    one_shot_variance: FloatArray,
    least: FloatArray,
) -> IntArray:
    """Return the shots of each derivative, shape (n,), zero for those left out.

    Args:
        target: the wanted ½ tr(P C') in Hartree.
        covariance, curvature: C and P, shape (n, n).
        one_shot_variance: v, the variance of each derivative times its shots.
        least: the fewest shots of each.
    """
    n = len(covariance)
    gains = covariance @ curvature
    signal = curvature @ gains
    shares = np.sqrt(np.maximum(np.diag(signal), 1e-30) * one_shot_variance)
    shares /= np.maximum(np.diag(curvature), 1e-6)
    shares /= shares.sum()

    def after(shots: FloatArray) -> FloatArray:
        noise = np.diag(one_shot_variance / np.maximum(shots, 1e-12))
        return np.asarray(covariance - gains @ np.linalg.solve(signal + noise, gains.T))

    total = 1e3
    for _ in range(_SWEEPS):
        total = _total_for(target, shares, after, curvature, total)
        product = after(shares * total) @ curvature
        slopes = np.einsum("ji,jk,ki->i", product, curvature, product) / one_shot_variance
        shares = shares * np.sqrt(np.maximum(slopes, 0.0)) + 1e-12
        shares /= shares.sum()
    shots = shares * _total_for(target, shares, after, curvature, total)
    shots = np.where(shots > _WORTHWHILE * least, np.maximum(shots, least), 0.0)
    if not np.any(shots):
        best = int(np.argmax(shares / least))
        shots = np.zeros(n)
        shots[best] = least[best]
    return rounded(shots)


def _total_for(
    target: float,
    shares: FloatArray,
    after: Callable[[FloatArray], FloatArray],
    curvature: FloatArray,
    guess: float,
) -> float:
    """The total at which the error is the target, by secants in logarithms, then halving."""

    def excess(log_total: float) -> float:
        error = 0.5 * float(np.sum(curvature * after(shares * np.exp(log_total))))
        return float(np.log(max(error, 1e-300) / target))

    low, high = np.log(1.0), np.log(_MOST)
    x = float(np.clip(np.log(guess), low, high))
    for _ in range(30):
        value = excess(x)
        if abs(value) < 1e-3:
            break
        if value > 0:
            low = x
        else:
            high = x
        # The error falls at most like 1/shots: a step of that slope never overshoots downwards.
        x = x + value
        if not low < x < high:
            x = 0.5 * (low + high)
        if high - low < 1e-3:
            break
    return float(np.exp(x))


def rounded(shots: FloatArray) -> IntArray:
    """Round up to two significant digits.

    The last bits of linear algebra differ between machines; a resumed run must ask for the same.
    """
    shots = np.asarray(shots, dtype=np.float64)
    unit = 10.0 ** np.maximum(np.floor(np.log10(np.maximum(shots, 1.0))) - 1, 0)
    return np.asarray(np.ceil(shots / unit - 1e-9) * unit).astype(np.int64)
