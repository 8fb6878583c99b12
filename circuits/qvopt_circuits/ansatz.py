"""What an ansatz is: a named recipe for a circuit and a sensible point to start from."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from qvopt_molecules.hamiltonian import MolecularHamiltonian

from .circuit import Circuit

FloatArray = npt.NDArray[np.float64]


class Ansatz(Protocol):
    """Builds a circuit, Jordan-Wigner qubits in alpha and beta blocks, from a Hamiltonian."""

    @property
    def name(self) -> str:
        """The name users give, lower case with hyphens."""
        ...

    def circuit(self, hamiltonian: MolecularHamiltonian) -> Circuit:
        """Return the circuit, its reference state's X gates first."""
        ...

    def start(self, hamiltonian: MolecularHamiltonian, rng: np.random.Generator) -> FloatArray:
        """Return parameters to start from, shape (n_parameters,)."""
        ...
