"""Circuits that prepare a single state of the computational basis."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from qvopt_molecules.arrays import FloatArray

from .circuit import Circuit
from .gates import Gate
from .matrices import gate_unitary

_MAX_WIDTH = 10
"""Qubits of a gate whose unitary is looked at."""


def prepared_basis_state(circuit: Circuit, x: FloatArray) -> int | None:
    """Return the outcome that the circuit prepares for certain from |0…0⟩, or None for none.

    Gate by gate, for any number of qubits: exact for circuits in which no gate makes a
    superposition at x, even one that a later gate would undo. Bit q is that of qubit q.
    """
    outcome, x = 0, circuit.check_parameters(x)
    for gate in circuit.gates:
        angle = 0.0 if gate.angle is None else gate.angle(x)
        if gate.angle is not None and abs(math.remainder(angle, 4 * math.pi)) < 1e-12:
            continue
        moved = _moved(gate, angle, outcome)
        if moved is None:
            return None
        outcome = moved
    return outcome


def _moved(gate: Gate, angle: float, outcome: int) -> int | None:
    """Where a gate takes a basis state, up to a phase; None for a superposition."""
    width = len(gate.qubits)
    if width > _MAX_WIDTH:
        return None
    before = sum((outcome >> q & 1) << k for k, q in enumerate(gate.qubits))
    # Signs of fermionic gates depend on the qubits between, and are a phase here.
    alone = replace(gate, qubits=tuple(range(width)))
    amplitudes = np.abs(gate_unitary(alone, width, angle)[:, before])
    after = int(np.argmax(amplitudes))
    if amplitudes[after] < 1.0 - 1e-12:
        return None
    for k, q in enumerate(gate.qubits):
        outcome = outcome & ~(1 << q) | (after >> k & 1) << q
    return outcome
