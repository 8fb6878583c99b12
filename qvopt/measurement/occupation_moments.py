"""Moments of occupations in rotated orbitals, from a state over few determinants.

With N_k = Σ_pq R_pk R_qk E_pq and L = Σ_k ε_k N_k = Σ_pq l_pq E_pq, all moments that a fragment
q = ½ λ L² needs are scalar products of states that one-electron operators make of ψ:

    ⟨N_k N_l⟩ = ⟨N_k ψ|N_l ψ⟩,   ⟨q⟩ = ½ λ ⟨Lψ|Lψ⟩,   ⟨N_k q⟩ = ½ λ ⟨N_k ψ|L²ψ⟩,
    ⟨q²⟩ = ¼ λ² ⟨L²ψ|L²ψ⟩.

From CISD they reach four electrons' excitations and no further, so that no vector of the sector is
needed: 367 thousand determinants of the 12 million of 14 electrons in 14 orbitals.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from qvopt_molecules.arrays import FloatArray, IntArray
from qvopt_molecules.few_excitations import (
    cisd_determinants,
    cisd_vector,
    excitations,
    reference_determinant,
)
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.states import sector_bits

from .basis_rotation import Factor
from .fragment_moments import AveragedMoments, FragmentMoments

_MOST_LINKS = 250_000_000
"""Pairs of excitations of the determinants that are kept, an upper bound: a GiB of tables."""

_MOST_STATES = 40


class SparseState:
    """A state over some determinants, with what E_pq and E_pq E_rs make of it.

    Args:
        bits: distinct determinants, as in `few_excitations`, all of one sector.
        amplitudes: of unit norm.
        norb: spatial orbitals.
    """

    def __init__(self, bits: IntArray, amplitudes: FloatArray, norb: int) -> None:
        from scipy.sparse import csr_array

        order = np.argsort(bits)
        bits, amplitudes = bits[order], amplitudes[order]
        self._norb = norb
        targets, places, signs = excitations(bits, norb)
        first = np.unique(np.concatenate([bits, targets.reshape(-1)]))
        own = np.searchsorted(first, bits)
        numbers = _numbers(bits, norb)
        rows = [places.reshape(-1), np.tile(np.arange(norb) * (norb + 1), len(bits))]
        columns = [np.searchsorted(first, targets.reshape(-1)), np.repeat(own, norb)]
        values = [
            (signs * amplitudes[:, None]).reshape(-1),
            (numbers * amplitudes[:, None]).ravel(),
        ]
        # Row pq: E_pq ψ over the determinants of `first`.
        self._images = csr_array(
            (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))),
            shape=(norb * norb, len(first)),
        )
        state = np.zeros(len(first))
        state[own] = amplitudes
        one = self._images @ state
        products = (self._images @ self._images.T).toarray()  # ⟨E_pq ψ|E_rs ψ⟩ = ⟨E_qp E_rs⟩
        swapped = np.arange(norb * norb).reshape(norb, norb).T.reshape(-1)
        self.one: FloatArray = one.reshape(norb, norb)
        covariance = products[swapped] - np.outer(one[swapped], one)
        self.one_electron: FloatArray = np.asarray((covariance + covariance.T) / 2)
        self._first, self._numbers = first, _numbers(first, norb)
        targets, self._places, self._signs = excitations(first, norb)
        second, inverse = np.unique(
            np.concatenate([first, targets.reshape(-1)]), return_inverse=True
        )
        self._own = inverse[: len(first)].astype(np.int32)
        self._targets = inverse[len(first) :].astype(np.int32).reshape(targets.shape)
        self._size = len(second)

    def moments(self, factor: Factor) -> FragmentMoments:
        """Exact moments of a fragment."""
        n, r = self._norb, factor.rotation
        operator = (r * factor.values) @ r.T
        once = np.asarray(operator.reshape(-1) @ self._images)
        twice = np.zeros(self._size)
        _apply(
            np.ascontiguousarray(operator).reshape(-1), once, self._numbers @ operator.diagonal(),
            self._own, self._targets, self._places, self._signs, twice,
        )  # fmt: skip
        half = 0.5 * factor.weight
        pairs = np.einsum("pk,qk->kpq", r, r).reshape(n, n * n)
        numbers = pairs @ self.one.reshape(-1)
        mean = half * float(once @ once)
        crossed = half * (pairs @ (self._images @ twice[self._own]))
        square = half * half * float(twice @ twice)
        covariance = pairs @ self.one_electron @ pairs.T
        return FragmentMoments(covariance, crossed - mean * numbers, square - mean * mean)


def _numbers(bits: IntArray, norb: int) -> FloatArray:
    """Occupations of the spatial orbitals, shape (determinants, norb)."""
    orbitals = np.arange(norb)
    counts = (bits[:, None] >> orbitals & 1) + (bits[:, None] >> (orbitals + norb) & 1)
    return np.asarray(counts, dtype=np.float64)


@njit(cache=True, nogil=True)
def _apply(operator, state, diagonal, own, targets, places, signs, out):  # type: ignore[no-untyped-def]
    """out += Σ_pq operator_pq E_pq applied to a state."""
    for d in range(len(state)):
        amplitude = state[d]
        if amplitude == 0.0:
            continue
        out[own[d]] += diagonal[d] * amplitude
        for l in range(targets.shape[1]):
            out[targets[d, l]] += operator[places[d, l]] * signs[d, l] * amplitude


def cisd_reference(hamiltonian: MolecularHamiltonian) -> SparseState:
    """Return the lowest state of at most two excited electrons."""
    return _sparse(*cisd_vector(hamiltonian), hamiltonian)


def reference_of(hamiltonian: MolecularHamiltonian, psi: FloatArray) -> SparseState:
    """Return a state given by its amplitudes ψ[alpha string, beta string]."""
    return _sparse(sector_bits(hamiltonian), psi.reshape(-1), hamiltonian)


def half_excited_reference(hamiltonian: MolecularHamiltonian) -> AveragedMoments | None:
    """Return states half-way to excited determinants, (|HF⟩ + |D⟩)/√2, evenly picked.

    None where there is nothing to excite.
    """
    lowest = reference_determinant(hamiltonian)
    bits = cisd_determinants(hamiltonian)
    excited = bits[bits != lowest]
    if len(excited) == 0:
        return None
    picked = excited[:: max(1, -(-len(excited) // _MOST_STATES))]
    half = np.full(2, np.sqrt(0.5))
    pairs = [np.array([lowest, other], dtype=np.int64) for other in picked.tolist()]
    return AveragedMoments([SparseState(pair, half, hamiltonian.norb) for pair in pairs])


def _sparse(
    bits: IntArray, amplitudes: FloatArray, hamiltonian: MolecularHamiltonian
) -> SparseState:
    """A state by its largest amplitudes, as many as its tables have room for."""
    h = hamiltonian
    links = sum(n * (h.norb - n) for n in (h.n_alpha, h.n_beta)) + 1
    most = max(1, _MOST_LINKS // links**2)
    if len(bits) > most:
        kept = np.sort(np.argsort(-np.abs(amplitudes), kind="stable")[:most])
        bits, amplitudes = bits[kept], amplitudes[kept]
    return SparseState(bits, amplitudes / np.linalg.norm(amplitudes), h.norb)
