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
from functools import cached_property, lru_cache
from typing import Any, Final

import numpy as np

from qvopt.backends.batch import Point
from qvopt.measurement.estimate import Estimate
from qvopt.measurement.estimate_table import EstimateTable
from qvopt_circuits.circuit import Circuit
from qvopt_circuits.gates import Gate
from qvopt_molecules.arrays import FloatArray, IntArray
from qvopt_molecules.errors import InputError

from .shift_rules import ShiftRule, equidistant_rule

TWO_TERM: Final[ShiftRule] = equidistant_rule(1.0, 1)
"""E'(θ) = [E(θ + π/2) - E(θ - π/2)] / 2."""

FOUR_TERM: Final[ShiftRule] = equidistant_rule(0.5, 2)
"""E'(θ) = d₁ [E(θ + π/2) - E(θ - π/2)] - d₂ [E(θ + 3π/2) - E(θ - 3π/2)], d = (√2 ± 1) / 4√2.

Exact for frequencies ½ and 1: with f = ½, 2 (d₁ - d₂) sin(π/4) = ½; with f = 1, 2 (d₁ + d₂) = 1.
"""


def shift_rule(gate: Gate) -> ShiftRule:
    """Return the (shift in radians, coefficient) pairs of dE/dθ for a gate's own angle."""
    if gate.frequencies == (1.0,):
        return TWO_TERM
    if gate.frequencies == (0.5, 1.0):
        return FOUR_TERM
    raise InputError(f"gate {gate.name} has no angle to differentiate")


@dataclass(frozen=True, eq=False)
class Combination:
    """Coefficients of a gradient: ∂E/∂x_i = Σ_p c_ip E_p, a sparse matrix.

    Its entries are arrays here, row by row: products by SciPy take ten times as long for a few
    dozen of them, and its import longer than a short run.

    Attributes:
        rows, columns: i and p of each entry, rows ascending.
        entries: c_ip.
        shape: (n_parameters, n_points).
    """

    rows: IntArray
    columns: IntArray
    entries: FloatArray
    shape: tuple[int, int]

    @classmethod
    def of(cls, n_parameters: int, entries: Sequence[tuple[int, float]]) -> Combination:
        """One (component, coefficient) for each point."""
        components = np.array([i for i, _ in entries], dtype=np.int64)
        coefficients = np.array([w for _, w in entries], dtype=np.float64)
        order = np.argsort(components, kind="stable").astype(np.int64)
        return cls(components[order], order, coefficients[order], (n_parameters, len(entries)))

    @classmethod
    def of_matrix(cls, matrix: Any) -> Combination:
        """The coefficients of a SciPy CSR array of shape (n_parameters, n_points)."""
        rows = np.repeat(np.arange(matrix.shape[0], dtype=np.int64), np.diff(matrix.indptr))
        entries = np.asarray(matrix.data, dtype=np.float64)
        return cls(rows, matrix.indices.astype(np.int64), entries, tuple(matrix.shape))

    @cached_property
    def matrix(self) -> Any:
        """The coefficients as a SciPy CSR array."""
        from scipy.sparse import csr_array

        return csr_array((self.entries, (self.rows, self.columns)), shape=self.shape)

    @cached_property
    def _powers(self) -> tuple[FloatArray, FloatArray]:
        """Squares and fourth powers of the entries."""
        return self.entries**2, self.entries**4

    def _sums(self, entries: FloatArray, terms: FloatArray) -> FloatArray:
        sums = np.bincount(self.rows, entries * terms[self.columns], self.shape[0])
        return np.asarray(sums, dtype=np.float64)

    def sums(self, terms: FloatArray) -> FloatArray:
        """Σ_p c_ip terms[p]."""
        return self._sums(self.entries, terms)

    def sums_of_squares(self, terms: FloatArray) -> FloatArray:
        """Σ_p c_ip² terms[p], by which variances combine."""
        return self._sums(self._powers[0], terms)

    def sums_of_fourth_powers(self, terms: FloatArray) -> FloatArray:
        """Σ_p c_ip⁴ terms[p], by which the variances of variances combine."""
        return self._sums(self._powers[1], terms)

    @cached_property
    def weights(self) -> FloatArray:
        """Σ_i |c_ip| for every point p."""
        sums = np.bincount(self.columns, np.abs(self.entries), self.shape[1])
        weights = np.asarray(sums, dtype=np.float64)
        weights.flags.writeable = False
        return weights


