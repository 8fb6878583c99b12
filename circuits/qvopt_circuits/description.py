"""What a circuit costs, in a few numbers."""

from __future__ import annotations

from collections import Counter
from typing import TypedDict

from .circuit import Circuit
from .lowering.elementary import decompose


class CircuitSummary(TypedDict):
    """Sizes of a circuit; `cnots` counts CX and CZ as one, a swap as three."""

    n_qubits: int
    n_parameters: int
    n_gates: dict[str, int]
    cnots: int
    depth: int


def summary(circuit: Circuit) -> CircuitSummary:
    """Count a circuit's gates by name, and what it becomes as one- and two-qubit gates.

    `cnots` and `depth` are those of the circuit that the Qiskit and OpenQASM lowerings give,
    before any transpilation: all-to-all connectivity, each gate one unit of time.
    """
    elementary = decompose(circuit)
    return {
        "n_qubits": circuit.n_qubits,
        "n_parameters": circuit.n_parameters,
        "n_gates": dict(Counter(gate.name for gate in circuit.gates)),
        "cnots": sum(_cnots(gate.name) for gate in elementary.gates),
        "depth": depth(elementary),
    }


def depth(circuit: Circuit) -> int:
    """Layers of a circuit when every gate runs as early as it can, each in one unit of time."""
    finish = [0] * circuit.n_qubits
    for gate in circuit.gates:
        time = 1 + max(finish[q] for q in gate.qubits)
        for q in gate.qubits:
            finish[q] = time
    return max(finish, default=0)


def _cnots(name: str) -> int:
    return {"cx": 1, "cz": 1, "swap": 3}.get(name, 0)
