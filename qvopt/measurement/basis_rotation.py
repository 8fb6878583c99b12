"""Basis-rotation groups: the double-factorised Hamiltonian.

    H = E_core + Σ_pq f_pq E_pq + ½ Σ_l λ_l (Σ_pq L^l_pq E_pq)²,   f = h - ½ Σ_r (pr|rq),

with (pq|rs) = Σ_l λ_l L^l_pq L^l_rs. Each real symmetric L = R diag(ε) Rᵀ is diagonal in orbitals
rotated by R: ½ λ (Σ_k ε_k n_k)², a quadratic in occupations. References: M. Motta et al., npj
Quantum Inf. 7, 83 (2021), arXiv:1808.02625; W. Huggins et al., npj Quantum Inf. 7, 23 (2021),
arXiv:1907.13117.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from qvopt_molecules.hamiltonian import MolecularHamiltonian

from .plan import Diagonal, MeasurementGroup, MeasurementPlan, OrbitalBasis

FloatArray = npt.NDArray[np.float64]


def basis_rotation_plan(
    hamiltonian: MolecularHamiltonian, *, threshold: float = 1e-8
) -> MeasurementPlan:
    """Return one group for the one-body part and one for every factor with |λ| > threshold.

    Args:
        hamiltonian: what to measure.
        threshold: smallest |eigenvalue| λ of (pq|rs), in Hartree, that is kept; the error of the
            energy is of its order.
    """
    n, h, g = hamiltonian.norb, hamiltonian.one_body, hamiltonian.two_body
    one = h - 0.5 * np.einsum("prrq->pq", g)
    constant = hamiltonian.core_energy
    groups = []
    values, rotation = np.linalg.eigh(one)
    c, diagonal = _linear(values)
    constant += c
    groups.append(MeasurementGroup(OrbitalBasis(_proper(rotation)), diagonal))
    eigenvalues, vectors = np.linalg.eigh(g.reshape(n * n, n * n))
    for k in np.argsort(-np.abs(eigenvalues), kind="stable"):
        if abs(eigenvalues[k]) <= threshold:
            continue
        factor = vectors[:, k].reshape(n, n)
        values, rotation = np.linalg.eigh((factor + factor.T) / 2)
        c, diagonal = _quadratic(0.5 * eigenvalues[k] * np.outer(values, values))
        constant += c
        groups.append(MeasurementGroup(OrbitalBasis(_proper(rotation)), diagonal))
    weights = np.full(len(groups), 1.0 / len(groups))
    return MeasurementPlan("basis-rotation", 2 * n, float(constant), tuple(groups), weights)


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


def _quadratic(matrix: FloatArray) -> tuple[float, Diagonal]:
    """Σ_kl M_kl N_k N_l, N_k = n_kα + n_kβ, as a constant and strings of one and two Z."""
    n = len(matrix)
    both = np.tile(matrix, (2, 2))  # over spin orbitals: Σ M_xy n_x n_y, n_x² = n_x
    linear = -0.5 * both.sum(axis=1)
    constant = 0.25 * both.sum() + 0.25 * both.trace()
    masks = [1 << q for q in range(2 * n)]
    coefficients = linear.tolist()
    for x in range(2 * n):
        for y in range(x + 1, 2 * n):
            masks.append(1 << x | 1 << y)
            coefficients.append(0.5 * both[x, y])
    c = np.array(coefficients)
    kept = np.abs(c) > 1e-14
    return float(constant), Diagonal(np.array(masks, dtype=np.uint64)[kept], c[kept])
