"""Self-consistent fields of molecules that are stable, and as symmetric as that allows."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from qvopt_molecules.arrays import FloatArray

from .active_space import resolve_active_space
from .basis_sets import element_bases
from .elements import nuclear_charge
from .errors import InputError
from .frontier import frontier_starts, random_starts
from .molecule import Molecule
from .point_group import PointGroup, other_settings, set_point_group, symmetric_geometry
from .self_consistency import SelfConsistency, converged, determinant_of, spin_densities
from .stability import StableField, follow_instabilities, on_plain

__all__ = ["MeanField", "build_mole", "converged", "mean_field_of_molecule", "solve_mean_field",
           "without_symmetry"]  # fmt: skip


_GUESSES: Final = ("minao", "atom")
_FURTHER_GUESSES: Final = ("1e", "huckel")
_LOWER: Final = 1e-6  # Hartree by which a later start must be better: the first one is kept
_WIDE_GAP: Final = 0.3  # Hartree between the frontier orbitals, where one solution is expected
_MOST_SETTINGS: Final = 6
_EXPLORED: Final = 60  # atomic orbitals up to which further starts are affordable


@dataclass(frozen=True, eq=False)
class MeanField:
    """A mean field and what should be known of it.

    Attributes:
        solution: PySCF's RHF or ROHF, converged; its `mol` has the point group of the orbitals.
        molecule: the molecule, its atoms on exactly symmetric positions.
        notes: sentences on a broken symmetry, equivalent solutions and instabilities.
    """

    solution: Any
    molecule: Molecule
    notes: tuple[str, ...] = ()


def solve_mean_field(molecule: Molecule, near: FloatArray | None = None) -> Any:
    """Return PySCF's mean field of `mean_field_of_molecule`."""
    return mean_field_of_molecule(molecule, near).solution


def mean_field_of_molecule(molecule: Molecule, near: FloatArray | None = None) -> MeanField:
    """Return the lowest RHF (ROHF if spin > 0) that is reached, with no instability left.

    Starts are PySCF's guesses of atomic densities; from there, instabilities are followed, across
    the point group too. Where the frontier orbitals are close or electrons unpaired, further
    starts exchange frontier orbitals and rotate them at random (fixed seed). Orbitals are adapted
    to the largest abelian point group that the solution keeps: that makes them unique up to
    phases, keeps landscapes comparable along a dissociation curve, and zeroes integrals.

    Args:
        molecule: what to solve.
        near: density matrices (spin, nao, nao) of a neighbouring geometry; the solution there is
            continued, and where it is unstable, a note says so.

    Raises:
        InputError: PySCF cannot set the molecule up, or nothing converges.
    """
    import pyscf

    with pyscf.lib.with_omp_threads(1):
        group = None
        if molecule.symmetry:
            atoms, group = symmetric_geometry(molecule.atoms)
            molecule = replace(molecule, atoms=atoms)
        mol = build_mole(molecule)
        space = molecule.active_space
        if space is not None and space.selection is None:
            resolve_active_space(space, mol.nao, *mol.nelec)  # refused before any work is done
        solver = SelfConsistency(mol, molecule.name)
        if near is not None:
            return _continued(molecule, solver, group, near)
        return _lowest(molecule, solver, group)


