"""Points to begin at that cost no shots, and the choice among them by a few."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qvopt_molecules.arrays import FloatArray, IntArray

from ..protocol import ClassicalModel, Scalar
from ..statistics import significantly_above
from .prior import reference_curves_upwards

_STRONG = 1.6
"""Perturbation theory falls short of strong correlation about by this factor."""

_LONGEST = 0.8
"""Amplitudes beyond this say that the model has broken down."""

_RESOLUTION = 0.005
"""Energies nearer to each other than this, in Hartree, are not worth the shots to rank them."""

_WORTH_CHOOSING = 0.02


def classical_starts(
    model: ClassicalModel, active: IntArray, curvature: FloatArray, x: FloatArray
) -> list[FloatArray]:
    """Return the classical starts, and x among them, that differ from each other, best first.

    They are the Newton step, x, MP2 amplitudes, those times 1.6, and -g_i / P_ii.
    """
    diagonal = np.zeros(len(x))
    diagonal[active] = -model.gradient[active] / np.diag(curvature)
    points = [x, diagonal]
    if "mp2" in model.starts:
        points = [x, model.starts["mp2"], _STRONG * model.starts["mp2"], diagonal]
    if "newton" in model.starts:
        points = [model.starts["newton"], *points]
    # The reference itself is known to lie above.
    points = [p for p in points if np.any(p)] or [x]
    chosen: list[FloatArray] = []
    for point in points:
        if np.max(np.abs(point), initial=0.0) > _LONGEST:
            continue
        if all(np.max(np.abs(point - other)) > 1e-3 for other in chosen):
            chosen.append(point)
    return chosen


def trusted(model: ClassicalModel, active: IntArray, curvature: FloatArray, x: FloatArray) -> bool:
    """Whether the Newton step needs no energy to be preferred.

    That is where the Hessian at the reference is positive, and x is another classical start, or so
    near to the Newton step that a few shots could not tell which is lower.
    """
    if "newton" not in model.starts or not reference_curves_upwards(model, active):
        return False
    if not np.any(x) or any(np.max(np.abs(x - s)) < 1e-3 for s in model.starts.values()):
        return True
    apart = (x - model.starts["newton"])[active]
    return 0.5 * float(apart @ curvature @ apart) < _RESOLUTION


def lowest(energies: Sequence[Scalar], significance: float = 2.0) -> tuple[int, FloatArray]:
    """Return the first start that is not significantly above the lowest, and weights of all.

    Weights in (0.1, 1) fall off over the error of a difference and 5 mHa.
    """
    values = np.array([e.value for e in energies])
    error = float(np.sqrt(2 * np.mean([e.variance for e in energies])))
    weights = np.exp(-np.minimum((values - values.min()) / (error + _RESOLUTION), 50.0))
    return _near_the_lowest(energies, significance)[0], np.maximum(weights, 0.1)


def contenders(energies: Sequence[Scalar], significance: float = 2.0) -> list[int]:
    """The starts that may be the lowest, as far as it matters.

    They are those not significantly above the lowest measured; that one alone where the error of a
    difference is below 20 mHa: a start that is worse by so little costs fewer than the choice.
    """
    if 2 * np.mean([e.variance for e in energies]) < _WORTH_CHOOSING**2:
        return [int(np.argmin([e.value for e in energies]))]
    return _near_the_lowest(energies, significance)


def _near_the_lowest(energies: Sequence[Scalar], significance: float) -> list[int]:
    least = min(energies, key=lambda e: e.value)
    return [k for k, e in enumerate(energies) if not significantly_above(e, least, significance)]


def pooled(a: Scalar, b: Scalar) -> Scalar:
    """Combine two measurements of the same energy, by their shots."""
    shots = a.shots + b.shots
    share = a.shots / shots
    return Scalar(
        share * a.value + (1 - share) * b.value,
        share**2 * a.variance + (1 - share) ** 2 * b.variance,
        shots,
        a.dof + b.dof,
    )
