r"""When the run may end: the belief is narrow, and a round of its own has not contradicted it.

½ tr(P C), or the quantile of ½ zᵀPz, must be below the wanted error. A prior that is too narrow for
some parameters can bring that about while their derivatives were never measured. So before a run
ends every active derivative is measured once more at the point itself, each to ½ Var g_i / P_ii
= the wanted error, and the run goes on where one of them contradicts the belief.

The quantile knows the curvature P only as well as P is known. Where the classical Hessian at the
reference is not positive, or there is none, P is a guess along the softest directions, half of it
in stretched molecules; there the quantile counts by 1.6, and by 0.1 more for each 0.1 Hartree that
the lowest eigenvalue of the Hessian is below zero.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from qvopt_molecules.arrays import FloatArray, IntArray

from .belief import Belief, error_bound, expected_error
from .design import rounded
from .prior import lowest_reference_curvature
from .problem import SearchProblem, Settings

_CONTRADICTED: Final = 2.0
"""Surprise beyond which the run does not end."""

_DOUBTFUL_CURVATURE: Final = 1.6
_OUTLIER: Final = 10.0


def curvature_doubt(problem: SearchProblem) -> float:
    """By how much an error may be larger than P says."""
    if problem.model is None:
        return _DOUBTFUL_CURVATURE
    lowest = lowest_reference_curvature(problem.model, problem.active)
    return 1.0 if lowest > 0.0 else _DOUBTFUL_CURVATURE - lowest


def certain(
    x: FloatArray,
    belief: Belief,
    matrix: FloatArray,
    step: FloatArray,
    surprise: float,
    settings: Settings,
    doubt: float,
) -> bool:
    """Whether the belief is narrow enough, and the last round has not contradicted it."""
    wanted = settings.expected_error
    if wanted is None or surprise > _CONTRADICTED or 0.5 * float(step @ matrix @ step) > wanted:
        return False
    if expected_error(x, belief.mean, belief.covariance, matrix) > wanted:
        return False
    if settings.confidence is None:
        return True
    return doubt * error_bound(belief.covariance, matrix, settings.confidence) <= wanted


def verification_shots(
    wanted: float, matrix: FloatArray, one_shot_variance: FloatArray, least: FloatArray
) -> IntArray:
    """Shots of each active derivative in the round before the end, shape (n,)."""
    return rounded(np.maximum(least, one_shot_variance / (2 * np.diag(matrix) * wanted)))


def contradictions(
    belief: Belief, x: FloatArray, rows: FloatArray, gradient: FloatArray, variance: FloatArray
) -> FloatArray:
    """How far off the belief's derivatives are, in Hartree, where beyond √10 deviations; else 0."""
    innovation, spread = belief.innovation(x, rows, gradient, variance)
    return np.where(innovation**2 > _OUTLIER * np.diag(spread), np.abs(innovation), 0.0)
