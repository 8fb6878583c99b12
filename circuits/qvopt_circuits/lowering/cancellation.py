"""Cancelling of gates against their inverses, past gates that they commute with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from ..gates import Angle

_BASES = {
    "cx": "ZX", "cz": "ZZ", "x": "X", "rx": "X", "y": "Y", "ry": "Y",
    "z": "Z", "s": "Z", "sdg": "Z", "t": "Z", "tdg": "Z", "rz": "Z",
    "number-phase": "Z", "coulomb-phase": "ZZ",
}  # fmt: skip
"""The Pauli basis in which a gate acts on each of its qubits, where there is one."""

_INVERSES = {"s": "sdg", "sdg": "s", "t": "tdg", "tdg": "t"}
_WINDOW = 100


class Cancelling(Protocol):
    """A step of a circuit: gates of one name, qubits, letters and angle are the same."""

    @property
    def name(self) -> str:
        """The kind of gate."""
        ...

    @property
    def qubits(self) -> tuple[int, ...]:
        """The qubits that it acts on."""
        ...

    @property
    def angle(self) -> Angle | None:
        """Its angle, if it has one; opposite angles are inverse."""
        ...

    @property
    def paulis(self) -> str:
        """Letters of a Pauli rotation."""
        ...


Step = TypeVar("Step", bound=Cancelling)


def cancel_inverses(gates: Iterable[Step]) -> list[Step]:
    """Return an equal sequence without the pairs of inverse gates found in one pass.

    Only gates without parameters cancel. Each looks back over at most a hundred gates.
    """
    kept: list[Step] = []
    bases: list[dict[int, str]] = []
    for gate in gates:
        basis = _bases(gate)
        position = _inverse_before(gate, basis, kept, bases) if _is_constant(gate) else None
        if position is None:
            kept.append(gate)
            bases.append(basis)
        else:
            del kept[position]
            del bases[position]
    return kept


def _inverse_before(
    gate: Cancelling, basis: dict[int, str], kept: Sequence[Cancelling], bases: list[dict[int, str]]
) -> int | None:
    inverse = _INVERSES.get(gate.name, gate.name)
    for position in range(len(kept) - 1, max(-1, len(kept) - 1 - _WINDOW), -1):
        if kept[position].name == inverse and _are_inverse(gate, kept[position]):
            return position
        # Gates surely commute where they act in one basis on each qubit that they share.
        other = bases[position]
        for qubit, letter in basis.items():
            if qubit in other and (other[qubit] != letter or not letter):
                return None
    return None


def _is_constant(gate: Cancelling) -> bool:
    return gate.angle is None or gate.angle.index is None


def _are_inverse(a: Cancelling, b: Cancelling) -> bool:
    """Whether two gates, whose names are inverse, undo each other."""
    if a.paulis != b.paulis:
        return False
    if a.qubits != b.qubits and not (a.name in ("cz", "swap") and set(a.qubits) == set(b.qubits)):
        return False
    if a.angle is None or b.angle is None:
        return True
    return _is_constant(b) and a.angle.offset == -b.angle.offset


def _bases(gate: Cancelling) -> dict[int, str]:
    """The Pauli basis that a gate acts in on each of its qubits; "" where there is none."""
    letters = gate.paulis or _BASES.get(gate.name, "")
    if not letters:
        return dict.fromkeys(gate.qubits, "")
    return dict(zip(gate.qubits, letters, strict=True))
