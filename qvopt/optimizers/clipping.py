"""Bounds on a gradient: by value, by norm, and by its own standard error.

The noise-aware ones read the variance of each component, Var g_i, which `descent` hands over as
`extra["variance"]`. Exact gradients (variance zero) pass through them unchanged.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError

from .combine import stateless
from .protocol import Transform
from .validation import positive


def _shortened(updates: FloatArray, bound: float) -> FloatArray:
    norm = float(np.linalg.norm(updates))
    return updates * (bound / norm) if norm > bound else updates


def _variance(extra: dict[str, Any]) -> FloatArray:
    variance = extra.get("variance")
    if variance is None:
        raise InputError(
            "noise-aware clipping needs the gradient's variance: update(…, variance=…)"
        )
    return np.asarray(variance)


def clip(bound: float) -> Transform:
    """u_i <- min(max(g_i, -bound), bound)."""
    positive("bound", bound)
    return stateless(lambda updates, x, **extra: np.clip(updates, -bound, bound))


def clip_by_global_norm(bound: float) -> Transform:
    """u <- g min(1, bound / ‖g‖).

    Reference: R. Pascanu, T. Mikolov, Y. Bengio, arXiv:1211.5063.
    """
    positive("bound", bound)
    return stateless(lambda updates, x, **extra: _shortened(updates, bound))


def clip_by_rms(bound: float = 1.0) -> Transform:
    """u <- u min(1, bound / rms(u)), rms(u)² = ‖u‖² / n: Adafactor's clipping of the update."""
    positive("bound", bound)

    def function(updates: FloatArray, x: FloatArray | None, **extra: Any) -> FloatArray:
        return _shortened(updates, bound * float(np.sqrt(len(updates))))

    return stateless(function)


def clip_by_noise(threshold: float = 3.0) -> Transform:
    """u <- g min(1, threshold · σ / ‖g‖), σ² = Σ_i Var g_i: the norm in units of its own error.

    Large steps, which the estimate resolves well, are bounded; steps within the noise pass. The
    bound follows the number of shots, so it needs no tuning to a molecule. Put before an adaptive
    rule it keeps the first gradients of a run from filling the second moment.
    """
    positive("threshold", threshold)

    def function(updates: FloatArray, x: FloatArray | None, **extra: Any) -> FloatArray:
        noise = float(np.sqrt(np.sum(_variance(extra))))
        return _shortened(updates, threshold * noise) if noise > 0.0 else updates

    return stateless(function)


def shrink_by_noise() -> Transform:
    """u <- g max(0, 1 - σ² (n - 2) / (n ‖g‖²)), σ² = Σ_i Var g_i: the part of g that is no noise.

    For n > 2 components of equal variance it is closer to the true gradient than g, whatever that
    is. Reference: W. James, C. Stein, Proc. 4th Berkeley Symp. 1, 361 (1961), positive part.
    """

    def function(updates: FloatArray, x: FloatArray | None, **extra: Any) -> FloatArray:
        n, square = len(updates), float(updates @ updates)
        noise = float(np.sum(_variance(extra))) * max(n - 2, 0) / max(n, 1)
        return updates * max(0.0, 1.0 - noise / square) if square > 0.0 else updates

    return stateless(function)
