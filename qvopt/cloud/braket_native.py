"""Verbatim circuits on Amazon Braket: a processor's native gates, on its own qubits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

_QUARTER_TURNS = {"sx": np.pi / 2, "sxdg": -np.pi / 2, "x": np.pi}
"""Gates that are Rx by these angles, up to a phase."""


class NativeGates:
    """The gates of a device as a Qiskit target, and circuits of them as verbatim boxes.

    Some processors turn about X by multiples of π/2 alone. The client's target says so where the
    device publishes its calibrations, and takes any angle otherwise: then such turns stand in
    place of Rx here.
    """

    def __init__(self, aws: Any) -> None:
        from qiskit_braket_provider import BraketAwsBackend
        from qiskit_braket_provider.providers.target import (
            native_angle_restrictions,
        )

        backend = BraketAwsBackend(device=aws)
        self.labels: tuple[int, ...] = tuple(backend.qubit_labels)
        self.target: Any = backend.target
        self._client_target = backend.target
        restricted = isinstance(native_angle_restrictions(aws.properties).get("rx", {}).get(0), set)
        self._turns = restricted and "rx" in self.target.operation_names
        if self._turns:
            self.target = _with_quarter_turns(self.target)

    def translate(self, circuits: Sequence[Any]) -> list[Any]:
        """Braket's circuits, each one verbatim box on the labelled qubits."""
        from qiskit_braket_provider import to_braket

        return list(
            to_braket(
                [self._turned(circuit) for circuit in circuits],
                qubit_labels=self.labels,
                target=self._client_target,
                verbatim=True,
            )
        )

    def _turned(self, circuit: Any) -> Any:
        from qiskit.circuit.library import RXGate

        if not self._turns:
            return circuit
        out = circuit.copy_empty_like()
        for step in circuit.data:
            angle = _QUARTER_TURNS.get(step.operation.name)
            out.append(step if angle is None else step.replace(operation=RXGate(angle)))
        return out


def _with_quarter_turns(target: Any) -> Any:
    """The same target with √X, √X† and X in place of Rx."""
    from qiskit.circuit.library import SXdgGate, SXGate, XGate
    from qiskit.transpiler import Target

    turning = Target(num_qubits=target.num_qubits, qubit_properties=target.qubit_properties)
    for name in target.operation_names:
        places = dict(target[name])
        if name == "rx":
            for gate in (SXGate(), SXdgGate(), XGate()):
                turning.add_instruction(gate, dict(places))
        else:
            turning.add_instruction(target.operation_from_name(name), places, name=name)
    return turning
