r"""Qubit coupled cluster: a qubit mean field and Pauli exponentials chosen by their gradients.

    |ψ(τ, Ω)⟩ = Π_k exp(-i τ_k P_k / 2) Π_q RZ_q(φ_q) RY_q(θ_q) |HF⟩

Of all strings that flip the same qubits, one with an odd number of Y has the gradient of all of
them at the reference; the entanglers are those of the largest. Source: Ryabinkin, Yen, Genin and
Izmaylov, arXiv:1809.03827. It does not conserve particle number.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.hamiltonian import MolecularHamiltonian

from .circuit import Circuit
from .clusters import reference_gates
from .gates import Angle, Gate
from .options import check_count, check_spread, draw
from .screening import couplings

_SMALLEST = 1e-8


@dataclass(frozen=True)
class QCC:
    """A mean field of single qubits, then entanglers by decreasing gradient.

    Parameters are angles in radians: θ and φ of every qubit, then τ of every entangler.

    Attributes:
        entanglers: how many Pauli exponentials, at most; 0 takes all that have a gradient.
        mean_field: whether the qubits are rotated before them.
        spread: the start is drawn from a normal distribution of this standard deviation.
    """

    entanglers: int = 0
    mean_field: bool = True
    spread: float = 0.0

    def __post_init__(self) -> None:
        check_count("entanglers", self.entanglers, 0, 10**6)
        check_spread(self.spread)

    @property
    def name(self) -> str:
        """The name users give."""
        return "qcc"

    def strings(self, hamiltonian: MolecularHamiltonian) -> list[tuple[tuple[int, ...], str]]:
        """Return qubits and letters of the entanglers: Y on the first flipped, X on the others."""
        sizes = {x: abs(v) for x, v in couplings(hamiltonian).items() if x and abs(v) > _SMALLEST}
        ranked = sorted(sizes, key=lambda x: (-round(sizes[x], 10), x))
        out = []
        for x in ranked[: self.entanglers or None]:
            qubits = tuple(q for q in range(hamiltonian.n_qubits) if x >> q & 1)
            out.append((qubits, "Y" + "X" * (len(qubits) - 1)))
        return out

    def circuit(self, hamiltonian: MolecularHamiltonian) -> Circuit:
        """Return the circuit on 2 norb qubits, X gates of the Hartree-Fock state first."""
        gates, index = reference_gates(hamiltonian), 0
        if self.mean_field:
            for name in ("ry", "rz"):
                for q in range(hamiltonian.n_qubits):
                    gates.append(Gate(name, (q,), Angle(index)))
                    index += 1
        for qubits, letters in self.strings(hamiltonian):
            gates.append(Gate("pauli-rotation", qubits, Angle(index), letters))
            index += 1
        return Circuit(hamiltonian.n_qubits, tuple(gates), index)

    def start(self, hamiltonian: MolecularHamiltonian, rng: np.random.Generator) -> FloatArray:
        """Return angles in radians to start from, shape (n_parameters,)."""
        return draw(self.circuit(hamiltonian).n_parameters, self.spread, rng)
