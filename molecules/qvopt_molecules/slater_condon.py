r"""Matrix elements of the Hamiltonian between determinants, by the Slater-Condon rules.

A determinant is a pair of occupation strings (alpha, beta), integers whose bit p is orbital p; its
ladder operators stand in the order of the qubits, alpha before beta, lowest orbital first. With
occupied spin orbitals i, j of the ket that differ from a, b of the bra,

    ⟨D|H|D⟩ = E_core + Σ_i h_ii + ½ Σ_ij ⟨ij||ij⟩,
    ⟨D_i^a|H|D⟩ = ± (h_ai + Σ_j ⟨aj||ij⟩),      ⟨D_ij^ab|H|D⟩ = ± ⟨ab||ij⟩,

and 0 beyond doubles. The cost is that of the pairs of determinants: none grows with the sector.
Reference: A. Szabo, N. S. Ostlund, Modern Quantum Chemistry, section 2.3.3.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from qvopt_molecules.arrays import FloatArray, IntArray

from .hamiltonian import MolecularHamiltonian

_BLOCK = 200_000
"""Pairs that are worked out together."""


def matrix_elements(
    hamiltonian: MolecularHamiltonian, bras: IntArray, kets: IntArray
) -> FloatArray:
    """Return ⟨bra|H|ket⟩ in Hartree for pairs of determinants.

    Args:
        hamiltonian: the integrals.
        bras, kets: strings of the determinants, shape (n, 2): alpha and beta. Each pair has equal
            numbers of electrons of each spin.

    Returns:
        The elements, shape (n,).
    """
    out = np.zeros(len(bras))
    for first in range(0, len(bras), _BLOCK):
        rows = slice(first, first + _BLOCK)
        out[rows] = _block(hamiltonian, bras[rows], kets[rows])
    return out


def _block(hamiltonian: MolecularHamiltonian, bras: IntArray, kets: IntArray) -> FloatArray:
    norb = hamiltonian.norb
    levels = np.arange(norb)
    bra = (bras[:, :, None] >> levels) & 1
    ket = (kets[:, :, None] >> levels) & 1
    emptied = (ket & ~bra & 1).astype(bool)  # in the ket alone, shape (pairs, spin, orbital)
    filled = (bra & ~ket & 1).astype(bool)
    differing = emptied.sum(axis=2)  # (pairs, spin)
    total = differing.sum(axis=1)
    out = np.zeros(len(bras))
    same = np.flatnonzero(total == 0)
    out[same] = _diagonal(hamiltonian, ket[same])
    for spin in (0, 1):
        rows = np.flatnonzero((total == 1) & (differing[:, spin] == 1))
        if len(rows):
            i = emptied[rows, spin].argmax(axis=1)
            a = filled[rows, spin].argmax(axis=1)
            phase = _phase(ket[rows, spin], i, a)
            out[rows] = phase * _single(hamiltonian, ket[rows], spin, i, a)
        rows = np.flatnonzero((total == 2) & (differing[:, spin] == 2))
        if len(rows):
            out[rows] = _same_spin_double(hamiltonian, ket[rows, spin], emptied[rows, spin],
                                          filled[rows, spin])  # fmt: skip
    rows = np.flatnonzero((differing[:, 0] == 1) & (differing[:, 1] == 1))
    if len(rows):
        i, j = (emptied[rows, s].argmax(axis=1) for s in (0, 1))
        a, b = (filled[rows, s].argmax(axis=1) for s in (0, 1))
        # Each spin's operator is even, so that the spins' signs multiply.
        phase = _phase(ket[rows, 0], i, a) * _phase(ket[rows, 1], j, b)
        out[rows] = phase * hamiltonian.two_body[a, i, b, j]
    return out


def _diagonal(hamiltonian: MolecularHamiltonian, occupied: IntArray) -> FloatArray:
    """E_core + Σ h_ii + ½ Σ (J - K δ_spin), occupations of shape (pairs, 2, norb)."""
    coulomb = np.einsum("iijj->ij", hamiltonian.two_body)
    exchange = np.einsum("ijji->ij", hamiltonian.two_body)
    both = occupied.sum(axis=1).astype(np.float64)
    energy = hamiltonian.core_energy + both @ np.diag(hamiltonian.one_body)
    energy += 0.5 * np.einsum("ki,ij,kj->k", both, coulomb, both)
    for spin in (0, 1):
        n = occupied[:, spin].astype(np.float64)
        energy -= 0.5 * np.einsum("ki,ij,kj->k", n, exchange, n)
    return np.asarray(energy)


def _single(
    hamiltonian: MolecularHamiltonian, occupied: IntArray, spin: int, i: IntArray, a: IntArray
) -> FloatArray:
    """h_ai + Σ_j (ai|jj) n_j - Σ_j of the same spin (aj|ji) n_j; the term j = i cancels."""
    two_body = hamiltonian.two_body
    coulomb = np.einsum("aijj->aij", two_body)[a, i]
    exchange = np.einsum("ajji->aij", two_body)[a, i]
    out = hamiltonian.one_body[a, i] + np.einsum("kj,kj->k", coulomb, occupied.sum(axis=1))
    return np.asarray(out - np.einsum("kj,kj->k", exchange, occupied[:, spin]))


def _same_spin_double(
    hamiltonian: MolecularHamiltonian,
    occupied: IntArray,
    emptied: npt.NDArray[np.bool_],
    filled: npt.NDArray[np.bool_],
) -> FloatArray:
    """± [(ai|bj) - (aj|bi)] for i < j emptied and a < b filled."""
    norb = emptied.shape[1]
    i, a = emptied.argmax(axis=1), filled.argmax(axis=1)
    j, b = (norb - 1 - mask[:, ::-1].argmax(axis=1) for mask in (emptied, filled))
    phase = _phase(occupied, i, a)
    between = occupied.copy()
    rows = np.arange(len(between))
    between[rows, i], between[rows, a] = 0, 1
    phase = phase * _phase(between, j, b)
    g = hamiltonian.two_body
    return np.asarray(phase * (g[a, i, b, j] - g[a, j, b, i]))


def _phase(occupied: IntArray, i: IntArray, a: IntArray) -> FloatArray:
    """Sign of a†_a a_i on strings of one spin, (-1)^(electrons strictly between i and a)."""
    before = np.concatenate([np.zeros((len(occupied), 1), np.int64), occupied.cumsum(axis=1)], 1)
    rows = np.arange(len(occupied))
    low, high = np.minimum(i, a), np.maximum(i, a)
    between = before[rows, high] - before[rows, np.minimum(low + 1, high)]
    return np.asarray(1.0 - 2.0 * (between % 2))
