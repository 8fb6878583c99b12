"""Reference energies of a Hamiltonian: Hartree-Fock, MP2, CCSD and full CI."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from qvopt_molecules.arrays import FloatArray

from .cache import cached_number
from .errors import InputError, unknown_name
from .exact_reference import exact_reference
from .hamiltonian import MolecularHamiltonian
from .sizes import SMALL, n_determinants
from .spin_pure import spin_pure_states

__all__ = [
    "METHODS",
    "ccsd_energy_if_any",
    "fci_energy",
    "fci_energy_if_small",
    "fci_roots_if_small",
    "fci_states",
    "hartree_fock_energy",
    "lowest_fci",
    "mean_field_of",
    "n_determinants",
    "reference_energies",
]


METHODS = ("hf", "mp2", "ccsd", "fci")


def hartree_fock_energy(hamiltonian: MolecularHamiltonian) -> float:
    """Energy in Hartree of the determinant with the lowest orbitals occupied."""
    h, g = hamiltonian.one_body, hamiltonian.two_body
    a, b = slice(0, hamiltonian.n_alpha), slice(0, hamiltonian.n_beta)
    energy = hamiltonian.core_energy + np.trace(h[a, a]) + np.trace(h[b, b])
    for s in (a, b):
        for t in (a, b):
            energy += 0.5 * np.einsum("iijj->", g[s, s, t, t])
        energy -= 0.5 * np.einsum("ijji->", g[s, s, s, s])
    return float(energy)


def fci_energy(hamiltonian: MolecularHamiltonian) -> float:
    """Lowest energy in Hartree of spin S = |n_alpha - n_beta|/2; cached.

    See `exact_reference` for a symmetry sector, and for the gap to the lowest state of any spin.
    Raises InputError for a space of more than 20 million determinants.
    """
    return exact_reference(hamiltonian, with_lowest=False).energy


def fci_energy_if_small(hamiltonian: MolecularHamiltonian) -> float | None:
    """Full CI energy where it takes seconds, None otherwise."""
    return fci_energy(hamiltonian) if n_determinants(hamiltonian) <= SMALL else None


def lowest_fci(hamiltonian: MolecularHamiltonian) -> tuple[float, Any]:
    """Return the energy in Hartree, and the vector, of the lowest state of its spin."""
    states = spin_pure_states(hamiltonian)
    return float(states.energies[0]), states.vectors[0]


def fci_states(
    hamiltonian: MolecularHamiltonian, roots: int
) -> tuple[FloatArray, list[FloatArray]]:
    """Return low full CI energies in Hartree and their vectors, (alpha, beta) each, by PySCF.

    At most as many as there are determinants.
    """
    from pyscf import fci

    h = hamiltonian
    solver = fci.direct_spin1.FCI()
    solver.conv_tol, solver.max_cycle, solver.verbose = 1e-12, 500, 0
    roots = min(roots, n_determinants(h))
    nelec = (h.n_alpha, h.n_beta)
    energies, states = solver.kernel(h.one_body, h.two_body, h.norb, nelec, nroots=roots)
    shape = [math.comb(h.norb, n) for n in nelec]
    vectors = [np.asarray(v).reshape(shape) for v in (states if roots > 1 else [states])]
    return np.atleast_1d(energies) + h.core_energy, vectors


def mean_field_of(hamiltonian: MolecularHamiltonian) -> Any:
    """Return a PySCF mean field whose orbitals are the Hamiltonian's own, already converged."""
    from pyscf import ao2mo, gto, scf

    h = hamiltonian
    mol = gto.M(verbose=0)
    mol.nelectron, mol.spin = h.n_electrons, h.n_alpha - h.n_beta
    mol.incore_anyway = True
    mean_field = scf.ROHF(mol) if h.n_alpha != h.n_beta else scf.RHF(mol)
    mean_field.get_hcore = lambda *_: h.one_body
    mean_field.get_ovlp = lambda *_: np.eye(h.norb)
    mean_field._eri = ao2mo.restore(8, h.two_body, h.norb)
    mean_field.energy_nuc = lambda *_: h.core_energy
    mean_field.mo_coeff = np.eye(h.norb)
    occupation = np.zeros(h.norb)
    occupation[: h.n_alpha] += 1
    occupation[: h.n_beta] += 1
    mean_field.mo_occ = occupation
    fock = mean_field.get_fock(dm=mean_field.make_rdm1())
    mean_field.mo_energy = np.array(fock.diagonal())
    mean_field.e_tot = hartree_fock_energy(h)
    mean_field.converged = True
    return mean_field


def _perturbed(hamiltonian: MolecularHamiltonian, method: str) -> float:
    from pyscf import cc, mp

    mean_field = mean_field_of(hamiltonian)
    if method == "mp2":
        return float(mean_field.e_tot + mp.MP2(mean_field).kernel(with_t2=False)[0])
    solver = cc.CCSD(mean_field)
    solver.conv_tol, solver.max_cycle = 1e-10, 200
    solver.kernel()
    if not solver.converged:
        raise InputError("CCSD does not converge for this Hamiltonian")
    return float(solver.e_tot)


def reference_energies(
    hamiltonian: MolecularHamiltonian, methods: Sequence[str] = METHODS
) -> dict[str, float]:
    """Return energies in Hartree by method, each of `METHODS`."""
    out = {}
    for method in methods:
        if method not in METHODS:
            raise unknown_name("method", method, METHODS)
        if method == "hf":
            out[method] = hartree_fock_energy(hamiltonian)
        elif method == "fci":
            out[method] = fci_energy(hamiltonian)
        else:
            out[method] = _perturbed(hamiltonian, method)
    return out


def ccsd_energy_if_any(hamiltonian: MolecularHamiltonian) -> float | None:
    """CCSD energy in Hartree; None where it does not converge or there is nothing to excite."""

    def compute() -> float | None:
        counts = (hamiltonian.n_alpha, hamiltonian.n_beta)
        if all(n in (0, hamiltonian.norb) for n in counts):
            return None
        try:
            return _perturbed(hamiltonian, "ccsd")
        except (InputError, np.linalg.LinAlgError, ValueError, IndexError):
            return None

    return cached_number(["ccsd", hamiltonian.content_hash()], compute)


def fci_roots_if_small(hamiltonian: MolecularHamiltonian, roots: int) -> FloatArray | None:
    """Lowest energies in Hartree in the sector, spins of all kinds; None where it is too large.

    By dense diagonalisation of PySCF's matrix up to 2,000 determinants, by its Davidson solver up
    to 50,000 (then at most eight roots).
    """
    from pyscf import fci

    h = hamiltonian
    size, nelec = n_determinants(h), (h.n_alpha, h.n_beta)
    if size > 50_000:
        return None
    solver = fci.direct_spin1.FCI()
    solver.verbose = 0
    if size <= 2000:
        _, matrix = solver.pspace(h.one_body, h.two_body, h.norb, nelec, np=size)
        return np.asarray(np.linalg.eigvalsh(matrix)[:roots] + h.core_energy)
    solver.conv_tol, solver.max_cycle = 1e-11, 500
    energies, _ = solver.kernel(h.one_body, h.two_body, h.norb, nelec, nroots=min(roots, 8))
    return np.sort(np.asarray(energies)) + h.core_energy
