r"""Eigenstates of H with a given total spin, in a sector of electron numbers and parities.

H, S² and the parities of sets of spin orbitals commute. Small spaces are diagonalised densely:
H + λ (S² - S(S + 1)) as a matrix. In larger ones the lowest eigenvectors of
H + λ (S² - S(S + 1)) are found by Davidson's method, S being the least spin that the electron
numbers allow, so that λ > 0 raises all others; starts are exact in the space of the determinants
of lowest energy, complete in the spins of their open shells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from typing import Any, Final

import numpy as np

from qvopt_molecules.arrays import BoolArray, FloatArray, IntArray

from .determinants import occupation_strings
from .errors import InputError
from .hamiltonian import MolecularHamiltonian

_DENSE: Final = 1300  # determinants up to which H is diagonalised as a matrix
_MODEL: Final = 600  # determinants of the space that starts are exact in
_MORE: Final = 4  # states that are followed beside those asked for
_PENALTY: Final = 1.0  # Hartree for one unit of S²
_SEPARATION: Final = 20.0  # the same where a matrix is diagonalised
_SPIN_ERROR: Final = 1e-5


@dataclass(frozen=True, eq=False)
class SpinStates:
    """Eigenstates of one total spin.

    Attributes:
        energies: Hartree, ascending, the core's included.
        vectors: amplitudes over (alpha string, beta string), shape (k, alpha, beta).
    """

    energies: FloatArray
    vectors: FloatArray


def parity_mask(hamiltonian: MolecularHamiltonian, symmetries: Sequence[int]) -> BoolArray:
    """Determinants with the reference's parity in every set of spin orbitals, (alpha, beta).

    `symmetries` are masks as `diagonal_symmetries` returns them, alpha orbitals in the low bits.
    """
    h = hamiltonian
    alpha, beta = occupation_strings(h.norb, h.n_alpha), occupation_strings(h.norb, h.n_beta)
    reference = ((1 << h.n_alpha) - 1) | (((1 << h.n_beta) - 1) << h.norb)
    kept = np.ones((len(alpha), len(beta)), dtype=bool)
    low = (1 << h.norb) - 1
    for mask in symmetries:
        odd = (reference & mask).bit_count() % 2
        parity = np.bitwise_count(alpha & (mask & low))[:, None] + np.bitwise_count(
            beta & (mask >> h.norb)
        )
        kept &= parity % 2 == odd
    return kept


def spin_pure_states(
    hamiltonian: MolecularHamiltonian, roots: int = 1, symmetries: Sequence[int] = ()
) -> SpinStates:
    """Return the lowest states of spin S = |n_alpha - n_beta|/2.

    Args:
        hamiltonian: integrals and electrons.
        roots: how many; fewer come back where the sector has fewer.
        symmetries: sets of spin orbitals, as masks, whose parity is the reference determinant's.

    Raises:
        InputError: the iterations do not converge, or not to the spin asked for.
    """
    kept = parity_mask(hamiltonian, symmetries)
    if kept.sum() <= _DENSE:
        return _dense(hamiltonian, roots, kept)
    return _iterated(hamiltonian, roots, kept)


def _spin_squared(h: MolecularHamiltonian, psi: FloatArray) -> FloatArray:
    from pyscf.fci.spin_op import contract_ss

    return np.asarray(contract_ss(psi, h.norb, (h.n_alpha, h.n_beta))).reshape(psi.shape)


def _product(h: MolecularHamiltonian) -> Any:
    """H without the core energy as a function of amplitudes."""
    from pyscf.fci import direct_spin1

    nelec = (h.n_alpha, h.n_beta)
    merged = direct_spin1.absorb_h1e(h.one_body, h.two_body, h.norb, nelec, 0.5)
    return lambda psi: np.asarray(direct_spin1.contract_2e(merged, psi, h.norb, nelec))


def _target(h: MolecularHamiltonian) -> float:
    spin = abs(h.n_alpha - h.n_beta) / 2
    return spin * (spin + 1)


def _dense(h: MolecularHamiltonian, roots: int, kept: BoolArray) -> SpinStates:
    places = np.flatnonzero(kept)
    energies, inside = _diagonalised(h, places, kept.shape, roots)
    vectors = np.zeros((len(energies), *kept.shape))
    vectors[:, kept] = inside.T
    return SpinStates(energies + h.core_energy, vectors)


def _diagonalised(
    h: MolecularHamiltonian, places: IntArray, shape: tuple[int, ...], roots: int
) -> tuple[FloatArray, FloatArray]:
    """Lowest eigenvalues and vectors of H over some determinants, of the target spin only.

    `places` are flat. The determinants must be complete in the spins of their open shells.
    """
    from scipy.linalg import eigh

    spins = _spin_matrix(h, places, shape)
    raised = _energy_matrix(h, places, shape)
    raised += _SEPARATION * (spins - _target(h) * np.eye(len(places)))
    last = min(roots, len(places)) - 1
    energies, vectors = eigh(raised, subset_by_index=(0, last))
    pure = np.abs(np.einsum("ik,ij,jk->k", vectors, spins, vectors, optimize=True) - _target(h))
    chosen = pure < 0.1
    return energies[chosen], np.asarray(vectors[:, chosen])


def _energy_matrix(h: MolecularHamiltonian, places: IntArray, shape: tuple[int, ...]) -> FloatArray:
    """H without the core energy between determinants, by PySCF's Slater-Condon rules."""
    from pyscf.fci import direct_spin1

    nelec = (h.n_alpha, h.n_beta)
    diagonal = np.asarray(direct_spin1.make_hdiag(h.one_body, h.two_body, h.norb, nelec)).ravel()
    # PySCF takes the determinants of the lowest values: those that are wanted.
    ranks = np.ones(shape[0] * shape[1])
    ranks[places] = 0.0
    chosen, matrix = direct_spin1.pspace(
        h.one_body, h.two_body, h.norb, nelec, hdiag=ranks, np=len(places)
    )
    matrix = np.array(matrix)
    matrix = np.tril(matrix) + np.tril(matrix, -1).T
    np.fill_diagonal(matrix, diagonal[chosen])
    order = np.argsort(chosen)
    return np.asarray(matrix[np.ix_(order, order)])


