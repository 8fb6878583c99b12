"""The optimizer by its name: hyper-parameters, and where it begins."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Final

import numpy as np

from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError

from ..protocol import Describe, Energy, Iterate, Landscape, Minimization, Optimizer
from ..validation import count, flag, not_negative, positive
from .design import rounded
from .loop import descend
from .prior import (
    Prior,
    StartSpread,
    classical_curvature,
    informed_prior,
    reference_curves_upwards,
    uninformed_prior,
)
from .problem import SearchProblem, Settings, measure
from .starts import classical_starts, contenders, lowest, pooled, trusted

_CHOSEN: Final = StartSpread(common=0.2, own=0.3, energy=0.07, others=0.3)
"""Errors of the best of several starts, of which the others are a measure."""

_GIVEN: Final = StartSpread(common=0.0, own=0.4, energy=0.1, others=1.0)
"""Errors of a start that was not chosen; the classical ones tell how far it may be."""

_REACH: Final = 0.5
"""Deviation of an unknown minimum, in radians of the highest frequency."""

_AGAIN: Final = 4
"""Times the shots of a start's energy, where the first are too few to choose by."""

_FIRST_SHOTS: Final = 10
_SHOTS_BY_PARAMETER: Final = 100


def kalman_newton(
    *,
    expected_error: float | None = None,
    confidence: float | None = None,
    shrink: float = 0.7,
    remainder: float = 0.6,
    longest_step: float = 0.7,
    classical_start: bool = True,
    start_shots: int = 1000,
    learn_curvature: bool = True,
    tolerance: float = 1e-6,
) -> Optimizer:
    """x <- x + K g, K Kalman's gain for x* ~ N(x, C).  R. E. Kalman, J. Basic Eng. 82, 35 (1960).

    A Gaussian belief of where the minimum lies is updated by every partial derivative measured;
    shots go where they lower the expected error ½ tr(P C) most. What is classically known of the
    energy (gradient, Hessian and symmetries at the reference determinant) is the prior, and where
    nothing is known the first round is. See the package's documentation for the derivation.

    Args:
        expected_error: the run ends where the expected error of the energy, ½ tr(P C), is below
            this, in Hartree; None goes on for ever.
        confidence: ends instead where the error is below `expected_error` with this probability,
            by the belief (0.95, say); None takes the expectation.
        shrink: a round's shots are to lower the expected error by this factor.
        remainder: share of each step that is added to the deviation of what was measured before it:
            what a quadratic model leaves out. It adapts to the surprises, from half to four times.
        longest_step: bound on a step of each parameter, in radians of its highest frequency.
        classical_start: measure the energies of classical starts first, and begin at the lowest.
        start_shots: for each of these energies (fewer where there are few parameters).
        learn_curvature: measure second derivatives, from the same shifted energies.
        tolerance: exact gradients stop the run at this norm.
    """
    if expected_error is not None:
        positive("expected_error", expected_error)
    if confidence is not None:
        if expected_error is None:
            raise InputError("confidence is that of the expected_error; give expected_error too")
        if not 0 < positive("confidence", confidence) < 1:
            raise InputError(f"confidence must be between 0 and 1, got {confidence}")
    if not 0 < positive("shrink", shrink) < 1:
        raise InputError(f"shrink must be between 0 and 1, got {shrink}")
    settings = Settings(
        expected_error,
        confidence,
        shrink,
        not_negative("remainder", remainder),
        positive("longest_step", longest_step),
        flag("classical_start", classical_start),
        count("start_shots", start_shots),
        flag("learn_curvature", learn_curvature),
        not_negative("tolerance", tolerance),
    )

    def start(x: FloatArray, rng: np.random.Generator) -> Minimization:
        landscape: Landscape = yield Describe()
        problem = SearchProblem.of(landscape, x)
        if not len(problem.active):
            return x
        if problem.model is not None:
            x, prior = yield from _informed(problem, x, settings)
            return (yield from descend(problem, x, prior, settings))
        # Nothing is known: all derivatives are measured once, for the curvature and as first data.
        everything = np.arange(len(problem.active))
        shots = rounded(np.maximum(problem.least, 4 * _FIRST_SHOTS))
        reading = yield from measure(problem, x, everything, shots)
        prior = uninformed_prior(reading, x[problem.active], _REACH * problem.unit)
        return (yield from descend(problem, x, prior, settings, reading))

    return start


def _informed(
    problem: SearchProblem, x: FloatArray, settings: Settings
) -> Generator[Any, Any, tuple[FloatArray, Prior]]:
    """Choose a start, and believe that the minimum lies near it."""
    model, active = problem.model, problem.active
    assert model is not None
    base = classical_curvature(model, active)
    points = classical_starts(model, active, base, x)
    if not settings.starts:
        reference = model.starts.get("mp2", model.starts.get("newton", x))
        return x, informed_prior(model, active, x, [(1.0, p) for p in points], reference, _GIVEN)
    weights: FloatArray = np.ones(len(points))
    energies: list[Any] = [None] * len(points)
    best = 0
    if len(points) > 1 and not trusted(model, active, base, x):
        least = problem.landscape.least_energy_shots
        shots = max(least, min(settings.start_shots, _SHOTS_BY_PARAMETER * len(active)))
        energies = yield [Energy(p, shots) for p in points]
        near, significance = contenders(energies), 2.0
        if len(near) > 1 and not reference_curves_upwards(model, active):
            again = yield [Energy(points[k], _AGAIN * shots) for k in near]
            for k, more in zip(near, again, strict=True):
                energies[k] = pooled(energies[k], more)
            significance = 1.0
        best, weights = lowest(energies, significance)
    x = points[best]
    yield Iterate(x, energies[best], note="classical start")
    others = [(float(weights[k]), p) for k, p in enumerate(points) if k != best]
    return x, informed_prior(model, active, x, others, x, _CHOSEN)
