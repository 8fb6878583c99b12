r"""Nuclear gradients of a variational state through its density matrices.

At a minimum ∂E/∂x = 0, so that the energy's derivative along a nucleus is that of the integrals
alone, at fixed parameters and so at fixed density matrices (Hellmann-Feynman, orbital response
included):

    dE/dR = dE_core/dR + Σ_pq (dh_pq/dR) γ_pq + ½ Σ_pqrs (d(pq|rs)/dR) Γ_pqrs.

The integrals' derivatives are central differences over geometries whose orbitals were solved again
and aligned with those here: Pulay forces and the response of the orbitals are in them, whatever the
orbitals, the active space and the ansatz, with an error of O(step²). γ and Γ may be measured: the
gradient is linear in them, and comes with its variance. No further circuit is run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from qvopt_molecules.alignment import align
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.molecule import Atom, Molecule

BOHR = 0.529177210903
"""One bohr in Ångström (CODATA 2018)."""


@dataclass(frozen=True, eq=False)
class IntegralDerivative:
    """Derivatives of the integrals along one coordinate, in Hartree per bohr."""

    core: float
    one: FloatArray
    two: FloatArray


def integral_derivatives(
    molecule: Molecule,
    hamiltonian: MolecularHamiltonian,
    step: float = 1e-3,
    directions: FloatArray | None = None,
) -> list[IntegralDerivative]:
    """Return derivatives along x, y, z of every atom in turn, for `step` in bohr.

    `directions`, (k, atoms, 3) of length 1, take the place of the Cartesian ones. `hamiltonian` is
    that of the molecule, in the orbitals of the density matrices. Raises InputError for active
    spaces that are selected automatically, which may differ from one geometry to the next, and for
    integrals that came without a molecule.
    """
    if hamiltonian.frame is None:
        raise InputError("nuclear gradients need a molecule; FCIDUMP files and lattices have none")
    space = molecule.active_space
    if space is not None and space.selection is not None:
        raise InputError(
            f"selection = '{space.selection}' may choose other orbitals at each geometry; give "
            f"the counts it found here ({hamiltonian.n_electrons} electrons, "
            f"{hamiltonian.norb} orbitals)"
        )
    out = []
    if directions is None:
        directions = np.eye(3 * len(molecule.atoms)).reshape(-1, len(molecule.atoms), 3)
    for direction in directions:
        pair = []
        for sign in (1.0, -1.0):
            moved = displaced(molecule, sign * step * BOHR * direction)
            # From the orbitals here: of several mean fields the same one on both sides.
            near = build_hamiltonian(moved, near=hamiltonian)
            pair.append(align(near, hamiltonian).hamiltonian)
        forth, back = pair
        out.append(
            IntegralDerivative(
                (forth.core_energy - back.core_energy) / (2 * step),
                (forth.one_body - back.one_body) / (2 * step),
                (forth.two_body - back.two_body) / (2 * step),
            )
        )
    return out


def gradient_from_matrices(
    derivatives: list[IntegralDerivative],
    one: FloatArray,
    two: FloatArray,
    directions: FloatArray | None = None,
) -> FloatArray:
    """Return dE/dR in Hartree per bohr, shape (atoms, 3).

    Of derivatives along `directions` it is the part of the gradient in their span.
    """
    values = np.array(
        [
            d.core + float(np.sum(d.one * one)) + 0.5 * float(np.sum(d.two * two))
            for d in derivatives
        ]
    )
    if directions is None:
        return values.reshape(-1, 3)
    return np.asarray(np.tensordot(values, directions, axes=1))


def displaced(molecule: Molecule, by: FloatArray) -> Molecule:
    """Return the molecule with its atoms moved by (atoms, 3) in Ångström."""
    places = (np.array([a.position for a in molecule.atoms]) + by).tolist()
    atoms = tuple(
        Atom(atom.symbol, (x, y, z)) for atom, (x, y, z) in zip(molecule.atoms, places, strict=True)
    )
    return replace(molecule, atoms=atoms, references={})
