"""Circuits as lists of PennyLane operations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qvopt_molecules.errors import InputError

from ..circuit import Circuit
from ..gates import FERMIONIC, PHASES, Angle, Gate
from .cancellation import cancel_inverses
from .jordan_wigner_strings import excitation_sign, expose_strings

if TYPE_CHECKING:
    from pennylane.operation import Operation

_FIXED = {
    "x": "PauliX",
    "y": "PauliY",
    "z": "PauliZ",
    "h": "Hadamard",
    "s": "S",
    "t": "T",
    "cx": "CNOT",
    "cz": "CZ",
    "swap": "SWAP",
}


def to_pennylane(circuit: Circuit, x: Any = None) -> list[Operation]:
    """Return the circuit as PennyLane operations on wires 0 … n_qubits - 1.

    `x`, shape (n_parameters,), may be any array that PennyLane differentiates (autograd, JAX,
    torch): angles are computed from its elements. It may be left out of a circuit without
    parameters. Excitations are SingleExcitation and DoubleExcitation, which lightning's adjoint
    method differentiates, between CZs that carry the Jordan-Wigner strings.

    Operations are made outside any recording context: pass them to `qml.tape.QuantumScript`, or
    `qml.apply` them in a quantum function.
    """
    import pennylane as qml

    if x is None:
        if circuit.n_parameters:
            raise InputError(f"the circuit has {circuit.n_parameters} parameters: give x")
        x = np.zeros(0)
    if np.shape(x) != (circuit.n_parameters,):
        raise InputError(f"x must have shape ({circuit.n_parameters},), got {np.shape(x)}")
    with qml.QueuingManager.stop_recording():
        return [_operation(gate, x, qml) for gate in cancel_inverses(expose_strings(circuit))]


def lowered_sign(gate: Gate) -> int:
    """Return ±1: the angle of the gate's PennyLane operation is this times its own."""
    if gate.name in PHASES:
        return -1
    return excitation_sign(gate.qubits)[0] if gate.name in FERMIONIC else 1


def _operation(gate: Gate, x: Any, qml: Any) -> Operation:
    if gate.angle is None:
        if gate.name in ("sdg", "tdg"):
            return qml.adjoint(getattr(qml, gate.name[0].upper())(wires=gate.qubits[0]))
        return getattr(qml, _FIXED[gate.name])(wires=gate.qubits)
    theta = _value(gate.angle, x)
    if gate.name == "qubit-single-excitation":
        i, a = gate.qubits
        return qml.SingleExcitation(theta, wires=(a, i))
    if gate.name == "qubit-double-excitation":
        i, j, a, b = gate.qubits
        return qml.DoubleExcitation(theta, wires=(a, b, i, j))
    if gate.name == "number-phase":
        return qml.PhaseShift(-theta, wires=gate.qubits)
    if gate.name == "coulomb-phase":
        return qml.ControlledPhaseShift(-theta, wires=gate.qubits)
    if gate.name == "pauli-rotation" and len(gate.qubits) > 1:
        return qml.PauliRot(theta, gate.paulis, wires=gate.qubits)
    letter = gate.paulis or gate.name[1].upper()
    return getattr(qml, f"R{letter}")(theta, wires=gate.qubits[0])


def _value(angle: Angle, x: Any) -> Any:
    if angle.index is None:
        return angle.offset
    return angle.coefficient * x[angle.index] + angle.offset
