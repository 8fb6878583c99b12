"""The loop of adaptive ansätze: ask the pool, grow, optimise; over any other optimizer."""

from __future__ import annotations

from collections.abc import Collection, Generator, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np

from qvopt_molecules.arrays import FloatArray

from .objects import NamedOptimizer
from .protocol import (
    Grow,
    Iterate,
    Minimization,
    Optimizer,
    PoolGradient,
    Recycling,
    Scalar,
    Vector,
)

_CONFIDENCE = 0.95


def growing(
    inner: Optimizer,
    supports: Sequence[Collection[int]],
    *,
    tolerance: float,
    energy_tolerance: float = 0.0,
    max_operators: int = 1000,
    per_step: int = 1,
    disjoint: bool = False,
    inner_steps: int = 100,
) -> Optimizer:
    """Grow by the operators of largest gradient, and run `inner` after each growth.

    Args:
        inner: the optimizer of all parameters; one that recycles keeps what it has learned.
        supports: what each operator of the pool acts on.
        tolerance: end where the norm of the pool's gradient is below this: Σ (g² - Var g) under
            noise.
        energy_tolerance: end after a step that gains less; 0 is off.
        max_operators: end with this many parameters.
        per_step: operators of one growth, at most.
        disjoint: whether those of one growth must have disjoint supports.
        inner_steps: steps of `inner` after each growth, at most.

    One growth with its optimisation is one step of the run; the steps of `inner` are partial ones.
    """

    def start(x: FloatArray, rng: np.random.Generator) -> Minimization:
        before = np.inf
        bare = inner.start if isinstance(inner, NamedOptimizer) else inner
        recycled = bare.begin() if isinstance(bare, Recycling) else None
        while len(x) < max_operators:
            (slope,) = yield [PoolGradient(x)]
            most = min(per_step, max_operators - len(x))
            chosen = choose(slope, supports, tolerance, most, disjoint)
            if not chosen:
                return x
            labels = yield Grow(chosen)
            x = np.concatenate([x, np.zeros(len(chosen))])
            if recycled is not None and not slope.variance.any():
                recycled.grow(slope.value[list(chosen)])
            x, energy = yield from _optimise(recycled or inner, x, rng, inner_steps)
            note = "+ " + " ".join(labels)
            yield Iterate(x, energy, note if len(note) < 60 else f"+ {len(labels)} operators")
            if energy is not None:
                if before - energy.value < energy_tolerance:
                    return x
                before = energy.value
        return x

    return start


def choose(
    slope: Vector,
    supports: Sequence[Collection[int]],
    tolerance: float,
    most: int,
    disjoint: bool,
) -> tuple[int, ...]:
    """Return the operators to add, largest gradient first; none where the run is to end.

    An operator must by itself be above the tolerance, if all m were like it: |g| > tolerance / √m.
    A measured gradient must also differ from zero at 95 % confidence over all m.
    """
    size = np.abs(slope.value)
    m = max(1, len(size))
    if float(np.sum(size**2 - slope.variance)) <= tolerance**2:
        return ()
    quantile = NormalDist().inv_cdf(1 - (1 - _CONFIDENCE) / (2 * m))
    large = (size > tolerance / np.sqrt(m)) & (size > quantile * np.sqrt(slope.variance))
    chosen: list[int] = []
    used: set[int] = set()
    # Rounded, so that gradients equal by symmetry are taken in the pool's order.
    for k in np.argsort(-np.round(size, 9), kind="stable").tolist():
        if len(chosen) == most:
            break
        if large[k] and not (disjoint and used.intersection(supports[k])):
            chosen.append(k)
            used.update(supports[k])
    return tuple(chosen)


def _optimise(
    inner: Optimizer, x: FloatArray, rng: np.random.Generator, most: int
) -> Generator[Any, Any, tuple[FloatArray, Scalar | None]]:
    """Run `inner` from x for at most that many steps; return its last point and energy."""
    rounds = inner(x, rng)
    energy: Scalar | None = None
    answers: Any = None
    steps = 0
    try:
        while True:
            try:
                request = rounds.send(answers)
            except StopIteration as end:
                if end.value is not None:
                    x = np.asarray(end.value, dtype=np.float64)
                return x, energy
            if isinstance(request, Iterate):
                x, energy = request.x, request.energy
                yield Iterate(x, energy, partial=True)
                answers = None
                steps += not request.partial
                if steps >= most:
                    return x, energy
            else:
                answers = yield request
    finally:
        rounds.close()
