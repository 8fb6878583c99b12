r"""Excitations as one rotation with controls, for simulators that apply such a rotation whole.

CNOTs from i, and an X of j, take |1100⟩ and |0011⟩ of (i, j, a, b) to |1111⟩ and |0111⟩: the
excitation is RY(-θ) of i where j, a and b are 1. A device would need many gates for that rotation,
see `elementary`; a state vector changes in an eighth of its amplitudes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..circuit import Circuit
from ..gates import QUBIT_EXCITATIONS, Angle, Gate
from .cancellation import cancel_inverses
from .elementary import decompose_gate
from .jordan_wigner_strings import expose_strings, scaled


@dataclass(frozen=True, slots=True)
class ControlledRotation:
    """RY(θ) = exp(-iθY/2) of the last qubit where all the others are 1."""

    qubits: tuple[int, ...]
    angle: Angle
    name: ClassVar[str] = "controlled-rotation"
    paulis: ClassVar[str] = ""


def decompose_controlled(circuit: Circuit) -> list[Gate | ControlledRotation]:
    """Return an equal sequence, global phase included, with a rotation for each excitation.

    The other gates are those of `elementary`. Angles stay affine in the same parameters, and come
    in the order of the circuit's gates.

    >>> gate = Gate("qubit-single-excitation", (0, 1), Angle(0))
    >>> for step in decompose_controlled(Circuit(2, (gate,), 1)):
    ...     print(step.name, step.qubits)
    cx (0, 1)
    controlled-rotation (1, 0)
    cx (0, 1)
    """
    gates: list[Gate | ControlledRotation] = []
    for gate in expose_strings(circuit):
        if gate.name in QUBIT_EXCITATIONS:
            gates += _excitation(gate)
        else:
            gates += decompose_gate(gate)
    return cancel_inverses(gates)


def _excitation(gate: Gate) -> list[Gate | ControlledRotation]:
    target, *controls = gate.qubits
    enter = [Gate("cx", (target, q)) for q in controls]
    occupied = [Gate("x", (q,)) for q in gate.qubits[1 : len(gate.qubits) // 2]]
    # RY(θ) takes |0⟩ towards |1⟩, an excitation 1 of the target to 0.
    rotation = ControlledRotation((*controls, target), scaled(gate.angle, -1.0))
    return [*enter, *occupied, rotation, *occupied, *reversed(enter)]
