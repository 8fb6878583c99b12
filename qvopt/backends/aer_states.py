"""The circuit of an exact state in gates that Aer's state vectors apply whole.

Aer takes about as long for a gate as for a change of a few thousand amplitudes. With an excitation
as one rotation with controls a circuit of UCCSD has a quarter of its elementary gates. Only for
states without noise: noise belongs to the elementary gates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qvopt_circuits.circuit import Circuit
from qvopt_circuits.lowering.controlled import ControlledRotation, decompose_controlled
from qvopt_circuits.lowering.qiskit_lowering import append_gate, qiskit_angle

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

STATE_VECTOR_METHODS = ("automatic", "statevector")
"""Aer's methods that know `mcry`, a rotation with any number of controls."""


def to_aer(circuit: Circuit) -> QuantumCircuit:
    """Return the circuit for `STATE_VECTOR_METHODS`; parameters are as in `to_qiskit`.

    The unitary is equal, global phase included. Qiskit itself does not know what `mcry` does.
    """
    from qiskit import QuantumCircuit
    from qiskit.circuit import Gate, ParameterVector

    out = QuantumCircuit(circuit.n_qubits)
    x: Any = ParameterVector("x", circuit.n_parameters)
    for step in decompose_controlled(circuit):
        if isinstance(step, ControlledRotation):
            # Not Qiskit's controlled gate: Aer leaves the parameters of those unbound (issue 2403).
            angle = qiskit_angle(step.angle, x)
            out.append(Gate("mcry", len(step.qubits), [angle]), step.qubits)
        else:
            append_gate(out, step, x)
    return out