def build_mole(molecule: Molecule, group: PointGroup | None = None) -> Any:
    """Return PySCF's Mole of a molecule, with orbitals of a point group if one is given.

    Raises InputError where the basis lacks an element, or PySCF cannot set the molecule up.
    """
    from pyscf import gto

    gto.mole.DISABLE_EVAL = True  # PySCF would evaluate text as Python
    bases = element_bases((a.symbol for a in molecule.atoms), molecule.basis)
    mol = gto.Mole()
    mol.atom = [(a.symbol, a.position) for a in molecule.atoms]
    mol.unit = "Angstrom"
    mol.charge, mol.spin = molecule.charge, molecule.spin
    mol.basis, mol.ecp = bases.functions, bases.potentials
    mol.verbose, mol.symmetry = 0, False
    inner = sum(bases.core_electrons.get(a.symbol, 0) for a in molecule.atoms)
    outer = sum(nuclear_charge(a.symbol) for a in molecule.atoms) - molecule.charge - inner
    if outer < max(1, molecule.spin):
        raise InputError(
            f"{molecule.name} has {outer} electrons beside the {inner} of its effective core "
            f"potentials, too few for {molecule.spin} unpaired ones; change charge, spin or basis"
        )
    try:
        mol.build(dump_input=False, parse_arg=False)
    except (RuntimeError, KeyError, ValueError, AssertionError) as error:
        reason = " ".join(str(error).split()) or "no such charge and spin"
        raise InputError(
            f"PySCF cannot set {molecule.name} up in {molecule.basis}: {reason[:200]}"
        ) from None
    if max(mol.nelec) > mol.nao:
        raise InputError(
            f"{molecule.name} has {mol.nelec[0]} alpha and {mol.nelec[1]} beta electrons, which do "
            f"not fit in the {mol.nao} orbitals of {molecule.basis}; change charge, spin or basis"
        )
    if group is not None:
        set_point_group(mol, group)
    return mol


def without_symmetry(mol: Any, **changes: Any) -> Any:
    """Return a copy of a Mole without its point group."""
    plain = mol.copy()
    plain.symmetry = False
    plain.build(dump_input=False, parse_arg=False, **changes)
    return plain


def _lowest(molecule: Molecule, solver: SelfConsistency, group: PointGroup | None) -> MeanField:
    symmetric = None if group is None else build_mole(molecule, group)
    first = _best(solver.from_guess(key, mol=symmetric) for key in _GUESSES)
    if first is not None:
        stable = follow_instabilities(solver, first)
        if stable.stable and stable.energy > first.e_tot - _LOWER and _is_plain(first, solver):
            return MeanField(first, molecule)
    fields = [] if first is None else [stable]
    for start in _further_starts(solver, first):
        field = follow_instabilities(solver, start)
        fields.append(field)
    if not fields:
        raise InputError(
            f"the self-consistent field of {molecule.name} does not converge; check geometry, "
            f"charge and spin"
        )
    lowest = min(fields, key=lambda f: f.energy)
    # The first one that is as low: PySCF's guess, where it is among them.
    lowest = next(f for f in fields if f.energy < lowest.energy + _LOWER and
                  (f.stable or not lowest.stable))  # fmt: skip
    adapted, kept = _adapted(molecule, solver, group, lowest)
    notes = [*_symmetry_note(first, adapted, group, kept), *_stability_notes(lowest)]
    if _n_distinct(solver, fields, lowest.energy) > 1:
        notes.append(
            "degenerate frontier orbitals: several determinants share the lowest mean-field "
            "energy, and the reference is one of them"
        )
    return MeanField(adapted, molecule, tuple(notes))


def _continued(
    molecule: Molecule, solver: SelfConsistency, group: PointGroup | None, near: FloatArray
) -> MeanField:
    from .stability import orbital_modes

    solution = solver.from_density(near)
    if solution is None and group is not None:
        symmetric = solver.from_density(near, mol=build_mole(molecule, group))
        solution = None if symmetric is None else on_plain(solver, symmetric)
    if solution is None:
        solution = solver.from_orbitals(*determinant_of(solver.mol, near))
    if solution is None:
        raise InputError(
            f"the self-consistent field of {molecule.name} does not converge from the "
            f"neighbouring geometry's; take smaller steps"
        )
    field = StableField(solution, float(orbital_modes(solution)[0].min(initial=np.inf)))
    adapted, _ = _adapted(molecule, solver, group, field)
    return MeanField(adapted, molecule, tuple(_stability_notes(field)))


def _further_starts(solver: SelfConsistency, first: Any | None) -> Iterator[Any]:
    """Converged fields from other guesses, from frontier orbitals exchanged, and at random."""
    solutions = [] if first is None else [first]
    for key in (*_GUESSES, *_FURTHER_GUESSES):
        solution = solver.from_guess(key)
        if solution is not None:
            solutions.append(solution)
            yield solution
    if not solutions or solver.mol.nao > _EXPLORED:
        return
    lowest = min(solutions, key=lambda s: float(s.e_tot))
    for orbitals in (*frontier_starts(solver, lowest), *random_starts(lowest)):
        solution = solver.from_orbitals(orbitals, lowest.mo_occ)
        if solution is not None:
            yield solution


