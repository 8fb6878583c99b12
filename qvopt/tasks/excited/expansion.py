r"""Excited states from one prepared state: subspace expansion and equations of motion.

Quantum subspace expansion (J. McClean et al., arXiv:1603.05681) diagonalises H among O_i |ψ⟩:

    H c = E S c,   H_ij = ⟨ψ|O_i† H O_j|ψ⟩,   S_ij = ⟨ψ|O_i† O_j|ψ⟩,   O_0 = 1.

The equations of motion (P. Ollitrault et al., arXiv:1910.12890) give excitation energies ω of

    (M Q; Q M)(X; Y) = ω (V W; -W -V)(X; Y),   M_ij = ⟨[O_i†, H, O_j]⟩,  Q_ij = -⟨[O_i†, H, O_j†]⟩,
    V_ij = ⟨[O_i†, O_j]⟩,  W_ij = -⟨[O_i†, O_j†]⟩,   [A, B, C] = ½ ([[A, B], C] + [A, [B, C]]).

O_i are the singles and doubles of the Hartree-Fock determinant. Matrix elements are exact, from a
simulator's amplitudes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError
from qvopt_molecules.hamiltonian import MolecularHamiltonian

from .vectors import apply_excitation, excitation_pool, hamiltonian_product

_OVERLAP = 1e-8  # eigenvalues of S below this share of the largest are linear dependence
_MOST_BYTES = 4 << 30


def subspace_expansion(
    hamiltonian: MolecularHamiltonian, psi: FloatArray, states: int
) -> tuple[FloatArray, FloatArray]:
    """Return the lowest `states` energies in Hartree and the states, shape (states, alpha, beta).

    Every energy is an upper bound of the full CI energy of the same rank. Raises InputError where
    the subspace is smaller than `states`.
    """
    vectors = [psi, *(v for v in _excited(hamiltonian, psi) if np.vdot(v, v) > 1e-14)]
    basis = np.array([v.reshape(-1) for v in vectors])
    product = hamiltonian_product(hamiltonian)
    images = np.array([product(v).reshape(-1) for v in vectors])
    values, mix = np.linalg.eigh(basis @ basis.T)
    kept = values > _OVERLAP * values.max()
    if kept.sum() < states:
        raise InputError(
            f"the subspace holds {int(kept.sum())} states; ask for at most as many, or take vqd"
        )
    mix = mix[:, kept] / np.sqrt(values[kept])
    matrix = mix.T @ (basis @ images.T) @ mix
    energies, inner = np.linalg.eigh((matrix + matrix.T) / 2)
    in_sector = (mix @ inner[:, :states]).T @ basis
    return energies[:states], in_sector.reshape(states, *psi.shape)


def equations_of_motion(
    hamiltonian: MolecularHamiltonian, psi: FloatArray, states: int
) -> tuple[FloatArray, list[FloatArray | None]]:
    """Return E of psi and the lowest energies E + ω in Hartree, `states` in all, and their states.

    The state of an excitation is Σ_i (X_i O_i - Y_i O_i†) |ψ⟩ less its part along |ψ⟩, normalised,
    of shape (alpha, beta); None where nothing is left of it. Raises InputError where there are
    fewer excitations than asked for.
    """
    from scipy.linalg import eig

    pool = excitation_pool(hamiltonian)
    product = hamiltonian_product(hamiltonian)
    image = product(psi)
    energy = float(np.vdot(psi, image))
    shape = (len(pool), psi.size)
    if 6 * shape[0] * shape[1] * 8 > _MOST_BYTES:
        raise InputError("the equations of motion would not fit in memory; take vqd")

    def rows(state: FloatArray, adjoint: bool) -> FloatArray:
        out = np.empty(shape)
        for k, o in enumerate(pool):
            out[k] = apply_excitation(state, o, hamiltonian, adjoint=adjoint).reshape(-1)
        return out

    u, d = rows(psi, False), rows(psi, True)  # O ψ, O† ψ
    uh, dh = rows(image, False), rows(image, True)  # O H ψ, O† H ψ
    hu, hd = (np.array([product(v.reshape(psi.shape)).reshape(-1) for v in x]) for x in (u, d))
    v = u @ u.T - d @ d.T
    w = -(u @ d.T - d @ u.T)
    m = u @ hu.T + d @ hd.T - 0.5 * (u @ uh.T + uh @ u.T + d @ dh.T + dh @ d.T)
    q = u @ hd.T + d @ hu.T - 0.5 * (u @ dh.T + uh @ d.T + d @ uh.T + dh @ u.T)
    q = -q
    # Linear dependence: keep the directions that V sees.
    values, mix = np.linalg.eigh((v + v.T) / 2)
    mix = mix[:, np.abs(values) > 1e-7 * np.abs(values).max()]
    m, q, v, w = (mix.T @ x @ mix for x in (m, q, v, w))
    left, right = np.block([[m, q], [q, m]]), np.block([[v, w], [-w, -v]])
    roots, amplitudes = eig(left, right)
    positive = (np.abs(roots.imag) < 1e-6) & np.isfinite(roots) & (roots.real > 1e-9)
    places = np.flatnonzero(positive)
    places = places[np.argsort(roots.real[places], kind="stable")][: states - 1]
    if len(places) < states - 1:
        raise InputError(
            f"the equations of motion have {len(places)} excitations; ask for fewer states"
        )
    vectors: list[FloatArray | None] = [psi]
    for place in places:
        x, y = np.split(amplitudes[:, place], 2)
        excited = (mix @ x) @ u - (mix @ y) @ d
        vectors.append(_apart_from(psi, excited))
    return np.concatenate([[energy], energy + roots.real[places]]), vectors


def _apart_from(psi: FloatArray, amplitudes: npt.NDArray[np.complex128]) -> FloatArray | None:
    """A state less its part along psi, normalised and real; None where nothing is left."""
    # Its phase is free: the largest amplitude is made real.
    state = amplitudes / np.exp(1j * np.angle(amplitudes[np.argmax(np.abs(amplitudes))]))
    real = np.asarray(state.real, dtype=np.float64)
    real = real - psi.reshape(-1) * float(psi.reshape(-1) @ real)
    norm = float(np.linalg.norm(real))
    return None if norm < 1e-8 else (real / norm).reshape(psi.shape)


def _excited(hamiltonian: MolecularHamiltonian, psi: FloatArray) -> list[FloatArray]:
    pool = excitation_pool(hamiltonian)
    if 2 * len(pool) * psi.size * 8 > _MOST_BYTES:
        raise InputError("the subspace would not fit in memory; take vqd")
    return [apply_excitation(psi, o, hamiltonian) for o in pool]
