"""Exact gradients from energies at shifted angles.

A gate exp(-iθG/2) makes the energy a trigonometric polynomial in θ, whose frequencies are the
differences of G's eigenvalues over two: {1} for Pauli rotations, {½, 1} for excitations (where
the two-term rule is wrong). References: M. Schuld et al., PRA 99, 032331 (2019),
arXiv:1811.11184; G.-L. R. Anselmetti et al., NJP 23, 113010 (2021), arXiv:2104.05695;
D. Wierichs et al., Quantum 6, 677 (2022), arXiv:2107.12390.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from qvopt.backends.protocol import Point
from qvopt.measurement.estimate import Estimate
from qvopt_circuits.circuit import Circuit
from qvopt_circuits.gates import Gate
from qvopt_molecules.errors import InputError

FloatArray = npt.NDArray[np.float64]
Rule = tuple[tuple[float, float], ...]

TWO_TERM: Final[Rule] = ((math.pi / 2, 0.5), (-math.pi / 2, -0.5))
"""E'(θ) = [E(θ + π/2) - E(θ - π/2)] / 2."""

_D1 = (math.sqrt(2) + 1) / (4 * math.sqrt(2))
_D2 = (math.sqrt(2) - 1) / (4 * math.sqrt(2))
FOUR_TERM: Final[Rule] = (
    (math.pi / 2, _D1),
    (-math.pi / 2, -_D1),
    (3 * math.pi / 2, -_D2),
    (-3 * math.pi / 2, _D2),
)
"""E'(θ) = d₁ [E(θ + π/2) - E(θ - π/2)] - d₂ [E(θ + 3π/2) - E(θ - 3π/2)].

Exact for frequencies ½ and 1: with f = ½, 2 (d₁ - d₂) sin(π/4) = ½; with f = 1, 2 (d₁ + d₂) = 1.
The shifts are the equidistant ones, whose variance at equal shots is the least.
"""


def shift_rule(gate: Gate) -> Rule:
    """Return the (shift in radians, coefficient) pairs of dE/dθ for a gate's own angle."""
    if gate.frequencies == (1.0,):
        return TWO_TERM
    if gate.frequencies == (0.5, 1.0):
        return FOUR_TERM
    raise InputError(f"gate {gate.name} has no angle to differentiate")


@dataclass(frozen=True, eq=False)
class GradientExpansion:
    """∂E/∂x_i = Σ_p matrix[i, p] E(points[p])."""

    points: tuple[Point, ...]
    matrix: Any


def expand_gradient(circuit: Circuit, x: FloatArray) -> GradientExpansion:
    """Return the shifted energies of a gradient and how they combine.

    Every gate is shifted on its own; gates that share a parameter add up by the product rule, each
    times its coefficient. `matrix` is a SciPy CSR array of shape (n_parameters, n_points).
    """
    from scipy.sparse import csr_array

    x = circuit.check_parameters(x)
    index, coefficient, _ = circuit.affine
    points: list[Point] = []
    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    for k, position in enumerate(circuit.parametric):
        if coefficient[k] == 0.0:
            continue
        for shift, weight in shift_rule(circuit.gates[position]):
            rows.append(int(index[k]))
            columns.append(len(points))
            values.append(float(coefficient[k]) * weight)
            points.append(Point(x, ((k, shift),)))
    shape = (circuit.n_parameters, len(points))
    return GradientExpansion(tuple(points), csr_array((values, (rows, columns)), shape=shape))


def combine_gradient(
    expansion: GradientExpansion, estimates: Sequence[Estimate]
) -> tuple[FloatArray, FloatArray, Any]:
    """Return gradient, its variance by component, and its sparse covariance M diag(v) Mᵀ.

    Energies at different points are independent; components that use the same point covary.
    """
    from scipy.sparse import diags_array

    value = np.array([e.value for e in estimates])
    variance = np.array([e.variance for e in estimates])
    matrix = expansion.matrix
    covariance = matrix @ diags_array(variance) @ matrix.T if len(value) else matrix @ matrix.T
    # The sum of a component's coefficients is zero: a common offset must cancel exactly.
    offset = value[0] if len(value) else 0.0
    return matrix @ (value - offset), matrix.power(2) @ variance, covariance
