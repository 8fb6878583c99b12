"""Where a Hamiltonian's orbitals live: the molecule, and the orbitals over its atomic basis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qvopt_molecules.arrays import FloatArray

from .mean_field import build_mole
from .molecule import Atom, Molecule


@dataclass(frozen=True, eq=False)
class OrbitalFrame:
    """What the integrals of other operators (dipole, derivatives) over the same orbitals need.

    Attributes:
        atoms, charge, spin, basis: the molecule, as in `Molecule`.
        coefficients: orbitals C[μ, p] over PySCF's atomic orbitals, frozen ones first, then the
            active ones in the order of the Hamiltonian, then the empty ones.
        n_core: number of frozen, doubly occupied orbitals.
    """

    atoms: tuple[Atom, ...]
    charge: int
    spin: int
    basis: str
    coefficients: FloatArray
    n_core: int

    def molecule(self, name: str = "molecule") -> Molecule:
        """Return the molecule, all orbitals active."""
        return Molecule(name, self.atoms, self.charge, self.spin, self.basis)

    def mole(self) -> Any:
        """Return PySCF's Mole, without point group."""
        return build_mole(self.molecule())

    def core(self) -> FloatArray:
        """Frozen orbitals, shape (nao, n_core)."""
        return self.coefficients[:, : self.n_core]

    def active(self, norb: int) -> FloatArray:
        """Active orbitals, shape (nao, norb)."""
        return self.coefficients[:, self.n_core : self.n_core + norb]