@dataclass(frozen=True, eq=False)
class GradientExpansion:
    """∂E/∂x_i = Σ_p matrix[i, p] E(points[p])."""

    points: tuple[Point, ...]
    combination: Combination

    @property
    def matrix(self) -> Any:
        """The coefficients, a SciPy CSR array of shape (n_parameters, n_points)."""
        return self.combination.matrix

    @property
    def weights(self) -> FloatArray:
        """Shots of each point, relative: Σ_i |matrix[i, p]|.

        For a rule of one parameter these give the least variance where energies at all points
        scatter alike.
        """
        return self.combination.weights

    def combine(self, estimates: Sequence[Estimate]) -> tuple[FloatArray, FloatArray]:
        """Return the gradient and the variance of each component.

        Energies are independent, but for the error of a calibration that they share: much of it
        cancels in the differences.
        """
        table, combination = EstimateTable.of(estimates), self.combination
        # The sum of a component's coefficients is zero: a common offset must cancel exactly.
        offset = table.values[0] if len(table) else 0.0
        gradient = combination.sums(table.values - offset)
        total = combination.sums_of_squares(table.variances)
        if table is not estimates and any(e.shared for e in estimates):
            shared = np.array([e.shared for e in estimates])
            total = total - combination.sums_of_squares(np.square(shared).sum(axis=1))
            total = total + np.square(self.matrix @ shared).sum(axis=1)
        return gradient, total

    def degrees_of_freedom(self, estimates: Sequence[Estimate], variance: FloatArray) -> FloatArray:
        """Return those of each component's variance, by Satterthwaite's rule; inf where exact.

        `variance` is what `combine` returns for the same estimates.
        """
        table = EstimateTable.of(estimates)
        doubt = self.combination.sums_of_fourth_powers(table.variances**2 / table.dofs)
        out = np.full(len(variance), np.inf)
        np.divide(variance**2, doubt, out=out, where=doubt > 0.0)
        return out


def expand_gradient(circuit: Circuit, x: FloatArray) -> GradientExpansion:
    """Return the shifted energies of a gradient and how they combine.

    Every gate is shifted on its own; gates that share a parameter add up by the product rule, each
    times its coefficient.
    """
    x = circuit.check_parameters(x)
    shifts, combination = _shifts(_Same(circuit))
    return GradientExpansion(tuple([Point(x, shift) for shift in shifts]), combination)


Shift = tuple[tuple[int, float], ...]


@dataclass(frozen=True, eq=False)
class _Same:
    """A circuit as a key: equal where it is the same object, so that no gate is compared."""

    circuit: Circuit

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.circuit is self.circuit

    def __hash__(self) -> int:
        return id(self.circuit)


@lru_cache(maxsize=8)
def _shifts(key: _Same) -> tuple[tuple[Shift, ...], Combination]:
    """The shifts of a circuit's gradient and how they combine: they do not depend on x."""
    circuit = key.circuit
    index, coefficient, _ = circuit.affine
    shifts: list[Shift] = []
    entries = []
    for k, position in enumerate(circuit.parametric):
        if coefficient[k] == 0.0:
            continue
        for shift, weight in shift_rule(circuit.gates[position]):
            shifts.append(((k, shift),))
            entries.append((int(index[k]), float(coefficient[k]) * weight))
    return tuple(shifts), Combination.of(circuit.n_parameters, entries)


def linear_expansion(
    n_parameters: int, terms: Sequence[tuple[int, float, Point]]
) -> GradientExpansion:
    """Return the expansion with one (component, weight, point) for each term."""
    combination = Combination.of(n_parameters, [(i, w) for i, w, _ in terms])
    return GradientExpansion(tuple(p for _, _, p in terms), combination)
