"""What an ansatz is: a named recipe for a circuit and a sensible point to start from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.spins import SpinHamiltonian

from .circuit import Circuit


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


@runtime_checkable
class ConservingAnsatz(Protocol):
    """An ansatz that declares whether its circuits conserve the electrons of each spin.

    For those whose gates alone do not tell: products of Pauli rotations may conserve them together.
    """

    @property
    def conserves_numbers(self) -> bool:
        """Whether every circuit conserves the electrons of each spin."""
        ...


@dataclass(frozen=True, eq=False)
class Preparation:
    """An ansatz made ready for one Hamiltonian: its circuit, and how a start is drawn."""

    circuit: Circuit
    start: Callable[[np.random.Generator], FloatArray]


@runtime_checkable
class SpinAnsatz(Protocol):
    """An ansatz that also acts on spins, which are qubits without electrons."""

    def over_spins(self, hamiltonian: SpinHamiltonian) -> Preparation:
        """Return the circuit over the spins, and how its start is drawn.

        Raises InputError where the Hamiltonian has terms that the ansatz cannot use.
        """
        ...
