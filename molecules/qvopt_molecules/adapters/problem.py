"""Which adapter takes an object as a problem: asked by the package that its type comes from."""

from __future__ import annotations

from typing import Any

import numpy as np

from qvopt_molecules.errors import InputError
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.molecule import Molecule
from qvopt_molecules.pauli import PauliSum
from qvopt_molecules.spins import Hamiltonian, SpinHamiltonian

from . import costs, operators
from .terms import spin_hamiltonian

_TAKEN = (
    "a molecule's name, file or geometry; a qvopt Molecule or Hamiltonian; PySCF's Mole, mean "
    "field or CASCI/CASSCF; an operator of Qiskit, OpenFermion or PennyLane; {'XXI': 0.5, ...}; a "
    "networkx or rustworkx graph (MaxCut); or a QUBO matrix"
)


def problem_of(thing: Any) -> Molecule | Hamiltonian:
    """Return an object of ours or of another library as a molecule or a Hamiltonian.

    A square matrix of numbers, or {(i, j): Q_ij}, is a QUBO. Raises InputError for anything else.
    """
    if isinstance(thing, Molecule | MolecularHamiltonian | SpinHamiltonian):
        return thing
    if isinstance(thing, PauliSum):
        n = thing.n_qubits
        return spin_hamiltonian(((operators.letters_of(text), c) for text, c in thing), n)
    if operators.is_table(thing):
        return operators.from_table(thing)
    if costs.is_entries(thing):
        return costs.qubo(thing)
    if isinstance(thing, np.ndarray):
        return costs.qubo(thing)
    adapter = {
        "pyscf": _pyscf,
        "qiskit": operators.from_qiskit,
        "openfermion": operators.from_openfermion,
        "pennylane": operators.from_pennylane,
        "networkx": costs.maxcut,
        "rustworkx": costs.maxcut,
    }.get(_library(thing))
    if adapter is None:
        raise InputError(f"a problem is {_TAKEN}; got {_shown(thing)}")
    return adapter(thing)


def _library(thing: Any) -> str:
    """The package that an object's type, or one that it derives from, comes from."""
    libraries = ("pyscf", "qiskit", "openfermion", "pennylane", "networkx", "rustworkx")
    roots = [base.__module__.partition(".")[0] for base in type(thing).__mro__]
    return next((root for root in roots if root in libraries), "")


def _pyscf(thing: Any) -> Molecule | Hamiltonian:
    from .pyscf_objects import from_pyscf

    return from_pyscf(thing)


def _shown(thing: Any) -> str:
    name = type(thing).__name__
    return f"a {name} of {_library(thing)}" if _library(thing) else f"a {name}"
