"""Limited-memory BFGS with a strong-Wolfe line search, for exact energies and gradients."""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

import numpy as np

from qvopt_molecules.arrays import FloatArray

from .protocol import Minimization, Optimizer
from .quasi_newton import descend
from .validation import count, not_negative
from .wolfe import norm


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

    @property
    def curves_upwards(self) -> bool:
        """Whether s·y is positive beyond rounding, so that H stays positive definite."""
        return self.sy > 1e-12 * (norm(self.s) * math.sqrt(self.yy))


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


class LimitedMemory:
    """H by the last pairs alone, never as a matrix."""

    def __init__(self, memory: int) -> None:
        self._pairs: Pairs = deque(maxlen=memory)

    @property
    def empty(self) -> bool:
        """Whether no pair is kept."""
        return not self._pairs

    def times(self, gradient: FloatArray) -> FloatArray:
        """Return H g."""
        return two_loop(gradient, self._pairs)

    def learn(self, step: FloatArray, change: FloatArray) -> None:
        """Keep a pair, unless its product is too small."""
        pair = Pair.of(step, change)
        if pair.curves_upwards:
            self._pairs.append(pair)

    def forget(self) -> None:
        """Drop all pairs."""
        self._pairs.clear()


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
        return descend(
            x,
            LimitedMemory(memory),
            tolerance=tolerance,
            first_step=first_step,
            trials=max_line_search,
        )

    return start
