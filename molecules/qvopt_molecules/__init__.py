"""What the problem is: molecules, integrals, Hamiltonians and their reference energies."""

from .catalogue import catalogue_names, find_molecule
from .errors import BackendError, BudgetExceededError, InputError, QvoptError
from .exact_reference import ExactReference, exact_reference
from .fcidump import read_fcidump, write_fcidump
from .hamiltonian import MolecularHamiltonian
from .heisenberg import heisenberg_chain
from .integrals import build_hamiltonian
from .mappings import qubit_hamiltonian
from .molecule import ActiveSpace, Atom, Molecule
from .pauli import PauliSum
from .references import fci_energy, hartree_fock_energy, reference_energies
from .spin_energies import ground_energy
from .spins import SpinHamiltonian
from .storage import load_hamiltonian, save_hamiltonian

__all__ = [
    "ActiveSpace",
    "Atom",
    "BackendError",
    "BudgetExceededError",
    "ExactReference",
    "InputError",
    "MolecularHamiltonian",
    "Molecule",
    "PauliSum",
    "QvoptError",
    "SpinHamiltonian",
    "build_hamiltonian",
    "catalogue_names",
    "exact_reference",
    "fci_energy",
    "find_molecule",
    "ground_energy",
    "hartree_fock_energy",
    "heisenberg_chain",
    "load_hamiltonian",
    "qubit_hamiltonian",
    "read_fcidump",
    "reference_energies",
    "save_hamiltonian",
    "write_fcidump",
]
