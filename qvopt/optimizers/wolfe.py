"""A line search for exact energies and gradients, to the strong Wolfe conditions."""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import Any

import numpy as np

from qvopt_molecules.arrays import FloatArray

from .protocol import Energy, Gradient


def norm(v: FloatArray) -> float:
    """Euclidean length, without the overhead of NumPy's own for short vectors."""
    return math.sqrt(v.dot(v))


def line_search(
    x: FloatArray, e0: float, g0: FloatArray, d: FloatArray, t: float, trials: int
) -> Generator[Any, Any, tuple[FloatArray, float, FloatArray] | None]:
    """Bracket and zoom along d from x to a strong-Wolfe point (c1 = 1e-4, c2 = 0.9).

    Args:
        x, e0, g0: the point, its energy and gradient.
        d: the direction, downhill.
        t: the first trial length.
        trials: most points to try.

    Returns point, energy and gradient: the best that lowers the energy if the trials run out, None
    if none does. J. Nocedal, S. J. Wright, Numerical Optimization (2006), algorithms 3.5 and 3.6.
    """
    c1, c2 = 1e-4, 0.9
    slope0 = float(g0.dot(d))
    low, high = (0.0, e0, slope0), None
    best: tuple[FloatArray, float, FloatArray] | None = None
    for _ in range(trials):
        point = x + t * d
        energy, gradient = yield [
            Energy(point, purpose="line-search"),
            Gradient(point, purpose="line-search"),
        ]
        e, slope = energy.value, float(gradient.value.dot(d))
        noise = 4e-15 * abs(e0)  # of an energy of this size, in double precision
        flat = abs(e - e0) <= noise and abs(slope) <= c2 * abs(slope0)
        if e < e0 and (best is None or e < best[1]):
            best = (point, e, gradient.value)
        too_high = e > e0 + c1 * t * slope0 or (low[0] + (high is not None) > 0 and e >= low[1])
        if too_high and not flat:
            high = (t, e, slope)
        elif abs(slope) <= -c2 * slope0:
            return point, e, gradient.value
        else:
            if slope * (1.0 if high is None else high[0] - low[0]) >= 0:
                high = low
            low = (t, e, slope)
        t = 2.0 * t if high is None else _interpolate(low, high)
    return best


def _interpolate(a: tuple[float, float, float], b: tuple[float, float, float]) -> float:
    """Minimum of the cubic through two points and slopes, kept inside the bracket."""
    (ta, ea, sa), (tb, eb, sb) = a, b
    width = tb - ta
    d1 = sa + sb - 3 * (eb - ea) / width if width else 0.0
    square = d1 * d1 - sa * sb
    t = (ta + tb) / 2
    if square > 0 and width:
        d2 = np.copysign(np.sqrt(square), width)
        scale = sb - sa + 2 * d2
        if scale:
            t = tb - width * (sb + d2 - d1) / scale
    inner, outer = sorted((ta + 0.1 * width, ta + 0.9 * width))
    return float(np.clip(t, inner, outer))
