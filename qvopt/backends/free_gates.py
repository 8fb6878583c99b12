"""A circuit with a parameter for every parametric gate, so that single gates can be shifted."""

from __future__ import annotations

from dataclasses import replace

from qvopt_circuits.circuit import Circuit
from qvopt_circuits.gates import Angle


def by_gate(circuit: Circuit, first: int) -> Circuit:
    """The circuit with a parameter of its own for each parametric gate, numbered from `first`."""
    gates = list(circuit.gates)
    for k, position in enumerate(circuit.parametric):
        gates[position] = replace(gates[position], angle=Angle(first + k))
    return Circuit(circuit.n_qubits, tuple(gates), first + len(circuit.parametric))
