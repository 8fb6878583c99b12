"""How large circuits are in the gates of what runs them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .cutting import used_qubits


@dataclass(frozen=True)
class CompiledSize:
    """Of the circuits of a problem's measurement groups: the least and the most of each number.

    Attributes:
        two_qubit_gates: in a circuit.
        depth: layers of gates, measurements left out.
        qubits: of the device, that any circuit acts on.
    """

    two_qubit_gates: tuple[int, int]
    depth: tuple[int, int]
    qubits: tuple[int, ...]

    @classmethod
    def of(cls, circuits: Sequence[Any]) -> CompiledSize:
        """Count in Qiskit's circuits."""
        gates = [sum(_acts(step) and len(step.qubits) == 2 for step in c.data) for c in circuits]
        depths = [circuit.depth(_acts) for circuit in circuits]
        qubits = {q for circuit in circuits for q in used_qubits(circuit)}
        return cls((min(gates), max(gates)), (min(depths), max(depths)), tuple(sorted(qubits)))

    def __str__(self) -> str:
        gates, depth = (
            f"{low:,}" if low == high else f"{low:,} to {high:,}"
            for low, high in (self.two_qubit_gates, self.depth)
        )
        return f"{gates} two-qubit gates, depth {depth}"


def _acts(step: Any) -> bool:
    return step.operation.name not in ("barrier", "measure")
