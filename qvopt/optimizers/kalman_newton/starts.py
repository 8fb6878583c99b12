"""Points to begin at that cost no shots, and the choice among them by a few."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ..protocol import ClassicalModel, Scalar

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_STRONG = 1.6
"""Perturbation theory falls short of strong correlation about by this factor."""

_LONGEST = 0.8
"""Amplitudes beyond this say that the model has broken down."""


def classical_starts(
    model: ClassicalModel, active: IntArray, curvature: FloatArray, x: FloatArray
) -> list[FloatArray]:
    """Return x and the classical starts that differ from it and from each other.

    They are the Newton step, MP2 amplitudes, those times 1.6, and -g_i / P_ii.
    """
    diagonal = np.zeros(len(x))
    diagonal[active] = -model.gradient[active] / np.diag(curvature)
    points = [diagonal]
    if "mp2" in model.starts:
        points = [model.starts["mp2"], _STRONG * model.starts["mp2"], *points]
    if "newton" in model.starts:
        points = [model.starts["newton"], *points]
    chosen = [x]
    for point in points:
        if np.max(np.abs(point), initial=0.0) > _LONGEST:
            continue
        if all(np.max(np.abs(point - other)) > 1e-3 for other in chosen):
            chosen.append(point)
    return chosen


def lowest(
    energies: Sequence[Scalar], resolution: float = 0.005
) -> tuple[int, FloatArray]:
    """Return the index of the lowest energy, and a weight in (0.1, 1) of each.

    Weights fall off over the error of a difference and `resolution` in Hartree.
    """
    values = np.array([e.value for e in energies])
    error = np.sqrt(2 * np.mean([e.variance for e in energies])) + resolution
    best = int(np.argmin(values))
    weights = np.exp(-np.minimum((values - values[best]) / error, 50.0))
    return best, np.maximum(weights, 0.1)
