"""Several circuits on the same qubits of a device, and where their qubits are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def on_one_layout(
    circuits: list[Any], target: Any, layout: Sequence[int] | None, options: Mapping[str, Any]
) -> list[Any]:
    """Transpile Qiskit circuits to a target; the first decides the layout where none is given."""
    from qiskit import transpile

    found: list[Any] = []
    for circuit in circuits:
        lowered = transpile(circuit, target=target, initial_layout=layout, **options)
        if layout is None and lowered.layout is not None:
            layout = lowered.layout.initial_index_layout(filter_ancillas=True)
        found.append(lowered)
    return found


def measured_bits(circuit: Any) -> dict[int, int]:
    """Classical bit of each measured qubit."""
    found = {}
    for step in circuit.data:
        if step.operation.name == "measure":
            qubit = circuit.find_bit(step.qubits[0]).index
            found[qubit] = circuit.find_bit(step.clbits[0]).index
    return found
