"""The loop: design, measure, update, step."""

from __future__ import annotations

from typing import Final

import numpy as np

from qvopt_molecules.arrays import FloatArray, IntArray

from ..errors import check_finite
from ..protocol import Iterate, Minimization, Scalar
from ..statistics import significantly_above, upper_bound
from .belief import Belief
from .curvature import Curvature
from .derivatives import DerivativeReading
from .design import shots_for
from .noise import ShotNoise
from .prior import Prior
from .problem import SearchProblem, Settings, measure
from .stop import certain, contradictions, curvature_doubt, verification_shots
from .trust import TrustRegion

_TOLERATED: Final = 1.5
"""Surprise (χ² for each innovation) up to which what was measured before counts in full."""

_MOST_WIDENING: Final = 25.0
_SIGMAS: Final = 3.0
_CURVATURE_VARIANCE: Final = 0.25


def descend(
    problem: SearchProblem,
    x: FloatArray,
    prior: Prior,
    settings: Settings,
    first: DerivativeReading | None = None,
) -> Minimization:
    """Measure, believe and step, until the belief is certain.

    `first` is what was measured at x already.
    """
    belief, curvature, active = prior.belief, prior.curvature, problem.active
    noise = ShotNoise.unknown(len(active))
    step: FloatArray = np.zeros(len(active))
    surprise = np.inf
    longest, remainder = settings.longest_step, settings.remainder
    trust, doubt = TrustRegion.first(problem.model is not None), curvature_doubt(problem)
    best: tuple[Scalar, FloatArray] | None = None
    verified = surveyed = False
    while True:
        matrix = curvature.matrix
        done = certain(x[active], belief, matrix, step, surprise, settings, doubt)
        if done and verified:
            return x
        verified = done
        if first is not None:
            reading, first = first, None
        else:
            shots, survey = _planned(problem, belief, matrix, noise, settings, done, surveyed)
            surveyed = surveyed or survey
            chosen = np.flatnonzero(shots)
            reading = yield from measure(problem, x, chosen, shots[chosen])
        if reading.exact:
            return (yield from _descend_exactly(problem, x, curvature, settings))
        if best is not None and significantly_above(reading.center, best[0], _SIGMAS):
            # The model has led uphill: back, with shorter steps and little trust in the data.
            x, step, surprise = best[1], np.zeros(len(active)), np.inf
            longest, belief = 0.5 * longest, belief.discounted(_MOST_WIDENING)
            best, trust = None, trust.failed()
            yield Iterate(x, note="rejected")
            continue
        # By its upper bound: a low value that is uncertain would hide all that come after it.
        bound = upper_bound(reading.center, _SIGMAS)
        if best is None or bound < upper_bound(best[0], _SIGMAS):
            best = reading.center, x
        longest = min(settings.longest_step, 1.2 * longest)
        noise = noise.learned(reading)
        chosen = reading.index
        variance = noise.one_shot[chosen] / reading.shots
        if settings.learn_curvature:
            curvature = curvature.learned(reading)
            curvature = _along_last_step(curvature, belief, x[active], step, reading, variance)
        matrix = curvature.matrix
        measured = (x[active], matrix[chosen], reading.gradient, variance)
        surprise = belief.surprise(*measured)
        if surprise > _TOLERATED:
            belief = belief.discounted(min(surprise, _MOST_WIDENING))
        off = contradictions(belief, *measured)
        if np.any(off):
            verified = False
            deviation: FloatArray = np.zeros(len(active))
            deviation[chosen] = off / np.diag(matrix)[chosen]
            belief = belief.widened(deviation)
        belief = belief.observed(*measured)
        falling = problem.model is not None and _falls_on(belief, matrix, x[active], step)
        trust = trust.judged(reading.center, falling)
        step = belief.mean - x[active]
        step = step * _trusted_share(step, longest * problem.unit)
        step = trust.bounded(step, problem.unit)
        slope = matrix @ (x[active] - belief.mean)
        trust = trust.stepped(reading.center, slope, matrix, step, problem.unit)
        remainder = _adapted(remainder, surprise, settings.remainder)
        belief = belief.blurred(remainder * np.abs(step), curvature.ties)
        x = _moved(problem, x, step)
        yield Iterate(x)


def _planned(
    problem: SearchProblem,
    belief: Belief,
    matrix: FloatArray,
    noise: ShotNoise,
    settings: Settings,
    done: bool,
    surveyed: bool,
) -> tuple[IntArray, bool]:
    """Shots of each derivative in the next round, and whether it is as large as a verification.

    Where all is done it is one. The first round that would take more is one too: where the prior is
    what limits the expected error, far fewer shots may tell that it was too wide.
    """
    one_shot, least = noise.one_shot, problem.least
    now = 0.5 * float(np.sum(matrix * belief.covariance))
    target = settings.shrink * now
    if settings.expected_error is None:
        return shots_for(target, belief.covariance, matrix, one_shot, least), False
    verification = verification_shots(settings.expected_error, matrix, one_shot, least)
    if done:
        return verification, True
    shots = shots_for(target, belief.covariance, matrix, one_shot, least)
    large = bool(shots.sum() > verification.sum())
    return verification if large and not surveyed else shots, large


def _adapted(remainder: float, surprise: float, typical: float) -> float:
    """A larger remainder after a round that surprised, a smaller one after one that did not."""
    return float(np.clip(remainder * np.sqrt(surprise), 0.5 * typical, 4.0 * typical))


def _falls_on(belief: Belief, matrix: FloatArray, x: FloatArray, step: FloatArray) -> bool:
    """Whether the energy still falls along the last step, by more than the slope's deviation."""
    product = matrix @ step
    slope = float(product @ (x - belief.mean))
    return slope < 0.0 and slope**2 > float(product @ belief.covariance @ product)


def _along_last_step(
    curvature: Curvature,
    belief: Belief,
    x: FloatArray,
    step: FloatArray,
    reading: DerivativeReading,
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
    innovation, spread = belief.innovation(x, rows, reading.gradient, variance)
    noise = float(along @ spread @ along) / size**2
    trust = _CURVATURE_VARIANCE / (_CURVATURE_VARIANCE + noise)
    change = trust * (float(along @ innovation) / size)
    return curvature.scaled_along(step, 1.0 + float(np.clip(change, -0.5, 1.0)))


def _descend_exactly(
    problem: SearchProblem, x: FloatArray, curvature: Curvature, settings: Settings
) -> Minimization:
    """Newton's method with the same curvature, for energies without noise."""
    everything = np.arange(len(problem.active))
    previous: tuple[FloatArray, FloatArray] | None = None
    while True:
        reading = yield from measure(problem, x, everything, np.ones_like(everything))
        if float(np.linalg.norm(reading.gradient)) <= settings.tolerance:
            return x
        if settings.learn_curvature:
            curvature = curvature.learned(reading)
        if previous is not None:
            last, gradient = previous
            curvature = curvature.after_step(last, reading.gradient - gradient)
        newton = np.asarray(-np.linalg.solve(curvature.matrix, reading.gradient), np.float64)
        step: FloatArray = newton * _trusted_share(newton, settings.longest_step * problem.unit)
        previous = step, reading.gradient
        x = _moved(problem, x, step)
        yield Iterate(x)


def _moved(problem: SearchProblem, x: FloatArray, step: FloatArray) -> FloatArray:
    x = x.copy()
    x[problem.active] += step
    return check_finite(x)


def _trusted_share(step: FloatArray, longest: FloatArray) -> float:
    """The share of a step that keeps every component within its bound."""
    return float(min(1.0, 1.0 / max(float(np.max(np.abs(step) / longest)), 1e-300)))
