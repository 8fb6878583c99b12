"""Limited-memory BFGS with a strong-Wolfe line search, for exact energies and gradients."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Generator
from typing import Any, NamedTuple

import numpy as np

from qvopt_molecules.arrays import FloatArray

from .errors import check_finite
from .protocol import Energy, Gradient, Iterate, Minimization, Optimizer, Scalar
from .validation import count, not_negative


class Pair(NamedTuple):
    """A step s, the change y of the gradient along it, and their products s·y and y·y."""

    s: FloatArray
    y: FloatArray
    sy: float
    yy: float

    @classmethod
    def of(cls, s: FloatArray, y: FloatArray) -> Pair:
        """Return the pair with its products, which every later direction needs."""
        return cls(s, y, float(s.dot(y)), float(y.dot(y)))


Pairs = deque[Pair]


def two_loop(gradient: FloatArray, pairs: Pairs) -> FloatArray:
    """H·g for the inverse-Hessian estimate H of the (s, y) pairs.

    J. Nocedal, Math. Comput. 35, 773 (1980); H₀ = (s·y / y·y) 1 from the newest pair.
    """
    q, part = gradient.copy(), np.empty_like(gradient)
    weights = []
    for s, y, sy, _ in reversed(pairs):
        weight = float(s.dot(q)) / sy
        np.multiply(y, weight, part)
        np.subtract(q, part, q)
        weights.append(weight)
    if pairs:
        q *= pairs[-1].sy / pairs[-1].yy
    for (s, y, sy, _), weight in zip(pairs, reversed(weights), strict=True):
        np.multiply(s, weight - float(y.dot(q)) / sy, part)
        np.add(q, part, q)
    return q


def lbfgs(
    *,
    memory: int = 20,
    tolerance: float = 1e-6,
    first_step: float = 0.1,
    max_line_search: int = 20,
) -> Optimizer:
    """x <- x - t H g, H from past gradients.  Nocedal, Math. Comput. 35, 773 (1980).

    Args:
        memory: (s, y) pairs kept.
        tolerance: stop at ‖g‖ <= tolerance, or when no step lowers the energy any more.
        first_step: length of the very first trial step.
        max_line_search: trial points in one line search.

    Meant for exact values: under shots the pairs store noise (see `noise_aware_lbfgs`). t satisfies
    the strong Wolfe conditions: J. Nocedal, S. J. Wright, Numerical Optimization (2006), algorithms
    7.4, 3.5 and 3.6.
    """
    count("memory", memory)
    not_negative("tolerance", tolerance)
    count("max_line_search", max_line_search)

    def start(x: FloatArray, rng: np.random.Generator) -> Minimization:
        energy, gradient = yield [Energy(x), Gradient(x)]
        e, g = energy.value, gradient.value
        pairs: Pairs = deque(maxlen=memory)
        while _norm(g) > tolerance:
            direction = -two_loop(g, pairs)
            if float(direction.dot(g)) >= 0:
                pairs.clear()
                direction = -g
            t = 1.0 if pairs else min(1.0, first_step / _norm(g))
            accepted = yield from _line_search(x, e, g, direction, t, max_line_search)
            if accepted is None and pairs:
                pairs.clear()
                continue
            if accepted is None:
                return x
            x_new, e, g_new = accepted
            pair = Pair.of(x_new - x, g_new - g)
            if pair.sy > 1e-12 * (_norm(pair.s) * math.sqrt(pair.yy)):
                pairs.append(pair)
            x, g = check_finite(x_new), g_new
            yield Iterate(x, energy=Scalar(e))
        return x

    return start


def _norm(v: FloatArray) -> float:
    return math.sqrt(v.dot(v))


def _line_search(
    x: FloatArray, e0: float, g0: FloatArray, d: FloatArray, t: float, trials: int
) -> Generator[Any, Any, tuple[FloatArray, float, FloatArray] | None]:
    """Bracket and zoom to a strong-Wolfe point (c1 = 1e-4, c2 = 0.9).

    Returns the best point that lowers the energy if the trials run out, None if none does.
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
