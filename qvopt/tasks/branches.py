"""The reference determinant along a curve: the mean field that belongs to a neighbour's.

Stretched bonds have several mean fields, and from one geometry to the next the lowest may be
another one, so that parameters mean something else and the curve jumps. Where the occupied orbitals
do not go on, the field is solved again from the neighbour's orbitals, and kept where these go on
better. Solutions are followed down their instabilities, so that a field that was continued may lie
above the lowest one there, and its Hamiltonian's notes then say that it is unstable.
"""

from __future__ import annotations

from typing import Final

from qvopt.engine.assembly import resolve_molecule
from qvopt.experiment.specification import MoleculeSpec
from qvopt_molecules.alignment import Aligned, align
from qvopt_molecules.errors import InputError
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.references import hartree_fock_energy

_STEADY: Final = 0.95  # continuity above which no second field is looked for
_SAME: Final = 1e-6  # Hartree between fields that are one


def follow(
    spec: MoleculeSpec, hamiltonian: MolecularHamiltonian, before: MolecularHamiltonian
) -> Aligned:
    """Return the Hamiltonian of a description in orbitals that follow a neighbour's.

    Args:
        spec: the molecule.
        hamiltonian: its Hamiltonian, over the orbitals of its own mean field.
        before: the neighbour's.

    Raises InputError where the two are not of one molecule, basis and active space.
    """
    own = align(hamiltonian, before)
    if own.continuity > _STEADY or before.frame is None:
        return own
    molecule = resolve_molecule(spec)
    if molecule is None:
        return own
    try:
        other = align(build_hamiltonian(molecule, near=before), before)
    except InputError:  # from there it does not converge
        return own
    energies = [hartree_fock_energy(x.hamiltonian) for x in (own, other)]
    if abs(energies[0] - energies[1]) < _SAME or other.continuity <= own.continuity:
        return own
    return other
