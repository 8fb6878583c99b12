r"""Eigenstates of H with a given total spin, in a sector of electron numbers and parities.

H, S² and the parities of sets of spin orbitals commute. Small spaces are diagonalised densely:
H within the eigenspace of S² to S(S + 1). In larger ones the lowest eigenvectors of
H + λ (S² - S(S + 1)) are found by Davidson's method, S being the least spin that the electron
numbers allow, so that λ > 0 raises all others; starts are exact in the space of the determinants
of lowest energy, complete in the spins of their open shells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .determinants import occupation_strings
from .errors import InputError
from .hamiltonian import MolecularHamiltonian

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_DENSE: Final = 1300  # determinants up to which H is diagonalised as a matrix
_MODEL: Final = 600  # determinants of the space that starts are exact in
_PENALTY: Final = 1.0  # Hartree for one unit of S²
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
    places = np.argwhere(kept)
    energies, inside = _diagonalised(h, places, kept.shape)
    vectors = np.zeros((min(roots, len(energies)), *kept.shape))
    vectors[:, kept] = inside[:, : len(vectors)].T
    return SpinStates(energies[: len(vectors)] + h.core_energy, vectors)


def _diagonalised(
    h: MolecularHamiltonian, places: npt.NDArray[np.int64], shape: tuple[int, ...]
) -> tuple[FloatArray, FloatArray]:
    """Eigenvalues and vectors of H over some determinants, of the target spin only.

    The determinants must be complete in the spins of their open shells.
    """
    product = _product(h)
    size = len(places)
    spins, matrix = np.empty((2, size, size))
    rows, columns = places.T
    for k, (a, b) in enumerate(places):
        unit = np.zeros(shape)
        unit[a, b] = 1.0
        spins[:, k] = _spin_squared(h, unit)[rows, columns]
        matrix[:, k] = product(unit)[rows, columns]
    values, basis = np.linalg.eigh((spins + spins.T) / 2)
    basis = basis[:, np.abs(values - _target(h)) < 0.1]
    energies, vectors = np.linalg.eigh(basis.T @ ((matrix + matrix.T) / 2) @ basis)
    return energies, np.asarray(basis @ vectors)


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

    places = _model_space(h, diagonal, kept)
    energies, inside = _diagonalised(h, places, kept.shape)
    n_starts = min(roots + 3, len(energies))
    starts = np.zeros((n_starts, *kept.shape))
    starts[:, places[:, 0], places[:, 1]] = inside[:, :n_starts].T
    with lib.with_omp_threads(1):
        converged, values, vectors = lib.davidson1(
            lambda xs: [raised(x) for x in xs],
            [start[kept] for start in starts],
            lib.make_diag_precond(diagonal[kept], 1e-3),
            tol=1e-12, tol_residual=1e-6, nroots=n_starts, max_cycle=200, max_space=8 + 6 * n_starts,
            verbose=0,
        )  # fmt: skip
    order = np.argsort(values, kind="stable")[:roots]
    if not all(converged[k] for k in order):
        raise InputError(f"full CI of {h.label or 'the Hamiltonian'} does not converge")
    psi = np.zeros((len(order), *kept.shape))
    psi[:, kept] = np.array([vectors[k] for k in order])
    for state in psi:
        state /= np.linalg.norm(state)
        if abs(float(np.vdot(state, _spin_squared(h, state))) - target) > _SPIN_ERROR:
            raise InputError(
                f"full CI of {h.label or 'the Hamiltonian'} does not converge to a state of its "
                f"spin"
            )
    energies = np.array([float(np.vdot(state, product(state))) for state in psi])
    return SpinStates(energies + h.core_energy, psi)


def _model_space(
    h: MolecularHamiltonian, diagonal: FloatArray, kept: BoolArray
) -> npt.NDArray[np.int64]:
    """Low determinants with all that have the same orbitals doubly and singly occupied."""
    alpha, beta = occupation_strings(h.norb, h.n_alpha), occupation_strings(h.norb, h.n_beta)
    double, single = alpha[:, None] & beta[None, :], alpha[:, None] ^ beta[None, :]
    configuration = (double << h.norb) | single
    allowed = np.where(kept, diagonal, np.inf)
    lowest = np.argsort(allowed, axis=None, kind="stable")
    chosen: set[int] = set()
    count = 0
    flat = configuration.reshape(-1)
    for place in lowest[:_MODEL]:
        if flat[place] not in chosen:
            chosen.add(int(flat[place]))
            n_open = int(np.bitwise_count(flat[place] & ((1 << h.norb) - 1)))
            unpaired = abs(h.n_alpha - h.n_beta)
            from math import comb

            count += comb(n_open, (n_open - unpaired) // 2)
            if count > _MODEL:
                break
    inside = np.isin(configuration, np.array(sorted(chosen))) & kept
    return np.argwhere(inside)
