"""Exact means and variances of a group's outcomes in the reference: the Hartree-Fock determinant.

A group's observable A = Σ_k c_k P_k (in its own basis a sum of Z strings) has variance ⟨A²⟩ - ⟨A⟩².
"""

from __future__ import annotations

import numpy as np

from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.determinants import (
    determinant_in_rotated_orbitals,
    occupation_strings,
    occupied_orbitals,
)
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.sizes import n_determinants
from qvopt_molecules.spins import Hamiltonian
from qvopt_molecules.states import LARGEST_SECTOR

from .clifford import conjugated
from .determinant_moments import determinant_variance
from .images import strings_of
from .plan import CliffordBasis, MeasurementGroup, MeasurementPlan, OrbitalBasis, PauliBasis


def reference_bits(hamiltonian: Hamiltonian, mapping: str) -> int:
    """The Hartree-Fock determinant as a bit string of the mapped qubits; spins' product state."""
    return hamiltonian.reference_bits(mapping)


def reference_deviations(
    plan: MeasurementPlan, hamiltonian: Hamiltonian, mapping: str
) -> FloatArray:
    """Standard deviation of one shot of every group in the reference state."""
    bits = reference_bits(hamiltonian, mapping)
    out = np.empty(len(plan.groups))
    for k, group in enumerate(plan.groups):
        if isinstance(group.basis, PauliBasis):
            out[k] = _pauli_variance(group, bits)
        elif isinstance(group.basis, CliffordBasis):
            out[k] = _clifford_variance(group, bits)
        else:
            out[k] = _orbital_variance(group, hamiltonian.orbitals())
    return np.asarray(np.sqrt(np.maximum(out, 0.0)))


def reference_means(plan: MeasurementPlan, hamiltonian: Hamiltonian, mapping: str) -> FloatArray:
    """Mean of every group in the reference state, in Hartree."""
    bits = reference_bits(hamiltonian, mapping)
    out = np.empty(len(plan.groups))
    for k, group in enumerate(plan.groups):
        if isinstance(group.basis, PauliBasis | CliffordBasis):
            x, z, coefficients = strings_of(group)
            signs = 1.0 - 2.0 * (np.bitwise_count(z & np.uint64(bits)) & 1)
            out[k] = float((coefficients * signs)[x == 0].sum())
        else:
            out[k] = _orbital_mean(group, hamiltonian.orbitals())
    return out


def _orbital_mean(group: MeasurementGroup, hamiltonian: MolecularHamiltonian) -> float:
    """Wick's theorem with γ of one spin: ⟨n_k n_l⟩ = γ_kk γ_ll - γ_kl², s_k = 1 - 2 n_k."""
    assert isinstance(group.basis, OrbitalBasis)
    n = hamiltonian.norb
    gamma = _density(group.basis, hamiltonian)
    signs = 1.0 - 2.0 * gamma.diagonal()
    total = 0.0
    for mask, c in zip(group.diagonal.masks.tolist(), group.diagonal.coefficients, strict=True):
        qubits = [q for q in range(2 * n) if mask >> q & 1]
        if len(qubits) > 2:
            raise ValueError("the diagonal of an orbital rotation has one- and two-body terms")
        pair = -4.0 * gamma[qubits[0], qubits[1]] ** 2 if len(qubits) == 2 else 0.0
        total += float(c) * (float(np.prod(signs[qubits])) + pair)
    return total


def _pauli_variance(group: MeasurementGroup, bits: int) -> float:
    """In a computational state a string has a mean only if it is all Z."""
    assert isinstance(group.basis, PauliBasis)
    flips = sum(1 << q for q, letter in enumerate(group.basis.letters) if letter in "XY")
    masks, c = group.diagonal.masks, group.diagonal.coefficients
    off = masks & np.uint64(flips)
    sign = 1.0 - 2.0 * (np.bitwise_count(masks & np.uint64(bits)) & 1)
    # ⟨P_k P_l⟩ is nonzero only for strings that flip the same qubits: c_k c_l s_k s_l.
    total = 0.0
    for pattern in np.unique(off):
        same = off == pattern
        if pattern:
            total += float((c[same] * sign[same]).sum()) ** 2
    return total


def _clifford_variance(group: MeasurementGroup, bits: int) -> float:
    """A|b⟩ by what its strings make of b: Var A = Σ_{b' ≠ b} |⟨b'|A|b⟩|².

    P|b⟩ = i^{|x & z|} (-1)^{|z & b|} |b ^ x⟩.
    """
    basis = group.basis
    assert isinstance(basis, CliffordBasis)
    _, _, signs = conjugated(basis.x, basis.z, list(basis.gates))
    phase = 1j ** (np.bitwise_count(basis.x & basis.z).astype(np.int64) % 4)
    phase = phase * (1.0 - 2.0 * (np.bitwise_count(basis.z & np.uint64(bits)) & 1))
    amplitudes = signs * group.diagonal.coefficients * phase
    total = 0.0
    for pattern in np.unique(basis.x):
        if pattern:
            total += float(np.abs(amplitudes[basis.x == pattern].sum()) ** 2)
    return total


def _density(basis: OrbitalBasis, hamiltonian: MolecularHamiltonian) -> FloatArray:
    """⟨b†_x b_y⟩ of the determinant over rotated spin orbitals."""
    n = hamiltonian.norb
    gamma = np.zeros((2 * n, 2 * n))
    for spin, electrons in enumerate((hamiltonian.n_alpha, hamiltonian.n_beta)):
        occupied = basis.rotation[:electrons]
        here = slice(spin * n, (spin + 1) * n)
        gamma[here, here] = occupied.T @ occupied
    return gamma


def _orbital_variance(group: MeasurementGroup, hamiltonian: MolecularHamiltonian) -> float:
    """The determinant is a product over spins in rotated orbitals too; enumerate its outcomes.

    Where there are too many, by Wick's theorem.
    """
    assert isinstance(group.basis, OrbitalBasis)
    if n_determinants(hamiltonian) > LARGEST_SECTOR:
        return determinant_variance(group.diagonal, _density(group.basis, hamiltonian))
    rotation, n = group.basis.rotation, hamiltonian.norb
    outcomes, weights = [], []
    for electrons in (hamiltonian.n_alpha, hamiltonian.n_beta):
        strings = occupation_strings(n, electrons)
        amplitudes = determinant_in_rotated_orbitals(
            rotation, occupied_orbitals(strings, n), electrons
        )
        kept = np.square(amplitudes) > 1e-15
        outcomes.append(strings[kept])
        weights.append(np.square(amplitudes[kept]))
    bits = (outcomes[0][:, None] | (outcomes[1][None, :] << n)).astype(np.uint64)
    p = weights[0][:, None] * weights[1][None, :]
    values = group.diagonal.values(bits)
    mean = float((p * values).sum())
    return float((p * (values - mean) ** 2).sum())
