"""Points to begin at that cost no shots, and the choice among them by a few."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qvopt_molecules.arrays import FloatArray, IntArray

from ..protocol import ClassicalModel, Scalar

_STRONG = 1.6
"""Perturbation theory falls short of strong correlation about by this factor."""

_LONGEST = 0.8
"""Amplitudes beyond this say that the model has broken down."""


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


def trusted(model: ClassicalModel, active: IntArray, x: FloatArray) -> bool:
    """Whether the Newton step needs no energy to be preferred.

    That is where the Hessian at the reference is positive, and x is no other start of the user's.
    """
    if "newton" not in model.starts:
        return False
    if np.any(x) and all(np.max(np.abs(x - s)) > 1e-3 for s in model.starts.values()):
        return False
    lowest_eigenvalue = np.linalg.eigvalsh(model.hessian[np.ix_(active, active)])[0]
    return bool(lowest_eigenvalue > 0.0)


def lowest(
    energies: Sequence[Scalar], significance: float = 2.0, resolution: float = 0.005
) -> tuple[int, FloatArray]:
    """Return the first start that is not significantly above the lowest, and weights of all.

    Weights in (0.1, 1) fall off over the error of a difference and `resolution` in Hartree.
    """
    values = np.array([e.value for e in energies])
    error = float(np.sqrt(2 * np.mean([e.variance for e in energies])))
    near = values <= values.min() + significance * error
    weights = np.exp(-np.minimum((values - values.min()) / (error + resolution), 50.0))
    return int(np.argmax(near)), np.maximum(weights, 0.1)
