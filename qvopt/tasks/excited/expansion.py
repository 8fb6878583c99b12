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
) -> FloatArray:
    """Return E of psi and the lowest energies E + ω in Hartree, `states` in all.

    Raises InputError where there are fewer excitations than asked for.
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
    roots = eig(left, right, right=False)
    real = np.sort(
        roots.real[(np.abs(roots.imag) < 1e-6) & np.isfinite(roots) & (roots.real > 1e-9)]
    )
    if len(real) < states - 1:
        raise InputError(
            f"the equations of motion have {len(real)} excitations; ask for fewer states"
        )
    return np.concatenate([[energy], energy + real[: states - 1]])


def _excited(hamiltonian: MolecularHamiltonian, psi: FloatArray) -> list[FloatArray]:
    pool = excitation_pool(hamiltonian)
    if 2 * len(pool) * psi.size * 8 > _MOST_BYTES:
        raise InputError("the subspace would not fit in memory; take vqd")
    return [apply_excitation(psi, o, hamiltonian) for o in pool]
