r"""ADAPT-VQE: a circuit that grows by the operators of largest gradient.

    |ψ_n(t)⟩ = exp(t_n A_n) |ψ_{n-1}⟩,  A_n the operator of a pool with the largest |⟨[H, A]⟩|.

After each step all parameters are optimised again, from where they were and zero. Grimsley,
Economou, Barnes and Mayhall, arXiv:1812.11173; several operators on disjoint qubits in one step
(TETRIS): Anastasiou et al., arXiv:2209.10562.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError, unknown_name
from qvopt_molecules.hamiltonian import MolecularHamiltonian

from .circuit import Circuit
from .clusters import reference_gates
from .options import check_choice, check_count, need_orbitals
from .pools import POOLS, PoolOperator, extended, operator_pool


@dataclass(frozen=True)
class Adapt:
    """The Hartree-Fock state, and how it is to grow.

    A step of a run is one growth with the optimisation after it. Under shots the pool's gradients
    are measured by shift rules, charged to the purpose "pool"; the run also ends where no
    operator's gradient differs from zero at 95 % confidence over the whole pool.

    Attributes:
        pool: operators to choose from; see `qvopt_circuits.pools.operator_pool`.
        tolerance: end where the norm of the pool's gradient, noise taken off, is below this, in
            Hartree.
        energy_tolerance: end after a step that lowers the energy by less, in Hartree; 0 is off.
        max_operators: end with this many operators.
        per_step: operators added in one step, at most.
        disjoint: add only operators that act on disjoint qubits within one step (TETRIS).
        inner_steps: steps of the optimizer after each growth, at most; those that converge end by
            themselves.
        point_group: leave out operators that the Hamiltonian's `irreps` forbid.
    """

    pool: Literal["fermionic", "fermionic-sd", "qubit-excitation", "pauli", "minimal"] = (
        "qubit-excitation"
    )
    tolerance: float = 1e-3
    energy_tolerance: float = 0.0
    max_operators: int = 1000
    per_step: int = 1
    disjoint: bool = False
    inner_steps: int = 100
    point_group: bool = False

    def __post_init__(self) -> None:
        check_choice("pool", self.pool, POOLS)
        for name in ("tolerance", "energy_tolerance"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise InputError(f"{name} must be finite and not negative, got {value}")
        check_count("max_operators", self.max_operators)
        check_count("per_step", self.per_step)
        check_count("inner_steps", self.inner_steps, 1, 10**9)

    @property
    def name(self) -> str:
        """The name users give."""
        return "adapt"

    def circuit(self, hamiltonian: MolecularHamiltonian) -> Circuit:
        """Return what it grows from: the X gates of the Hartree-Fock state."""
        return Circuit(hamiltonian.n_qubits, tuple(reference_gates(hamiltonian)), 0)

    def start(self, hamiltonian: MolecularHamiltonian, rng: np.random.Generator) -> FloatArray:
        """Return no parameters."""
        return np.zeros(0)

    def operators(self, hamiltonian: MolecularHamiltonian) -> tuple[PoolOperator, ...]:
        """Return the pool's operators."""
        need_orbitals(self.name, hamiltonian)
        return operator_pool(self.pool, hamiltonian, point_group=self.point_group)

    def grown(self, hamiltonian: MolecularHamiltonian, labels: Sequence[str]) -> Circuit:
        """Return the circuit of the operators that a run has chosen, by their labels."""
        known = {operator.label: operator for operator in self.operators(hamiltonian)}
        for text in labels:
            if text not in known:
                raise unknown_name(f"operator of the {self.pool} pool", text, known)
        return extended(self.circuit(hamiltonian), [known[text] for text in labels])