def _spin_matrix(h: MolecularHamiltonian, places: IntArray, shape: tuple[int, ...]) -> FloatArray:
    """S² between determinants: Dirac's exchanges of two spins within open shells.

    With orbitals in ascending order, alpha before beta, exchanges have the sign +.
    """
    alpha = occupation_strings(h.norb, h.n_alpha)[places // shape[1]]
    beta = occupation_strings(h.norb, h.n_beta)[places % shape[1]]
    inversions = np.zeros(len(places), dtype=np.int64)
    for p in range(h.norb):
        below = np.bitwise_count(beta & ((1 << p) - 1)).astype(np.int64)
        inversions += (alpha >> p & 1) * below
    signs = 1.0 - 2.0 * (inversions % 2)
    double, single = alpha & beta, alpha ^ beta
    same = (double[:, None] == double) & (single[:, None] == single)
    exchanged = same & (np.bitwise_count(alpha[:, None] ^ alpha) == 2)
    matrix = np.where(exchanged, signs[:, None] * signs, 0.0)
    projection = (h.n_alpha - h.n_beta) / 2
    lone_beta = np.bitwise_count(beta & ~alpha).astype(float)
    np.fill_diagonal(matrix, projection * (projection + 1) + lone_beta)
    return np.asarray(matrix)


def _iterated(h: MolecularHamiltonian, roots: int, kept: BoolArray) -> SpinStates:
    from pyscf import lib
    from pyscf.fci import direct_spin1

    product, target = _product(h), _target(h)
    nelec = (h.n_alpha, h.n_beta)
    diagonal = np.asarray(direct_spin1.make_hdiag(h.one_body, h.two_body, h.norb, nelec))
    diagonal = diagonal.reshape(kept.shape)

    def raised(vector: FloatArray) -> FloatArray:
        psi = np.zeros(kept.shape)
        psi[kept] = vector
        out = product(psi) + _PENALTY * (_spin_squared(h, psi) - target * psi)
        return np.asarray(out[kept])

    def davidson(starts: list[FloatArray], tolerance: float, residual: float) -> Any:
        with lib.with_omp_threads(1):
            return lib.davidson1(
                lambda xs: [raised(x) for x in xs], starts,
                lib.make_diag_precond(diagonal[kept], 1e-3),
                tol=tolerance, tol_residual=residual, nroots=len(starts), max_cycle=150,
                max_space=12 + 4 * len(starts), verbose=0,
            )  # fmt: skip

    places = _model_space(h, diagonal, kept)
    inside = _diagonalised(h, places, kept.shape, roots + _MORE)[1]
    position = np.cumsum(kept.reshape(-1)) - 1
    starts = np.zeros((inside.shape[1], int(kept.sum())))
    starts[:, position[places]] = inside.T
    # Roughly for more states than are wanted, as the order in the model space may change.
    _, values, vectors = davidson(list(starts), 1e-4, 1e-2)
    order = np.argsort(values, kind="stable")[:roots]
    converged, _, vectors = davidson([vectors[k] for k in order], 1e-11, 3e-6)
    if not all(converged):
        raise InputError(f"full CI of {h.label or 'the Hamiltonian'} does not converge")
    psi = np.zeros((len(order), *kept.shape))
    psi[:, kept] = np.array(vectors)
    for state in psi:
        state /= np.linalg.norm(state)
        if abs(float(np.vdot(state, _spin_squared(h, state))) - target) > _SPIN_ERROR:
            raise InputError(
                f"full CI of {h.label or 'the Hamiltonian'} does not converge to a state of its "
                f"spin"
            )
    energies = np.array([float(np.vdot(state, product(state))) for state in psi])
    order = np.argsort(energies, kind="stable")
    return SpinStates(energies[order] + h.core_energy, psi[order])


def _model_space(h: MolecularHamiltonian, diagonal: FloatArray, kept: BoolArray) -> IntArray:
    """Flat places of low determinants, and of all with the same orbitals doubly occupied."""
    alpha, beta = occupation_strings(h.norb, h.n_alpha), occupation_strings(h.norb, h.n_beta)
    double, single = alpha[:, None] & beta[None, :], alpha[:, None] ^ beta[None, :]
    configuration = ((double << h.norb) | single).reshape(-1)
    lowest = np.argsort(np.where(kept, diagonal, np.inf), axis=None, kind="stable")[:_MODEL]
    unpaired, count = abs(h.n_alpha - h.n_beta), 0
    chosen: set[int] = set()
    for place in lowest:
        if int(configuration[place]) not in chosen:
            n_open = int(np.bitwise_count(configuration[place] & ((1 << h.norb) - 1)))
            count += comb(n_open, (n_open - unpaired) // 2)
            if chosen and count > _MODEL:
                break
            chosen.add(int(configuration[place]))
    return np.flatnonzero(np.isin(configuration, sorted(chosen)) & kept.reshape(-1))
