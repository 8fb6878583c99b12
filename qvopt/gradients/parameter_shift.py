"""Exact gradients from energies at shifted angles.

A gate exp(-iθG/2) makes the energy a trigonometric polynomial in θ, whose frequencies are the
differences of G's eigenvalues over two: {1} for Pauli rotations, {½, 1} for excitations (where
the two-term rule is wrong). References: M. Schuld et al., PRA 99, 032331 (2019),
arXiv:1811.11184; G.-L. R. Anselmetti et al., NJP 23, 113010 (2021), arXiv:2104.05695;
D. Wierichs et al., Quantum 6, 677 (2022), arXiv:2107.12390.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from qvopt.backends.batch import Point
from qvopt.measurement.estimate import Estimate
from qvopt_circuits.circuit import Circuit
from qvopt_circuits.gates import Gate
from qvopt_molecules.errors import InputError

from .shift_rules import Rule, equidistant_rule

FloatArray = npt.NDArray[np.float64]

TWO_TERM: Final[Rule] = equidistant_rule(1.0, 1)
"""E'(θ) = [E(θ + π/2) - E(θ - π/2)] / 2."""

FOUR_TERM: Final[Rule] = equidistant_rule(0.5, 2)
"""E'(θ) = d₁ [E(θ + π/2) - E(θ - π/2)] - d₂ [E(θ + 3π/2) - E(θ - 3π/2)], d = (√2 ± 1) / 4√2.

Exact for frequencies ½ and 1: with f = ½, 2 (d₁ - d₂) sin(π/4) = ½; with f = 1, 2 (d₁ + d₂) = 1.
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
    """∂E/∂x_i = Σ_p matrix[i, p] E(points[p]).

    `matrix` is a SciPy CSR array of shape (n_parameters, n_points).
    """

    points: tuple[Point, ...]
    matrix: Any

    @cached_property
    def weights(self) -> FloatArray:
        """Shots of each point, relative: Σ_i |matrix[i, p]|.

        For a rule of one parameter these give the least variance where energies at all points
        scatter alike.
        """
        return np.asarray(abs(self.matrix).sum(axis=0)).reshape(-1)

    def combine(self, estimates: Sequence[Estimate]) -> tuple[FloatArray, FloatArray]:
        """Return the gradient and the variance of each component.

        Energies are independent, but for the error of a calibration that they share: much of it
        cancels in the differences.
        """
        value = np.array([e.value for e in estimates])
        variance = np.array([e.variance for e in estimates])
        # The sum of a component's coefficients is zero: a common offset must cancel exactly.
        offset = value[0] if len(value) else 0.0
        gradient, total = self.matrix @ (value - offset), self.matrix.power(2) @ variance
        if any(e.shared for e in estimates):
            shared = np.array([e.shared for e in estimates])
            total = total - self.matrix.power(2) @ np.square(shared).sum(axis=1)
            total = total + np.square(self.matrix @ shared).sum(axis=1)
        return gradient, total


def expand_gradient(circuit: Circuit, x: FloatArray) -> GradientExpansion:
    """Return the shifted energies of a gradient and how they combine.

    Every gate is shifted on its own; gates that share a parameter add up by the product rule, each
    times its coefficient.
    """
    x = circuit.check_parameters(x)
    index, coefficient, _ = circuit.affine
    terms = []
    for k, position in enumerate(circuit.parametric):
        if coefficient[k] == 0.0:
            continue
        for shift, weight in shift_rule(circuit.gates[position]):
            terms.append((int(index[k]), float(coefficient[k]) * weight, Point(x, ((k, shift),))))
    return linear_expansion(circuit.n_parameters, terms)


def linear_expansion(
    n_parameters: int, terms: Sequence[tuple[int, float, Point]]
) -> GradientExpansion:
    """Return the expansion with one (component, weight, point) for each term."""
    from scipy.sparse import csr_array

    rows = [i for i, _, _ in terms]
    values = [w for _, w, _ in terms]
    shape = (n_parameters, len(terms))
    matrix = csr_array((values, (rows, range(len(terms)))), shape=shape)
    return GradientExpansion(tuple(p for _, _, p in terms), matrix)


def combine_gradient(
    expansion: GradientExpansion, estimates: Sequence[Estimate]
) -> tuple[FloatArray, FloatArray, Any]:
    """Return gradient, its variance by component, and its sparse covariance M diag(v) Mᵀ.

    Energies at different points are independent; components that use the same point covary.
    """
    from scipy.sparse import diags_array

    variance = np.array([e.variance for e in estimates])
    matrix = expansion.matrix
    covariance = matrix @ diags_array(variance) @ matrix.T if len(variance) else matrix @ matrix.T
    return *expansion.combine(estimates), covariance
