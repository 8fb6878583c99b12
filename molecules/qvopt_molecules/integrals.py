"""Integrals over molecular orbitals, by PySCF."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .active_space import resolve_active_space
from .cache import cached_hamiltonian
from .catalogue import check_molecule
from .errors import InputError
from .hamiltonian import MolecularHamiltonian
from .molecule import Molecule

FloatArray = npt.NDArray[np.float64]

MAX_ORBITALS = 60


def build_hamiltonian(molecule: Molecule, *, cache: bool = True) -> MolecularHamiltonian:
    """Return the Hamiltonian of a molecule over its RHF (ROHF if spin > 0) orbitals.

    Frozen orbitals are folded into the core energy and the one-body integrals. Where the molecule
    has an abelian point group, integrals that it forbids are exactly zero and the orbitals carry
    their irreducible representations.

    Args:
        molecule: what to compute.
        cache: whether to look for, and keep, the result on disk.

    Raises:
        InputError: for an impossible charge, spin, basis or active space, and for a
            self-consistent field that does not converge.
    """
    check_molecule(molecule)
    if cache:
        return cached_hamiltonian(molecule, _compute)
    return _compute(molecule)


def _compute(molecule: Molecule) -> MolecularHamiltonian:
    mean_field, irreps = _mean_field(molecule)
    mol = mean_field.mol
    orbitals = _fixed_phases(mean_field.mo_coeff)
    core, active, n_alpha, n_beta = resolve_active_space(
        molecule.active_space, orbitals.shape[1], *mol.nelec
    )
    if len(active) > MAX_ORBITALS:
        raise InputError(
            f"{molecule.name} in {molecule.basis} has {len(active)} active orbitals; choose an "
            f"active space of at most {MAX_ORBITALS}"
        )
    from pyscf import ao2mo

    frozen, chosen = orbitals[:, list(core)], orbitals[:, list(active)]
    bare = mean_field.get_hcore()
    density = 2.0 * frozen @ frozen.T
    potential = mean_field.get_veff(mol, density) if core else np.zeros_like(bare)
    if potential.ndim == 3:  # ROHF gives one potential a spin; the core is closed, they agree
        potential = potential[0]
    core_energy = mol.energy_nuc() + np.sum(density * (bare + 0.5 * potential))
    n = len(active)
    one_body = chosen.T @ (bare + potential) @ chosen
    # By way of the packed form, so that the eightfold symmetry is exact.
    packed = ao2mo.restore(8, ao2mo.kernel(mol, chosen), n)
    two_body = ao2mo.restore(1, packed, n).reshape(n, n, n, n)
    kept = None if irreps is None else tuple(irreps[p] for p in active)
    if kept is not None:
        one_body, two_body = _without_forbidden(one_body, two_body, kept)
    return MolecularHamiltonian(
        core_energy=float(core_energy),
        one_body=np.ascontiguousarray((one_body + one_body.T) / 2),
        two_body=np.ascontiguousarray(two_body),
        n_alpha=n_alpha,
        n_beta=n_beta,
        orbital_energies=np.array(mean_field.mo_energy)[list(active)],
        irreps=kept,
        label=molecule.name,
    )


def _mean_field(molecule: Molecule) -> tuple[Any, list[int] | None]:
    """Return a converged mean field and the irreps of its orbitals, None without symmetry.

    Orbitals are adapted to the point group where there is one: that makes them unique up to
    phases, keeps landscapes comparable along a dissociation curve, and zeroes integrals.
    """
    group = _abelian_group(molecule)
    mean_field = _run(molecule, group)
    if group is None:
        return mean_field, None
    from pyscf import symm

    mol = mean_field.mol
    labels = symm.label_orb_symm(mol, mol.irrep_id, mol.symm_orb, mean_field.mo_coeff)
    return mean_field, [int(label) for label in labels]


def _abelian_group(molecule: Molecule) -> str | None:
    """Largest of PySCF's abelian groups that the molecule has; None for C1."""
    from pyscf import symm

    group, _, _ = symm.detect_symm([(a.symbol, np.array(a.position)) for a in molecule.atoms])
    group = {"Dooh": "D2h", "Coov": "C2v", "SO3": "D2h"}.get(group, group)
    group, _ = symm.as_subgroup(group, np.eye(3)) if group != "C1" else ("C1", None)
    return None if group == "C1" else str(group)


def _run(molecule: Molecule, group: str | None) -> Any:
    import pyscf
    from pyscf import gto, scf

    gto.mole.DISABLE_EVAL = True  # PySCF would evaluate text as Python
    with pyscf.lib.with_omp_threads(1):
        mol = gto.Mole()
        mol.atom = [(a.symbol, a.position) for a in molecule.atoms]
        mol.unit = "Angstrom"
        mol.charge, mol.spin, mol.basis = molecule.charge, molecule.spin, molecule.basis
        mol.verbose = 0
        mol.symmetry = group or False
        try:
            mol.build(dump_input=False, parse_arg=False)
        except (RuntimeError, KeyError, ValueError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise InputError(
                f"PySCF cannot set {molecule.name} up in {molecule.basis}: {reason[:200]}"
            ) from None
        mean_field = scf.ROHF(mol) if molecule.spin else scf.RHF(mol)
        mean_field.conv_tol, mean_field.conv_tol_grad, mean_field.max_cycle = 1e-12, 1e-7, 200
        mean_field.kernel()
        if not mean_field.converged:
            mean_field = mean_field.newton()
            mean_field.conv_tol, mean_field.max_cycle = 1e-12, 100
            mean_field.kernel()
        if not mean_field.converged:
            raise InputError(
                f"the self-consistent field of {molecule.name} does not converge; check geometry, "
                f"charge and spin"
            )
        return mean_field


def _fixed_phases(orbitals: FloatArray) -> FloatArray:
    """Make the largest coefficient of every orbital positive."""
    orbitals = np.asarray(orbitals)
    largest = orbitals[np.argmax(np.abs(orbitals) > 0.999 * np.abs(orbitals).max(0), axis=0),
                       np.arange(orbitals.shape[1])]  # fmt: skip
    return np.asarray(orbitals * np.where(largest < 0, -1.0, 1.0))


def _without_forbidden(
    one_body: FloatArray, two_body: FloatArray, irreps: tuple[int, ...]
) -> tuple[FloatArray, FloatArray]:
    """Set what the point group forbids to exactly zero, where the integrals bear it out."""
    label = np.array([i % 10 for i in irreps])
    pair = label[:, None] ^ label[None, :]
    one = np.where(pair == 0, one_body, 0.0)
    two = np.where((pair[:, :, None, None] ^ pair[None, None, :, :]) == 0, two_body, 0.0)
    change = max(np.abs(one - one_body).max(), np.abs(two - two_body).max())
    return (one, two) if change < 1e-8 else (one_body, two_body)
