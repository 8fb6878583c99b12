"""The loop: believe, design, measure, update, step."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from qvopt_molecules.errors import InputError

from ..errors import check_finite
from ..protocol import (
    ClassicalModel,
    Describe,
    Energy,
    Iterate,
    Landscape,
    Optimizer,
    Run,
    Scalar,
)
from ..statistics import significantly_above
from ..validation import count, flag, not_negative, positive
from .belief import Belief, error_bound, expected_error
from .curvature import Curvature
from .derivatives import DerivativeRound, DerivativeRule, GradientRound, Reading, derivative_rule
from .design import rounded, shots_for
from .noise import ShotNoise
from .prior import (
    Prior,
    Spread,
    active_parameters,
    classical_curvature,
    informed_prior,
    uninformed_prior,
)
from .starts import classical_starts, lowest, trusted

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_CHOSEN = Spread(common=0.2, own=0.3, energy=0.07, others=0.3)
"""Errors of the best of several starts, of which the others are a measure."""

_GIVEN = Spread(common=0.0, own=0.4, energy=0.1, others=1.0)
"""Errors of a start that was not chosen; the classical ones tell how far it may be."""

_TOLERATED = 1.5
_CONTRADICTED = 2.0
_MOST_WIDENING = 25.0
_SIGMAS = 3.0
_CURVATURE_VARIANCE = 0.25
_CENTER_SHARE = 0.15
_REACH = 0.5
_FIRST_SHOTS = 10


@dataclass(frozen=True)
class Settings:
    """Hyper-parameters; see `kalman_newton`."""

    expected_error: float | None
    confidence: float | None
    shrink: float
    remainder: float
    longest_step: float
    starts: bool
    start_shots: int
    learn_curvature: bool
    tolerance: float


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
        remainder: share of each step that is added to the belief's deviation: what a quadratic
            model leaves out.
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

    def start(x: FloatArray, rng: np.random.Generator) -> Run:
        landscape: Landscape = yield Describe()
        problem = _Problem.of(landscape, x)
        if not len(problem.active):
            return x
        if problem.model is not None:
            x, prior = yield from _informed(problem, x, settings)
        else:
            x, prior = yield from _uninformed(problem, x, settings)
        return (yield from _descend(problem, x, prior, settings))

    return start


@dataclass(frozen=True, eq=False)
class _Problem:
    """What does not change during a run."""

    landscape: Landscape
    model: ClassicalModel | None
    rules: tuple[DerivativeRule | None, ...] | None
    active: IntArray
    least: FloatArray
    unit: FloatArray

    @classmethod
    def of(cls, landscape: Landscape, x: FloatArray) -> _Problem:
        model = None if landscape.classical is None else landscape.classical()
        frequencies = landscape.frequencies
        moves = np.ones(len(x), dtype=np.bool_)
        unit, rules = np.ones(len(x)), None
        least = np.ones(len(x))
        if frequencies is not None:
            moves = np.array([bool(f) for f in frequencies], dtype=np.bool_)
            rules = tuple(derivative_rule(f) if f else None for f in frequencies)
            unit = np.array([1.0 / max(f) if f else 1.0 for f in frequencies])
            energies = [0 if rule is None else rule.n_energies for rule in rules]
            least = landscape.least_energy_shots * np.array(energies, dtype=np.float64)
        elif landscape.least_shots is not None:
            least = np.array(landscape.least_shots, dtype=np.float64)
        active = active_parameters(model, x, moves)
        return cls(landscape, model, rules, active, np.maximum(least, 1.0)[active], unit[active])

    def round(
        self, x: FloatArray, chosen: IntArray, shots: IntArray
    ) -> DerivativeRound | GradientRound:
        """The round that measures derivatives of some active parameters."""
        index = self.active[chosen]
        if self.rules is None:
            return GradientRound(x, index, shots)
        least = self.landscape.least_energy_shots
        center = min(_CENTER_SHARE * float(shots.sum()), 2 * float(np.median(shots)))
        center_shots = max(least, int(rounded(np.array([center]))[0]))
        return DerivativeRound(x, self.rules, index, shots, center_shots, least)


def _measure(
    problem: _Problem, x: FloatArray, chosen: IntArray, shots: IntArray
) -> Generator[Any, Any, Reading]:
    """Ask for derivatives; the reading numbers the active parameters."""
    asked = problem.round(x, chosen, shots)
    answers = yield asked.queries()
    reading = asked.read(answers)
    return Reading(chosen, *list(vars(reading).values())[1:])


def _informed(
    problem: _Problem, x: FloatArray, settings: Settings
) -> Generator[Any, Any, tuple[FloatArray, Prior]]:
    """Choose a start, and believe that the minimum lies near it."""
    model, active = problem.model, problem.active
    assert model is not None
    base = classical_curvature(model, active)
    points = classical_starts(model, active, base, x)
    if not settings.starts:
        reference = model.starts.get("mp2", model.starts.get("newton", x))
        return x, informed_prior(model, active, x, [(1.0, p) for p in points], reference, _GIVEN)
    weights = np.ones(len(points))
    energies: list[Any] = [None] * len(points)
    best = 0
    if len(points) > 1 and not trusted(model, active, x):
        least = problem.landscape.least_energy_shots
        shots = max(least, min(settings.start_shots, 100 * len(active)))
        energies = yield [Energy(p, shots) for p in points]
        best, weights = lowest(energies)
    x = points[best]
    yield Iterate(x, energies[best], note="classical start")
    others = [(float(weights[k]), p) for k, p in enumerate(points) if k != best]
    return x, informed_prior(model, active, x, others, x, _CHOSEN)


def _uninformed(
    problem: _Problem, x: FloatArray, settings: Settings
) -> Generator[Any, Any, tuple[FloatArray, Prior]]:
    """Measure all derivatives once."""
    everything = np.arange(len(problem.active))
    reading = yield from _measure(
        problem, x, everything, rounded(np.maximum(problem.least, 4 * _FIRST_SHOTS))
    )
    return x, uninformed_prior(reading, x[problem.active], _REACH * problem.unit)


def _descend(problem: _Problem, x: FloatArray, prior: Prior, settings: Settings) -> Run:
    """Measure, believe and step, until the belief is certain."""
    belief, curvature, active = prior.belief, prior.curvature, problem.active
    noise = ShotNoise.unknown(len(active))
    step, surprise = np.zeros(len(active)), np.inf
    longest = settings.longest_step
    lowest_center: tuple[Scalar, FloatArray] | None = None
    while True:
        matrix = curvature.matrix
        if _certain(x[active], belief, matrix, step, surprise, settings):
            return x
        now = 0.5 * float(np.sum(matrix * belief.covariance))
        shots = shots_for(
            settings.shrink * now, belief.covariance, matrix, noise.one_shot, problem.least
        )
        chosen = np.flatnonzero(shots)
        reading = yield from _measure(problem, x, chosen, shots[chosen])
        if reading.exact:
            return (yield from _descend_exactly(problem, x, curvature, settings))
        if lowest_center is not None and significantly_above(
            reading.center, lowest_center[0], _SIGMAS
        ):
            # The model has led uphill: back, with shorter steps and little trust in the data.
            x, step, surprise = lowest_center[1], np.zeros(len(active)), np.inf
            longest, belief = 0.5 * longest, belief.discounted(_MOST_WIDENING)
            lowest_center = None
            yield Iterate(x, note="rejected")
            continue
        if lowest_center is None or reading.center.value < lowest_center[0].value:
            lowest_center = reading.center, x
        longest = min(settings.longest_step, 1.2 * longest)
        noise = noise.learned(reading)
        variance = noise.one_shot[chosen] / reading.shots
        if settings.learn_curvature:
            curvature = curvature.learned(reading)
            curvature = _along_last_step(curvature, belief, x[active], step, reading, variance)
        measured = (x[active], curvature.matrix[chosen], reading.gradient, variance)
        surprise = belief.surprise(*measured)
        if surprise > _TOLERATED:
            belief = belief.discounted(min(surprise, _MOST_WIDENING))
        belief = belief.observed(*measured)
        step = belief.mean - x[active]
        step = step * _trusted_share(step, longest * problem.unit)
        belief = belief.blurred(settings.remainder * np.abs(step), curvature.ties)
        x = _moved(problem, x, step)
        yield Iterate(x)


def _along_last_step(
    curvature: Curvature,
    belief: Belief,
    x: FloatArray,
    step: FloatArray,
    reading: Reading,
    variance: FloatArray,
) -> Curvature:
    """Rescale the curvature along the last step by what the innovations say of it.

    The belief expects the gradient G (x - mean); along the step s a curvature (1 + ε) sᵀPs adds
    ε sᵀPs. ε has the prior N(0, ½²), and the innovation the variance that the belief gives it.
    """
    matrix, chosen = curvature.matrix, reading.index
    size = float(step @ matrix @ step)
    if size <= 0.0:
        return curvature
    rows, along = matrix[chosen], step[chosen]
    innovation = float(along @ (reading.gradient - rows @ (x - belief.mean))) / size
    spread = rows @ belief.covariance @ rows.T + np.diag(variance)
    noise = float(along @ spread @ along) / size**2
    change = _CURVATURE_VARIANCE / (_CURVATURE_VARIANCE + noise) * innovation
    return curvature.scaled_along(step, 1.0 + float(np.clip(change, -0.5, 1.0)))


def _descend_exactly(
    problem: _Problem, x: FloatArray, curvature: Curvature, settings: Settings
) -> Run:
    """Newton's method with the same curvature, for energies without noise."""
    everything = np.arange(len(problem.active))
    previous: tuple[FloatArray, FloatArray] | None = None
    while True:
        reading = yield from _measure(problem, x, everything, np.ones_like(everything))
        if float(np.linalg.norm(reading.gradient)) <= settings.tolerance:
            return x
        if settings.learn_curvature:
            curvature = curvature.learned(reading)
        if previous is not None:
            step, gradient = previous
            curvature = curvature.after_step(step, reading.gradient - gradient, 0.0)
        step = -np.linalg.solve(curvature.matrix, reading.gradient)
        step = step * _trusted_share(step, settings.longest_step * problem.unit)
        previous = step, reading.gradient
        x = _moved(problem, x, step)
        yield Iterate(x)


def _certain(
    x: FloatArray,
    belief: Belief,
    matrix: FloatArray,
    step: FloatArray,
    surprise: float,
    settings: Settings,
) -> bool:
    """Whether the belief is narrow enough, and the last round has not contradicted it."""
    wanted = settings.expected_error
    if wanted is None or surprise > _CONTRADICTED or 0.5 * float(step @ matrix @ step) > wanted:
        return False
    if expected_error(x, belief.mean, belief.covariance, matrix) > wanted:
        return False
    if settings.confidence is None:
        return True
    return error_bound(belief.covariance, matrix, settings.confidence) <= wanted


def _moved(problem: _Problem, x: FloatArray, step: FloatArray) -> FloatArray:
    x = x.copy()
    x[problem.active] += step
    return check_finite(x)


def _trusted_share(step: FloatArray, longest: FloatArray) -> float:
    """The share of a step that keeps every component within its bound."""
    return float(min(1.0, 1.0 / max(float(np.max(np.abs(step) / longest)), 1e-300)))
