"""Comparisons of estimates that know their own errors."""

from __future__ import annotations

import math

from .protocol import Scalar


def significantly_above(a: Scalar, b: Scalar, sigmas: float) -> bool:
    """Whether a > b by more than `sigmas` standard errors of the difference.

    For exact values rounding is the error: 1e-14 of their size.
    """
    error = math.sqrt(a.variance + b.variance)
    rounding = 1e-14 * max(abs(a.value), abs(b.value))
    return a.value - b.value > sigmas * error + rounding
