"""Integrals over molecular orbitals, by PySCF."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from qvopt_molecules.arrays import FloatArray

from .active_space import resolve_active_space, split_degeneracy_note
from .arguments import checked_arguments
from .basis_sets import element_bases
from .cache import cached_hamiltonian
from .catalogue import check_molecule
from .errors import InputError, shown, unknown_name
from .frame import OrbitalFrame
from .hamiltonian import MolecularHamiltonian
from .mean_field import mean_field_of_molecule
from .molecule import Molecule
from .orbital_choice import LOCALISED, ORBITALS, localise, natural_orbitals, select_active

MAX_ORBITALS = 60


@checked_arguments
def build_hamiltonian(
    molecule: Molecule, *, cache: bool = True, near: MolecularHamiltonian | None = None
) -> MolecularHamiltonian:
    """Return the Hamiltonian of a molecule over its RHF (ROHF if spin > 0) orbitals.

    Or over the orbitals that `molecule.orbitals` names. Frozen orbitals are folded into the core
    energy and the one-body integrals. Where the molecule has an abelian point group, integrals
    that it forbids are exactly zero and the orbitals carry their irreducible representations.

    Args:
        molecule: what to compute.
        cache: whether to look for, and keep, the result on disk.
        near: start the mean field from the occupied orbitals of this one, of the same molecule at
            another geometry; the result is not kept.

    Raises:
        InputError: for an impossible charge, spin, basis or active space, and for a
            self-consistent field that does not converge.
    """
    if not isinstance(molecule, Molecule):
        raise InputError(
            f"build_hamiltonian takes a Molecule, such as find_molecule('h2'), got "
            f"{shown(molecule)}"
        )
    check_molecule(molecule)
    if molecule.orbitals not in ORBITALS:
        raise unknown_name("kind of orbitals", molecule.orbitals, ORBITALS)
    if near is not None:
        return _compute(molecule, near)
    if cache:
        return cached_hamiltonian(molecule, _compute)
    return _compute(molecule)


def _compute(molecule: Molecule, near: MolecularHamiltonian | None = None) -> MolecularHamiltonian:
    solved = mean_field_of_molecule(molecule, None if near is None else _densities(near))
    mean_field, molecule = solved.solution, solved.molecule
    mol = mean_field.mol
    n_alpha, n_beta = mol.nelec
    space, kind = molecule.active_space, molecule.orbitals
    numbers = list(range(np.shape(mean_field.mo_coeff)[1]))
    if space is not None and space.selection is not None:
        orbitals, n_core, n_active, kind = select_active(space, mean_field, kind)
        active_alpha, active_beta = n_alpha - n_core, n_beta - n_core
    else:
        # By occupation first: an open shell may be above an empty orbital.
        order = np.argsort(-np.asarray(mean_field.mo_occ), kind="stable")
        orbitals = np.asarray(mean_field.mo_coeff)[:, order]
        if kind.endswith("natural"):
            orbitals, _ = natural_orbitals(mean_field, kind)
        core, active, active_alpha, active_beta = resolve_active_space(
            space, orbitals.shape[1], n_alpha, n_beta
        )
        empty = [p for p in range(orbitals.shape[1]) if p not in core and p not in active]
        numbers = [*core, *active, *empty]
        orbitals = orbitals[:, numbers]
        n_core, n_active = len(core), len(active)
    if n_active > MAX_ORBITALS:
        raise InputError(
            f"{molecule.name} in {molecule.basis} has {n_active} active orbitals; choose an "
            f"active space of at most {MAX_ORBITALS}"
        )
    fock = np.asarray(mean_field.get_fock())
    energies = np.einsum("mp,mn,np->p", orbitals, fock, orbitals)
    split = split_degeneracy_note(energies, numbers, n_core, n_core + n_active)
    if kind in LOCALISED:
        ends = (n_core, n_core + active_beta, n_core + active_alpha, n_core + n_active)
        blocks = [range(a, b) for a, b in itertools.pairwise(ends)]
        orbitals = localise(mol, orbitals, blocks, kind, fock)
    orbitals = _fixed_phases(orbitals)
    frame = OrbitalFrame(
        molecule.atoms, molecule.charge, molecule.spin, molecule.basis, orbitals, n_core
    )
    chosen = frame.active(n_active)
    return hamiltonian_in_frame(
        frame,
        n_active,
        active_alpha,
        active_beta,
        label=molecule.name,
        orbital_energies=np.einsum("mp,mn,np->p", chosen, fock, chosen),
        irreps=_irreps(mol, chosen),
        point_group=str(mol.groupname) if mol.symmetry else None,
        mol=mol,
        notes=(
            *solved.notes,
            *split,
            *element_bases((a.symbol for a in molecule.atoms), molecule.basis).notes(),
        ),
    )


def hamiltonian_in_frame(
    frame: OrbitalFrame,
    norb: int,
    n_alpha: int,
    n_beta: int,
    *,
    label: str = "",
    orbital_energies: FloatArray | None = None,
    irreps: tuple[int, ...] | None = None,
    point_group: str | None = None,
    mol: Any = None,
    notes: tuple[str, ...] = (),
) -> MolecularHamiltonian:
    """Return the Hamiltonian over a frame's `norb` active orbitals, its core folded in.

    Args:
        frame: the orbitals, orthonormal.
        norb, n_alpha, n_beta: active orbitals and electrons.
        label, orbital_energies, irreps, point_group, notes: as in `MolecularHamiltonian`.
        mol: PySCF's Mole of the frame, if it is at hand.
    """
    from pyscf import ao2mo, scf

    mol = frame.mole() if mol is None else mol
    frozen, chosen = frame.core(), frame.active(norb)
    bare = scf.hf.get_hcore(mol)
    density = 2.0 * frozen @ frozen.T
    # The core is a closed shell: both spins feel its J - K/2.
    potential = scf.hf.get_veff(mol, density) if frame.n_core else np.zeros_like(bare)
    core_energy = mol.energy_nuc() + np.sum(density * (bare + 0.5 * potential))
    one_body = chosen.T @ (bare + potential) @ chosen
    # By way of the packed form, so that the eightfold symmetry is exact.
    packed = ao2mo.restore(8, ao2mo.kernel(mol, chosen), norb)
    two_body = ao2mo.restore(1, packed, norb).reshape(norb, norb, norb, norb)
    if irreps is not None:
        one_body, two_body = _without_forbidden(one_body, two_body, irreps)
    return MolecularHamiltonian(
        core_energy=float(core_energy),
        one_body=np.ascontiguousarray((one_body + one_body.T) / 2),
        two_body=np.ascontiguousarray(two_body),
        n_alpha=n_alpha,
        n_beta=n_beta,
        orbital_energies=orbital_energies,
        irreps=irreps,
        label=label,
        frame=frame,
        notes=notes,
        point_group=None if irreps is None else point_group,
    )


def _densities(hamiltonian: MolecularHamiltonian) -> FloatArray:
    """Density matrices of the reference determinant over atomic orbitals, (spin, nao, nao)."""
    h, frame = hamiltonian, hamiltonian.frame
    if frame is None:
        raise InputError("the orbitals of the neighbouring geometry are not known")
    occupied = [frame.coefficients[:, : frame.n_core + n] for n in (h.n_alpha, h.n_beta)]
    return np.array([c @ c.T for c in occupied])


def _irreps(mol: Any, orbitals: FloatArray) -> tuple[int, ...] | None:
    """Irreducible representations of orbitals; None where there is no group, or they mix."""
    if not mol.symmetry:
        return None
    from pyscf import symm

    try:
        labels = symm.label_orb_symm(mol, mol.irrep_id, mol.symm_orb, orbitals, check=True)
    except ValueError:
        return None
    return tuple(int(label) for label in labels)


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
