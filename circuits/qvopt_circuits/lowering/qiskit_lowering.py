"""Circuits as Qiskit's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..circuit import Circuit
from ..gates import Angle, Gate
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
        append_gate(out, gate, x)
    return out


def append_gate(out: QuantumCircuit, gate: Gate, x: Any) -> None:
    """Append a gate of `decompose` to a Qiskit circuit, with parameters from x."""
    angle = gate.angle
    if gate.name == "number-phase":  # Qiskit's p(λ) multiplies by exp(+iλ)
        angle = scaled(angle, -1.0)
    arguments = [] if angle is None else [qiskit_angle(angle, x)]
    name = "p" if gate.name == "number-phase" else gate.name
    getattr(out, name)(*arguments, *gate.qubits)


def qiskit_angle(angle: Angle, x: Any) -> Any:
    """An angle as a number, or as an expression of the elements of x."""
    if angle.index is None:
        return angle.offset
    product = angle.coefficient * x[angle.index]
    return product + angle.offset if angle.offset else product