def _best(solutions: Iterable[Any | None]) -> Any | None:
    best = None
    for solution in solutions:
        if solution is not None and (best is None or solution.e_tot < best.e_tot - _LOWER):
            best = solution
    return best


def _is_plain(solution: Any, solver: SelfConsistency) -> bool:
    """Whether a stable closed shell with a wide gap leaves no reason to look further."""
    if solver.mol.spin:
        return False
    energies, occupations = np.asarray(solution.mo_energy), np.asarray(solution.mo_occ)
    if np.all(occupations == 2):
        return True
    gap = energies[occupations == 0].min() - energies[occupations == 2].max()
    return bool(gap > _WIDE_GAP)


def _adapted(
    molecule: Molecule, solver: SelfConsistency, group: PointGroup | None, field: StableField
) -> tuple[Any, PointGroup | None]:
    """The same solution over orbitals of the largest group that has one as low."""
    if group is None:
        return field.mean_field, None
    density = spin_densities(field.mean_field)
    for subgroup in _groups(molecule, group):
        mol = build_mole(molecule, subgroup)
        for solution in _symmetric_solutions(solver, mol, density, subgroup.order == group.order):
            if solution is not None and abs(solution.e_tot - field.energy) < _LOWER:
                return solution, subgroup
    return field.mean_field, None


def _symmetric_solutions(
    solver: SelfConsistency, mol: Any, density: FloatArray, guess: bool
) -> Iterator[Any | None]:
    yield solver.from_density(_averaged(mol, density), mol=mol)
    if guess:
        yield from (solver.from_guess(key, mol=mol) for key in _GUESSES)


def _groups(molecule: Molecule, group: PointGroup) -> Iterator[PointGroup]:
    """The group, its like along other axes, then the subgroups of all of them, large ones first."""
    settings = [group, *itertools.islice(other_settings(molecule.atoms, group), _MOST_SETTINGS)]
    subgroups = [list(setting.subgroups()) for setting in settings]
    for order in (8, 4, 2):
        for subgroup in itertools.chain.from_iterable(subgroups):
            if subgroup.order == order:
                yield subgroup


def _averaged(mol: Any, density: FloatArray) -> FloatArray:
    """The totally symmetric part of density matrices."""
    overlap = mol.intor_symmetric("int1e_ovlp")
    projectors = []
    for orbitals in mol.symm_orb:
        metric = orbitals.T @ overlap @ orbitals
        projectors.append(orbitals @ np.linalg.solve(metric, orbitals.T @ overlap))
    return np.array([sum(p @ d @ p.T for p in projectors) for d in density])


def _symmetry_note(
    first: Any | None, adapted: Any, group: PointGroup | None, kept: PointGroup | None
) -> Iterator[str]:
    if first is None or group is None or (kept is not None and kept.order == group.order):
        return
    gain = 1e3 * (float(first.e_tot) - float(adapted.e_tot))
    name = "none" if kept is None else kept.name
    yield (
        f"the reference breaks the point group {group.name} (it keeps {name}) and lies "
        f"{gain:.2f} mHa below the lowest symmetric one found"
    )


def _stability_notes(field: StableField) -> Iterator[str]:
    if not field.stable:
        yield (
            f"the reference is unstable: an orbital rotation lowers its energy (lowest eigenvalue "
            f"of the orbital Hessian {field.curvature:.2g} Ha)"
        )


def _n_distinct(solver: SelfConsistency, fields: list[StableField], energy: float) -> int:
    """Number of different determinants among the lowest solutions."""
    overlap = solver.mol.intor_symmetric("int1e_ovlp")
    distinct: list[FloatArray] = []
    for field in fields:
        if field.energy > energy + _LOWER:
            continue
        density = spin_densities(field.mean_field) @ overlap
        if all(np.abs(density - other).max() > 1e-2 for other in distinct):
            distinct.append(density)
    return len(distinct)
