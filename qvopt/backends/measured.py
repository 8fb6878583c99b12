"""Which qubit of a lowered circuit is read into which bit."""

from __future__ import annotations

from typing import Any


def bit_of_qubit(circuit: Any) -> dict[int, int]:
    """Classical bit of each measured qubit of a Qiskit circuit."""
    bits = {}
    for step in circuit.data:
        if step.operation.name == "measure":
            qubit = circuit.find_bit(step.qubits[0]).index
            bits[qubit] = circuit.find_bit(step.clbits[0]).index
    return bits


def qubit_of_bit(circuit: Any) -> tuple[int, ...]:
    """The qubit that each classical bit is read from; every bit is read."""
    qubits = {bit: qubit for qubit, bit in bit_of_qubit(circuit).items()}
    return tuple(qubits[bit] for bit in range(circuit.num_clbits))
