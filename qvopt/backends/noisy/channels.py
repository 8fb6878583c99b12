"""A Qiskit Aer noise model, read as transfer matrices of gates and confusion matrices of bits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from qvopt_molecules.arrays import FloatArray

from .transfer import RESET, on_qubits, pauli_transfer, transfer_matrix


class UnreadError(Exception):
    """Something that density matrices over one- and two-qubit channels do not cover."""


class Channels:
    """Errors of gates and readouts by name and qubits, as Aer applies them.

    An error of a gate on its very qubits counts in place of one of the gate anywhere. Raises
    UnreadError for errors of more than two qubits, or of measurements beside their readout.
    """

    def __init__(self, noise_model: Any) -> None:
        self._errors: dict[tuple[str, tuple[int, ...] | None], Mapping[str, Any]] = {}
        self._confusions: dict[int | None, FloatArray] = {}
        self._transfers: dict[tuple[str, tuple[int, ...] | None], FloatArray] = {}
        for error in noise_model.to_dict()["errors"]:
            qubits = [tuple(q) for q in error["gate_qubits"]] if "gate_qubits" in error else [None]
            for place in qubits:
                if error["type"] == "roerror":
                    self._add_readout(error, place)
                else:
                    self._errors |= {(name, place): error for name in error["operations"]}
        if any(name == "measure" for name, _ in self._errors):
            raise UnreadError("an error of measurements")

    def _add_readout(self, error: Mapping[str, Any], place: tuple[int, ...] | None) -> None:
        matrix = np.array(error["probabilities"], dtype=np.float64)
        if matrix.shape != (2, 2) or (place is not None and len(place) != 1):
            raise UnreadError("readout errors of several qubits")
        self._confusions[None if place is None else place[0]] = matrix.T

    def confusion(self, qubit: int) -> FloatArray:
        """Return P[read, true] of a qubit."""
        return self._confusions.get(qubit, self._confusions.get(None, np.eye(2)))

    def error(self, name: str, qubits: tuple[int, ...]) -> FloatArray | None:
        """Return the transfer matrix of what follows a gate; None where nothing does."""
        for key in ((name, qubits), (name, None)):
            if key in self._errors:
                if key not in self._transfers:
                    self._transfers[key] = _transfer_of_error(self._errors[key], len(qubits))
                return self._transfers[key]
        return None


def _transfer_of_error(error: Mapping[str, Any], n_qubits: int) -> FloatArray:
    if n_qubits > 2:
        raise UnreadError("errors of three qubits")
    out = np.zeros((4**n_qubits, 4**n_qubits))
    for instructions, p in zip(error["instructions"], error["probabilities"], strict=True):
        term = np.eye(4**n_qubits)
        for step in instructions:
            qubits = list(step["qubits"])
            if max(qubits) >= n_qubits:
                raise UnreadError("errors beyond the gate's qubits")
            term = on_qubits(_transfer_of_step(step), qubits, n_qubits) @ term
        out += float(p) * term
    return out


def _transfer_of_step(step: Mapping[str, Any]) -> FloatArray:
    name, n = step["name"], len(step["qubits"])
    if n > 2:
        raise UnreadError("errors of three qubits")
    if name == "pauli":
        return pauli_transfer(step["params"][0])
    if name in ("id", "x", "y", "z") and n == 1:
        return pauli_transfer("I" if name == "id" else name.upper())
    if name == "reset" and n == 1:
        return transfer_matrix(RESET)
    if name in ("kraus", "unitary"):
        return transfer_matrix([np.asarray(k, dtype=complex) for k in step["params"]])
    return transfer_matrix([gate_matrix(name, step.get("params", ()))])


def gate_matrix(name: str, parameters: Any) -> Any:
    """Return the unitary of one of Qiskit's standard gates, or raise UnreadError."""
    from qiskit.circuit.library import get_standard_gate_name_mapping

    known = get_standard_gate_name_mapping().get(name)
    if known is None or known.num_qubits > 2 or name in ("reset", "measure", "delay"):
        raise UnreadError(f"the operation {name}")
    gate = type(known)(*parameters) if len(parameters) else known
    return np.asarray(gate.to_matrix(), dtype=complex)
