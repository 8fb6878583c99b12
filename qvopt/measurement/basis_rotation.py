"""Basis-rotation groups: the double-factorised Hamiltonian.

    H = E_core + Σ_pq f_pq E_pq + ½ Σ_l λ_l (Σ_pq L^l_pq E_pq)²,   f = h - ½ Σ_r (pr|rq),

with (pq|rs) = Σ_l λ_l L^l_pq L^l_rs. Each real symmetric L = R diag(ε) Rᵀ is diagonal in orbitals
rotated by R: ½ λ (Σ_k ε_k n_k)², a quadratic in occupations. References: M. Motta et al., npj
Quantum Inf. 7, 83 (2021), arXiv:1808.02625; W. Huggins et al., npj Quantum Inf. 7, 23 (2021),
arXiv:1907.13117.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.hamiltonian import MolecularHamiltonian

from .plan import Diagonal, MeasurementGroup, MeasurementPlan, OrbitalBasis


@dataclass(frozen=True, eq=False)
class Factor:
    """½ weight (Σ_k values_k N_k)², N_k the occupation of column k of `rotation`."""

    weight: float
    values: FloatArray
    rotation: FloatArray


def double_factorization(
    hamiltonian: MolecularHamiltonian, threshold: float = 1e-8
) -> tuple[float, FloatArray, list[Factor]]:
    """Return E_core, f and the factors with |λ| > threshold, by decreasing |λ|."""
    n, h, g = hamiltonian.norb, hamiltonian.one_body, hamiltonian.two_body
    one = h - 0.5 * np.einsum("prrq->pq", g)
    eigenvalues, vectors = np.linalg.eigh(g.reshape(n * n, n * n))
    factors = []
    for k in np.argsort(-np.abs(eigenvalues), kind="stable"):
        if abs(eigenvalues[k]) <= threshold:
            continue
        factor = vectors[:, k].reshape(n, n)
        values, rotation = np.linalg.eigh((factor + factor.T) / 2)
        factors.append(Factor(float(eigenvalues[k]), values, rotation))
    return float(hamiltonian.core_energy), one, factors


def basis_rotation_plan(
    hamiltonian: MolecularHamiltonian, *, threshold: float = 1e-8
) -> MeasurementPlan:
    """Return one group for the one-body part and one for every factor with |λ| > threshold.

    Args:
        hamiltonian: what to measure.
        threshold: smallest |eigenvalue| λ of (pq|rs), in Hartree, that is kept; the error of the
            energy is of its order.
    """
    constant, one, factors = double_factorization(hamiltonian, threshold)
    values, rotation = np.linalg.eigh(one)
    none = np.zeros((len(factors), hamiltonian.norb))
    return plan_of_factors("basis-rotation", constant, (values, rotation), factors, none)


def plan_of_factors(
    name: str,
    constant: float,
    one_body: tuple[FloatArray, FloatArray],
    factors: Sequence[Factor],
    linear: FloatArray,
) -> MeasurementPlan:
    """Return the groups of Σ_k v_k N_k in the orbitals R, and of each factor with its linear part.

    Args:
        name: of the plan.
        constant: in Hartree.
        one_body: (v, R).
        factors: the squares.
        linear: c of Σ_k c_k N_k added to each factor, shape (factors, norb).
    """
    n = len(one_body[0])
    c, diagonal = _linear(one_body[0])
    constant += c
    groups = [MeasurementGroup(OrbitalBasis(_proper(one_body[1])), diagonal)]
    for factor, part in zip(factors, linear, strict=True):
        matrix = 0.5 * factor.weight * np.outer(factor.values, factor.values)
        c, diagonal = _quadratic(matrix.astype(np.float64), part)
        constant += c
        groups.append(MeasurementGroup(OrbitalBasis(_proper(factor.rotation)), diagonal))
    weights = np.full(len(groups), 1.0 / len(groups))
    return MeasurementPlan(name, 2 * n, float(constant), tuple(groups), weights)


def _proper(rotation: FloatArray) -> FloatArray:
    """Flip one orbital's sign if need be, so that the determinant is +1."""
    out = np.array(rotation)
    if np.linalg.det(out) < 0:
        out[:, 0] = -out[:, 0]
    return out


def _linear(values: FloatArray) -> tuple[float, Diagonal]:
    """Σ_k v_k (n_kα + n_kβ) as a constant and Z strings, with n = (1 - Z) / 2."""
    n = len(values)
    masks = np.array([1 << q for q in range(2 * n)], dtype=np.uint64)
    return float(values.sum()), Diagonal(masks, -0.5 * np.concatenate([values, values]))


def _quadratic(matrix: FloatArray, first: FloatArray) -> tuple[float, Diagonal]:
    """Σ_kl M_kl N_k N_l + Σ_k c_k N_k, N_k = n_kα + n_kβ: a constant and strings of one, two Z."""
    n = len(matrix)
    both = np.tile(matrix, (2, 2))  # over spin orbitals: Σ M_xy n_x n_y, n_x² = n_x
    linear = -0.5 * both.sum(axis=1) - 0.5 * np.tile(first, 2)
    constant = 0.25 * both.sum() + 0.25 * both.trace() + first.sum()
    masks = [1 << q for q in range(2 * n)]
    coefficients = linear.tolist()
    for x in range(2 * n):
        for y in range(x + 1, 2 * n):
            masks.append(1 << x | 1 << y)
            coefficients.append(0.5 * both[x, y])
    c = np.array(coefficients)
    kept = np.abs(c) > 1e-14
    return float(constant), Diagonal(np.array(masks, dtype=np.uint64)[kept], c[kept])
