"""Excitations, the Hamiltonian and spin acting on amplitudes ψ[alpha string, beta string]."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from qvopt.backends.sector.tables import excitation_pairs
from qvopt.engine.states import Component
from qvopt_circuits.excitations import Excitation, double_excitations, single_excitations
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.states import spin_strings
from qvopt_molecules.total_spin import spin_squared


def excitation_pool(hamiltonian: MolecularHamiltonian) -> list[Excitation]:
    """Return all singles and doubles from the Hartree-Fock determinant that conserve spin."""
    h = hamiltonian
    singles = single_excitations(h.norb, h.n_alpha, h.n_beta)
    return singles + double_excitations(h.norb, h.n_alpha, h.n_beta)


def apply_excitation(
    psi: FloatArray,
    excitation: Excitation,
    hamiltonian: MolecularHamiltonian,
    *,
    adjoint: bool = False,
) -> FloatArray:
    """Return T ψ, T = a†_a a_i or a†_a a†_b a_j a_i, or T† ψ, up to one sign for each T."""
    half = len(excitation) // 2
    down, up = excitation[:half], excitation[half:]
    if adjoint:
        down, up = up, down
    out = np.array(psi)
    for axis, strings in enumerate(spin_strings(hamiltonian)):
        shift = axis * hamiltonian.norb
        inside = [
            tuple(q - shift for q in side if 0 <= q - shift < hamiltonian.norb)
            for side in (down, up)
        ]
        if not inside[0]:
            continue
        # Reversed on the way back, so that T† is the transpose of T.
        lower, raised = (inside[0], inside[1])
        source, target, sign = excitation_pairs(strings, lower, raised)
        moved = np.zeros_like(out)
        if axis == 0:
            moved[target] = sign[:, None] * out[source]
        else:
            moved[:, target] = sign[None, :] * out[:, source]
        out = moved
    return out


def hamiltonian_product(hamiltonian: MolecularHamiltonian) -> Callable[[FloatArray], FloatArray]:
    """Return ψ -> H ψ, the core energy included, by PySCF."""
    from pyscf.fci import direct_spin1

    h = hamiltonian
    norb, nelec = h.norb, (h.n_alpha, h.n_beta)
    merged = direct_spin1.absorb_h1e(h.one_body, h.two_body, norb, nelec, 0.5)

    def product(psi: FloatArray) -> FloatArray:
        return np.asarray(direct_spin1.contract_2e(merged, psi, norb, nelec) + h.core_energy * psi)

    return product


def total_spin(parts: Sequence[Component], hamiltonian: MolecularHamiltonian) -> float:
    """⟨S²⟩ of a state by its electron numbers, complex amplitudes included."""
    norb = hamiltonian.norb
    return sum(spin_squared(part.psi, norb, part.n_alpha, part.n_beta) for part in parts)
