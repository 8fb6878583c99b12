"""Cancelling of gates against their inverses, past gates that they commute with."""

from __future__ import annotations

from collections.abc import Iterable

from ..gates import Gate

_BASES = {
    "cx": "ZX", "cz": "ZZ", "x": "X", "rx": "X", "y": "Y", "ry": "Y",
    "z": "Z", "s": "Z", "sdg": "Z", "t": "Z", "tdg": "Z", "rz": "Z",
    "number-phase": "Z", "coulomb-phase": "ZZ",
}  # fmt: skip
"""The Pauli basis in which a gate acts on each of its qubits, where there is one."""

_INVERSES = {"s": "sdg", "sdg": "s", "t": "tdg", "tdg": "t"}
_WINDOW = 100


def cancel_inverses(gates: Iterable[Gate]) -> list[Gate]:
    """Return an equal sequence without the pairs of inverse gates found in one pass.

    Only gates without parameters cancel. Each looks back over at most a hundred gates.
    """
    kept: list[Gate] = []
    for gate in gates:
        position = _inverse_before(gate, kept) if _is_constant(gate) else None
        if position is None:
            kept.append(gate)
        else:
            del kept[position]
    return kept


def _inverse_before(gate: Gate, kept: list[Gate]) -> int | None:
    for position in range(len(kept) - 1, max(-1, len(kept) - 1 - _WINDOW), -1):
        if _are_inverse(gate, kept[position]):
            return position
        if not _commute(gate, kept[position]):
            return None
    return None


def _is_constant(gate: Gate) -> bool:
    return gate.angle is None or gate.angle.index is None


def _are_inverse(a: Gate, b: Gate) -> bool:
    if _INVERSES.get(a.name, a.name) != b.name or a.paulis != b.paulis:
        return False
    if a.qubits != b.qubits and not (a.name in ("cz", "swap") and set(a.qubits) == set(b.qubits)):
        return False
    if a.angle is None or b.angle is None:
        return True
    return _is_constant(b) and a.angle.offset == -b.angle.offset


def _commute(a: Gate, b: Gate) -> bool:
    """Whether two gates surely commute: on each qubit they share they act in one basis."""
    shared = set(a.qubits).intersection(b.qubits)
    return all(_basis(a, q) == _basis(b, q) != "" for q in shared)


def _basis(gate: Gate, qubit: int) -> str:
    letters = gate.paulis or _BASES.get(gate.name, "")
    return letters[gate.qubits.index(qubit)] if letters else ""
