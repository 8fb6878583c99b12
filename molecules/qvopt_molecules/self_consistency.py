"""Converged self-consistent fields of one molecule from many starts, by PySCF."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from qvopt_molecules.arrays import FloatArray

from .errors import InputError
from .orbital_rotations import DENSE, descend, n_rotations

_STORED_INTEGRALS: Final = 120  # atomic orbitals up to which the integrals are kept: 200 MB


def converged(mean_field: Any, name: str, guess: Any = None) -> Any:
    """Iterate a mean field to 1e-12 Hartree, by second order where first order fails."""
    _without_scratch(mean_field)
    mean_field.conv_tol, mean_field.conv_tol_grad, mean_field.max_cycle = 1e-12, 1e-7, 200
    mean_field.kernel(guess)
    if not mean_field.converged:
        mean_field = mean_field.newton()
        mean_field.conv_tol, mean_field.max_cycle = 1e-12, 100
        mean_field.kernel()
    if not mean_field.converged:
        raise InputError(
            f"the self-consistent field of {name} does not converge; check geometry, charge and "
            f"spin"
        )
    return mean_field


@dataclass(frozen=True)
class SelfConsistency:
    """Makes converged mean fields of a molecule; the integrals are computed once.

    Attributes:
        mol: PySCF's Mole, without point group.
        name: what the molecule is called in errors.
    """

    mol: Any
    name: str

    @cached_property
    def _repulsion(self) -> Any:
        if self.mol.nao > _STORED_INTEGRALS:
            return None
        return self.mol.intor("int2e", aosym="s8")

    @cached_property
    def _core(self) -> Any:
        """One-electron Hamiltonian over atomic orbitals, effective core potentials included."""
        from pyscf import scf

        return scf.hf.get_hcore(self.mol)

    def new(self, *, unrestricted: bool = False, mol: Any = None) -> Any:
        """Return an RHF, ROHF (where electrons are unpaired) or UHF that has not been solved.

        `mol` is the same molecule with a point group.
        """
        from pyscf import scf

        mol = self.mol if mol is None else mol
        kind = scf.UHF if unrestricted else scf.ROHF if mol.spin else scf.RHF
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PySCF calls what it has itself deprecated
            mean_field = kind(mol)
        if self._repulsion is not None:
            mean_field._eri = self._repulsion
        core = self._core
        mean_field.get_hcore = lambda *_, **__: core  # PySCF computes it again for every energy
        return mean_field

    def from_guess(self, key: str, *, unrestricted: bool = False, mol: Any = None) -> Any | None:
        """Converge from one of PySCF's guesses; None where either fails."""
        mean_field = self.new(unrestricted=unrestricted, mol=mol)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                start = mean_field.get_init_guess(key=key)
            return converged(mean_field, self.name, start)
        except (InputError, RuntimeError, KeyError, ValueError, np.linalg.LinAlgError):
            return None

    def from_density(
        self, density: FloatArray, *, unrestricted: bool = False, mol: Any = None
    ) -> Any | None:
        """Converge from density matrices (spin, nao, nao); None where that fails."""
        mean_field = self.new(unrestricted=unrestricted, mol=mol)
        paired = not (unrestricted or self.mol.spin)
        try:
            return converged(mean_field, self.name, density.sum(axis=0) if paired else density)
        except (InputError, RuntimeError, ValueError, np.linalg.LinAlgError):
            return None

    def from_orbitals(
        self, orbitals: Any, occupations: Any, *, unrestricted: bool = False
    ) -> Any | None:
        """Go down from a determinant to the minimum nearby; None where that fails."""
        mean_field = self.new(unrestricted=unrestricted)
        _without_scratch(mean_field)
        try:
            if n_rotations(occupations) <= DENSE:
                return descend(mean_field, orbitals, occupations)
            mean_field = mean_field.newton()
            mean_field.conv_tol, mean_field.conv_tol_grad, mean_field.max_cycle = 1e-12, 1e-7, 100
            mean_field.kernel(orbitals, occupations)
        except (RuntimeError, ValueError, IndexError, np.linalg.LinAlgError):
            return None
        return mean_field if mean_field.converged else None


def spin_densities(mean_field: Any) -> FloatArray:
    """Density matrices of the alpha and the beta electrons, shape (2, nao, nao)."""
    density = np.asarray(mean_field.make_rdm1())
    return np.stack([density / 2, density / 2]) if density.ndim == 2 else density


def determinant_of(mol: Any, densities: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Orthonormal orbitals and occupations of the determinant nearest to spin densities."""
    overlap = mol.intor_symmetric("int1e_ovlp")
    values, vectors = np.linalg.eigh(overlap)
    root = (vectors * np.sqrt(values)) @ vectors.T
    _, natural = np.linalg.eigh(-root @ densities.sum(axis=0) @ root)
    n_alpha, n_beta = mol.nelec
    places = np.arange(len(overlap))
    occupations = (places < n_alpha).astype(float) + (places < n_beta)
    return np.linalg.solve(root, natural), occupations


def _without_scratch(mean_field: Any) -> None:
    """Close the scratch file that PySCF opens: nothing is read back from it."""
    scratch = mean_field.__dict__.get("_chkfile")
    mean_field.chkfile = None
    if scratch is not None:
        scratch.close()
