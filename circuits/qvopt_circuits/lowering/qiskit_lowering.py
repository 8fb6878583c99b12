"""Circuits as Qiskit's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..circuit import Circuit
from .elementary import decompose
from .jordan_wigner_strings import scaled

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


def to_qiskit(circuit: Circuit) -> QuantumCircuit:
    """Return the circuit as a `qiskit.QuantumCircuit` of one- and two-qubit gates.

    Parameters are the elements of a ParameterVector x, bound by `assign_parameters(values)`;
    angles are affine expressions of them. Qubit q is qubit q. The unitary is equal, global phase
    included. An excitation costs 2 (single) or 13 (double) CNOTs and two more for every qubit of
    its Jordan-Wigner string, before cancellations between neighbours.
    """
    from qiskit import QuantumCircuit
    from qiskit.circuit import ParameterVector

    out = QuantumCircuit(circuit.n_qubits)
    x = ParameterVector("x", circuit.n_parameters)
    for gate in decompose(circuit).gates:
        arguments: list[Any] = []
        if gate.angle is not None:
            angle = gate.angle
            if gate.name == "number-phase":  # Qiskit's p(λ) multiplies by exp(+iλ)
                angle = scaled(angle, -1.0)
            if angle.index is None:
                arguments.append(angle.offset)
            else:
                product = angle.coefficient * x[angle.index]
                arguments.append(product + angle.offset if angle.offset else product)
        name = "p" if gate.name == "number-phase" else gate.name
        getattr(out, name)(*arguments, *gate.qubits)
    return out
