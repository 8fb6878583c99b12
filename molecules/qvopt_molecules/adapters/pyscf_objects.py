"""PySCF's molecules, mean fields and active spaces as ours."""

from __future__ import annotations

from typing import Any

import numpy as np

from qvopt_molecules.basis_names import basis_name
from qvopt_molecules.errors import InputError
from qvopt_molecules.frame import OrbitalFrame
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.mean_field import build_mole
from qvopt_molecules.molecule import Atom, Molecule

_SAME_ORBITALS = 1e-8


def from_pyscf(thing: Any) -> Molecule | MolecularHamiltonian:
    """Return a Mole as a molecule; a mean field or CASCI/CASSCF as a Hamiltonian over its orbitals.

    Raises InputError for orbitals that differ between the spins or are complex, for periodic
    systems, and for a mean field that has not converged.
    """
    from pyscf import gto, mcscf, scf
    from pyscf.mcscf.casci import CASBase

    if isinstance(thing, gto.Mole):
        return _molecule(thing)
    if isinstance(thing, CASBase):
        return _active(thing)
    if isinstance(thing, scf.hf.SCF):
        _check_mean_field(thing)
        orbitals = np.asarray(thing.mo_coeff)
        order = np.argsort(-np.asarray(thing.mo_occ), kind="stable")
        n_alpha, n_beta = thing.mol.nelec
        full = mcscf.CASCI(thing, orbitals.shape[1], (n_alpha, n_beta))
        full.mo_coeff = orbitals[:, order]
        return _active(full)
    raise InputError(
        f"a problem of PySCF is a Mole, a mean field (RHF, ROHF, RKS) or CASCI/CASSCF, got "
        f"{type(thing).__name__}"
    )


def _molecule(mol: Any) -> Molecule:
    atoms = _atoms(mol)
    name = _formula(atoms)
    if not isinstance(mol.basis, str) or mol.cart:
        raise InputError(
            "a Mole is read by the name of its basis; one with several bases or Cartesian "
            "functions comes as its mean field, scf.RHF(mol).run()"
        )
    molecule = Molecule(name, atoms, int(mol.charge), abs(int(mol.spin)), basis_name(mol.basis))
    if not _same_orbitals(mol, build_mole(molecule)):
        raise InputError(
            f"the Mole's functions are not those of {molecule.basis}; give its mean field, "
            f"scf.RHF(mol).run()"
        )
    return molecule


def _check_mean_field(mean_field: Any) -> None:
    if getattr(mean_field, "cell", None) is not None:
        raise InputError("a periodic mean field is no molecule")
    if mean_field.mo_coeff is None:
        raise InputError("the mean field has no orbitals yet; run it first: mean_field.run()")
    if not mean_field.converged:
        raise InputError("the mean field has not converged; its orbitals would be arbitrary")
    if (
        np.ndim(mean_field.mo_coeff) != 2
        or np.shape(mean_field.mo_occ)[0] != np.shape(mean_field.mo_coeff)[1]
    ):
        raise InputError(
            f"{type(mean_field).__name__} has other orbitals for each spin; give scf.ROHF, "
            f"mean_field.to_rhf(), or CASCI over one set of orbitals"
        )
    if np.shape(mean_field.mo_coeff)[0] != mean_field.mol.nao:
        raise InputError(
            f"{type(mean_field).__name__} has orbitals that mix the spins; give scf.RHF or scf.ROHF"
        )
    if np.iscomplexobj(mean_field.mo_coeff):
        raise InputError("the mean field's orbitals are complex; real ones are needed")


def _active(solver: Any) -> MolecularHamiltonian:
    orbitals = solver.mo_coeff
    if orbitals is None:
        raise InputError("the active space has no orbitals yet; run its mean field first")
    orbitals = np.asarray(orbitals)
    if orbitals.ndim != 2 or np.iscomplexobj(orbitals) or np.ndim(solver.ncore) != 0:
        raise InputError("an active space needs one set of real orbitals for both spins")
    n_core, n_active = int(solver.ncore), int(solver.ncas)
    n_alpha, n_beta = (int(n) for n in solver.nelecas)
    from pyscf import ao2mo

    one_body, core_energy = solver.get_h1eff(orbitals)
    one_body = np.asarray(one_body)
    active = orbitals[:, n_core : n_core + n_active]
    packed = ao2mo.restore(8, np.asarray(solver.get_h2eff(active)), n_active)
    two_body = ao2mo.restore(1, packed, n_active).reshape((n_active,) * 4)
    # The Fock matrix of the reference determinant: the spins' mean.
    filled = np.zeros(n_active)
    filled[:n_alpha] += 0.5
    filled[:n_beta] += 0.5
    coulomb = 2.0 * np.einsum("ppqq,q->p", two_body, filled)
    exchange = np.einsum("pqqp,q->p", two_body, filled)
    mol = solver.mol
    return MolecularHamiltonian(
        core_energy=float(core_energy),
        one_body=np.ascontiguousarray((one_body + one_body.T) / 2),
        two_body=np.ascontiguousarray(two_body),
        n_alpha=max(n_alpha, n_beta),
        n_beta=min(n_alpha, n_beta),
        orbital_energies=np.diag(one_body) + coulomb - exchange,
        label=_formula(_atoms(mol)) if mol.natm else "PySCF",
        frame=_frame(solver, orbitals, n_core),
    )


def _frame(solver: Any, orbitals: Any, n_core: int) -> OrbitalFrame | None:
    """The frame of plain orbitals; None where our integrals would not be these."""
    mol = solver.mol
    if not mol.natm or not isinstance(mol.basis, str) or mol.cart:
        return None
    from pyscf import scf

    try:
        frame = OrbitalFrame(
            _atoms(mol), int(mol.charge), abs(int(mol.spin)), basis_name(mol.basis), orbitals,
            n_core,
        )  # fmt: skip
        if not _same_orbitals(mol, frame.mole()):
            return None
    except InputError:
        return None
    plain = np.allclose(solver._scf.get_hcore(), scf.hf.get_hcore(mol), atol=_SAME_ORBITALS)
    return frame if plain and getattr(solver._scf, "with_df", None) is None else None


def _same_orbitals(mol: Any, ours: Any) -> bool:
    theirs, expected = (np.asarray(m.intor_symmetric("int1e_ovlp")) for m in (mol, ours))
    return theirs.shape == expected.shape and bool(
        np.allclose(theirs, expected, atol=_SAME_ORBITALS)
    )


def _atoms(mol: Any) -> tuple[Atom, ...]:
    places = np.asarray(mol.atom_coords(unit="Angstrom")).tolist()
    symbols = [mol.atom_pure_symbol(k) for k in range(mol.natm)]
    return tuple(Atom(s, (x, y, z)) for s, (x, y, z) in zip(symbols, places, strict=True))


def _formula(atoms: tuple[Atom, ...]) -> str:
    counts: dict[str, int] = {}
    for atom in atoms:
        counts[atom.symbol] = counts.get(atom.symbol, 0) + 1
    return "".join(f"{s}{n if n > 1 else ''}" for s, n in counts.items()).lower()
