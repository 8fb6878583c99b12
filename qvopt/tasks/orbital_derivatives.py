r"""First and second derivatives of the energy along orbital rotations, at fixed density matrices.

    E(κ) = ⟨ψ| H[C exp(κ)] |ψ⟩,   κ_pq between frozen, active and empty orbitals.

The gradient g_pq = 2 (F_qp - F_pq) comes from the generalised Fock matrix

    F_iq = 2 (F^I + F^A)_iq,   F_tq = Σ_u γ_tu F^I_uq + Σ_uvw Γ_tuvw (qu|vw),   F_aq = 0

(i frozen, t active, a empty). T. Helgaker, P. Jørgensen, J. Olsen, Molecular Electronic-Structure
Theory (2000), chapter 10.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.frame import OrbitalFrame
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.integrals import hamiltonian_in_frame

Pairs = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


def rotations(h: MolecularHamiltonian) -> Pairs:
    """Return index pairs (p, q), p < q, of orbitals in different sets, over all orbitals."""
    assert h.frame is not None
    total = h.frame.coefficients.shape[1]
    kind = np.full(total, 2)
    kind[: h.frame.n_core + h.norb] = 1
    kind[: h.frame.n_core] = 0
    p, q = np.triu_indices(total, 1)
    kept = kind[p] != kind[q]
    return p[kept], q[kept]


def turned(h: MolecularHamiltonian, kappa: FloatArray, pairs: Pairs) -> MolecularHamiltonian:
    """Return the Hamiltonian over C exp(κ), κ by its elements at `pairs`."""
    from scipy.linalg import expm

    frame = h.frame
    assert frame is not None
    total = frame.coefficients.shape[1]
    generator = np.zeros((total, total))
    generator[pairs] = kappa
    generator -= generator.T
    there = replace(frame, coefficients=frame.coefficients @ expm(generator))
    return hamiltonian_in_frame(there, h.norb, h.n_alpha, h.n_beta, label=h.label)


def orbital_gradient(
    h: MolecularHamiltonian, frame: OrbitalFrame, one: FloatArray, two: FloatArray
) -> FloatArray:
    """Return ∂E/∂κ_pq at κ = 0 for C exp(κ), antisymmetric over all orbitals, in Hartree."""
    from pyscf import ao2mo, scf

    mol, c, n_core, n = frame.mole(), frame.coefficients, frame.n_core, h.norb
    core, active = frame.core(), frame.active(n)
    bare = scf.hf.get_hcore(mol)
    densities = np.array([2.0 * core @ core.T, active @ one @ active.T])
    j, k = scf.hf.get_jk(mol, densities)
    inactive = c.T @ (bare + j[0] - 0.5 * k[0]) @ c
    mean = c.T @ (j[1] - 0.5 * k[1]) @ c
    total = c.shape[1]
    mixed = ao2mo.general(mol, (c, active, active, active), compact=False)
    mixed = mixed.reshape(total, n, n, n)
    fock = np.zeros((total, total))
    fock[:n_core] = 2.0 * (inactive + mean)[:n_core]
    rows = slice(n_core, n_core + n)
    fock[rows] = one @ inactive[rows] + np.einsum("tuvw,quvw->tq", two, mixed)
    return np.asarray(2.0 * (fock.T - fock))


def orbital_hessian(
    h: MolecularHamiltonian, frame: OrbitalFrame, one: FloatArray, two: FloatArray
) -> FloatArray:
    """Return ∂²E/∂κ_pq∂κ_rs at κ = 0 over the pairs of `rotations`, in Hartree, by PySCF."""
    from pyscf import mcscf, scf
    from pyscf.mcscf import mc1step

    mol, c = frame.mole(), frame.coefficients
    solver = mcscf.CASSCF(scf.RHF(mol), h.norb, (h.n_alpha, h.n_beta))
    solver.verbose, solver.ncore, solver.mo_coeff = 0, frame.n_core, c
    total = c.shape[1]
    product = mc1step.gen_g_hop(solver, c, np.eye(total), one, two, solver.ao2mo(c))[2]
    pairs = rotations(h)
    hessian = np.zeros((len(pairs[0]),) * 2)
    generator = np.zeros((total, total))
    for k, (p, q) in enumerate(zip(*pairs, strict=True)):
        generator[p, q], generator[q, p] = 1.0, -1.0
        # PySCF leaves out the factor of 2 that its energy has.
        hessian[k] = 2.0 * solver.unpack_uniq_var(product(solver.pack_uniq_var(generator)))[pairs]
        generator[p, q] = generator[q, p] = 0.0
    return np.asarray((hessian + hessian.T) / 2)
