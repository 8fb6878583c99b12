"""Hartree-Fock, CISD and full CI states as vectors over the sector of fixed electron numbers.

Amplitudes ψ[alpha string, beta string], strings ascending as integers, of unit norm.
"""

from __future__ import annotations

from math import comb

import numpy as np
import numpy.typing as npt

from qvopt_molecules.arrays import FloatArray, IntArray

from .cache import cached_numbers
from .determinants import occupation_strings
from .hamiltonian import MolecularHamiltonian
from .spin_pure import spin_pure_states

LARGEST_SECTOR = 200_000
"""Determinants of the largest sector that a vector is made for: seconds."""

_MOST_KEPT = 4096
"""Amplitudes of a CISD vector that is kept on disk."""


def spin_strings(hamiltonian: MolecularHamiltonian) -> tuple[IntArray, IntArray]:
    """Return the alpha and the beta strings of the sector, ascending integers."""
    n = hamiltonian.norb
    return occupation_strings(n, hamiltonian.n_alpha), occupation_strings(n, hamiltonian.n_beta)


def sector_bits(hamiltonian: MolecularHamiltonian) -> IntArray:
    """Return the determinants as integers, alpha in the low bits, flat in the order of ψ."""
    alpha, beta = spin_strings(hamiltonian)
    return np.asarray(alpha[:, None] | (beta[None, :] << hamiltonian.norb)).reshape(-1)


def hartree_fock_state(hamiltonian: MolecularHamiltonian) -> FloatArray:
    """Return the determinant of the lowest orbitals."""
    state = np.zeros(
        (comb(hamiltonian.norb, hamiltonian.n_alpha), comb(hamiltonian.norb, hamiltonian.n_beta))
    )
    state[0, 0] = 1.0
    return state


def fci_state(hamiltonian: MolecularHamiltonian) -> FloatArray:
    """Return the lowest eigenvector of H of spin S = |n_alpha - n_beta|/2."""
    return np.asarray(spin_pure_states(hamiltonian).vectors[0])


def fci_ground_space(hamiltonian: MolecularHamiltonian) -> FloatArray:
    """Return orthonormal lowest eigenvectors of H of its spin, shape (degeneracy, alpha, beta).

    One of them where the ground state is unique; the two of a Π, the three of a P state. Energies
    within a microhartree count as equal.
    """
    states = spin_pure_states(hamiltonian, 6)
    lowest = states.vectors[states.energies < states.energies.min() + 1e-6]
    basis = np.linalg.qr(lowest.reshape(len(lowest), -1).T)[0].T
    return np.asarray(basis.reshape(lowest.shape))


def cisd_state(hamiltonian: MolecularHamiltonian) -> FloatArray:
    """Return the lowest eigenvector of H among determinants of at most two excited electrons.

    Excited from the lowest orbitals. In sectors above `LARGEST_SECTOR` determinants, the lowest
    determinant alone.
    """
    norb, nelec = hamiltonian.norb, (hamiltonian.n_alpha, hamiltonian.n_beta)
    state = hartree_fock_state(hamiltonian)
    shape = state.shape
    if shape[0] * shape[1] > LARGEST_SECTOR:
        return state
    alpha, beta = (_excited(norb, n) for n in nelec)
    kept = alpha[:, None] + beta[None, :] <= 2
    size = int(kept.sum())
    if size > _MOST_KEPT:
        state[kept] = _lowest(hamiltonian, kept)
        return state
    # PySCF and SciPy take half a second to import, and the vector next to nothing.
    document = {"cisd": hamiltonian.content_hash()}
    state[kept] = cached_numbers(document, size, lambda: _lowest(hamiltonian, kept).tolist())
    return state


def _lowest(hamiltonian: MolecularHamiltonian, kept: npt.NDArray[np.bool_]) -> FloatArray:
    """Amplitudes of the lowest eigenvector of H among the determinants that are kept."""
    size = int(kept.sum())
    if size < 3:
        return _lowest_of_few(hamiltonian, kept)
    from scipy.sparse.linalg import LinearOperator, eigsh

    product = _product(hamiltonian)

    def restricted(vector: FloatArray) -> FloatArray:
        full = np.zeros(kept.shape)
        full[kept] = vector.reshape(-1)
        return np.asarray(product(full)[kept])

    # Near the determinant, and with a part in every other one, so that none is missed.
    start = np.full(size, 1e-3)
    start[0] = 1.0
    operator = LinearOperator((size, size), matvec=restricted, dtype=np.float64)
    _, vectors = eigsh(operator, k=1, which="SA", v0=start, tol=1e-8)
    return np.asarray(vectors[:, 0] / np.linalg.norm(vectors))


def half_excited_states(hamiltonian: MolecularHamiltonian) -> list[FloatArray]:
    """Return (|HF⟩ + |D⟩)/√2 for singly and doubly excited determinants D, evenly picked.

    At most 40, and fewer in large sectors.
    """
    shape = hartree_fock_state(hamiltonian).shape
    alpha, beta = (_excited(hamiltonian.norb, n) for n in (hamiltonian.n_alpha, hamiltonian.n_beta))
    rank = alpha[:, None] + beta[None, :]
    places = np.argwhere((rank > 0) & (rank <= 2))
    most = int(np.clip(200_000 // max(shape[0] * shape[1], 1), 4, 40))
    picked = places[:: max(1, -(-len(places) // most))]
    states = []
    for a, b in picked:
        state = np.zeros(shape)
        state[0, 0] = state[a, b] = np.sqrt(0.5)
        states.append(state)
    return states


def _excited(norb: int, electrons: int) -> npt.NDArray[np.int64]:
    """Electrons of each string that are not in the lowest orbitals."""
    strings = occupation_strings(norb, electrons)
    inside = np.bitwise_count(strings & ((1 << electrons) - 1)).astype(np.int64)
    return np.asarray(electrons - inside)


def _product(hamiltonian: MolecularHamiltonian):  # type: ignore[no-untyped-def]
    """H without its constant as a function of amplitudes, by PySCF."""
    from pyscf.fci import direct_spin1

    norb, nelec = hamiltonian.norb, (hamiltonian.n_alpha, hamiltonian.n_beta)
    merged = direct_spin1.absorb_h1e(hamiltonian.one_body, hamiltonian.two_body, norb, nelec, 0.5)
    return lambda psi: direct_spin1.contract_2e(merged, psi, norb, nelec)


def _lowest_of_few(hamiltonian: MolecularHamiltonian, kept: npt.NDArray[np.bool_]) -> FloatArray:
    """The same by a dense matrix, where Lanczos would have no room."""
    product, places = _product(hamiltonian), np.argwhere(kept)
    matrix = np.empty((len(places), len(places)))
    for column, place in enumerate(places):
        unit = np.zeros(kept.shape)
        unit[tuple(place)] = 1.0
        matrix[:, column] = product(unit)[kept]
    return np.asarray(np.linalg.eigh((matrix + matrix.T) / 2)[1][:, 0])
