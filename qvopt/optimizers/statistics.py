"""Comparisons of estimates that know their own errors."""

from __future__ import annotations

import math

from .protocol import Scalar


def significantly_above(a: Scalar, b: Scalar, sigmas: float) -> bool:
    """Whether a > b by more than `sigmas` standard errors of the difference.

    Where variances come from few shots, by as many standard errors more as Student's t asks for at
    the same probability. For exact values rounding is the error: 1e-14 of their size.
    """
    variance = a.variance + b.variance
    doubt = a.variance**2 / a.dof + b.variance**2 / b.dof
    reach = sigmas * math.sqrt(variance)
    if doubt > 0.0 and 0.0 < variance < math.inf and sigmas > 0.0:
        reach *= _widened(sigmas, variance**2 / doubt)
    rounding = 1e-14 * max(abs(a.value), abs(b.value))
    return a.value - b.value > reach + rounding


def upper_bound(a: Scalar, sigmas: float) -> float:
    """The value and `sigmas` standard errors, more of them where the variance is of few shots."""
    if not 0.0 < a.variance < math.inf:
        return a.value
    widened = _widened(sigmas, a.dof) if math.isfinite(a.dof) else 1.0
    return a.value + sigmas * widened * math.sqrt(a.variance)


def _widened(sigmas: float, dof: float) -> float:
    """How many times wider Student's t is than a normal distribution, at `sigmas` of it."""
    from scipy.special import ndtr, stdtrit

    # From the lower tail, which keeps its digits.
    return float(-stdtrit(dof, ndtr(-sigmas)) / sigmas)
