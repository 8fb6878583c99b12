r"""Circuits over interleaved spin orbitals as circuits over blocked ones.

Renumbering the modes of Jordan-Wigner turns the occupation state |n⟩ into s(n) |n'⟩, s(n) = ±1 the
parity of the permutation of the occupied modes. Fermionic excitations keep their form. A qubit
excitation from n to m becomes s(n) s(m) times the one on the renumbered qubits: a sign of its
angle, and a factor (-1)^{n_q} for each qubit q that lies between the others in one order alone,
which CZ gates on both sides give.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from qvopt_molecules.errors import InputError

from ..gates import FERMIONIC, QUBIT_EXCITATIONS, Angle, Gate

_UNCHANGED: Final = frozenset({"x", "z", "cz", "rz", *FERMIONIC})
"""Gates that keep their form."""


def blocked(gates: Iterable[Gate], n_qubits: int) -> list[Gate]:
    """Renumber spin orbitals 2p, 2p + 1 to p, norb + p.

    Raises InputError for gates that have no meaning there.
    """
    norb = n_qubits // 2
    out: list[Gate] = []
    for gate in gates:
        diagonal = gate.name == "pauli-rotation" and set(gate.paulis) == {"Z"}
        known = gate.name in _UNCHANGED or gate.name in QUBIT_EXCITATIONS or diagonal
        if n_qubits % 2 or not known:
            raise InputError(
                f"a {gate.name} gate has no meaning when interleaved spin orbitals are renumbered; "
                f"write the function with alpha orbitals first, or with excitations"
            )
        moved = tuple(q // 2 + (q % 2) * norb for q in gate.qubits)
        if gate.name in QUBIT_EXCITATIONS:
            out += _excitation(gate, moved, n_qubits)
        else:
            out.append(Gate(gate.name, moved, gate.angle, gate.paulis))
    return out


def _excitation(gate: Gate, moved: tuple[int, ...], n_qubits: int) -> list[Gate]:
    half = len(gate.qubits) // 2
    before, after = set(gate.qubits[:half]), set(gate.qubits[half:])
    sign = _parity(before, n_qubits) * _parity(after, n_qubits)
    norb = n_qubits // 2
    between = [
        q
        for q in range(n_qubits)
        if q not in before | after
        and _parity(before | {q}, n_qubits) * _parity(after | {q}, n_qubits) != sign
    ]
    assert gate.angle is not None
    angle = Angle(gate.angle.index, sign * gate.angle.coefficient, sign * gate.angle.offset)
    phases = [Gate("cz", (moved[0], q // 2 + (q % 2) * norb)) for q in between]
    return [*phases, Gate(gate.name, moved, angle), *phases]


def _parity(occupied: set[int], n_qubits: int) -> int:
    """s(n): -1 for an odd number of pairs that the renumbering puts in the other order."""
    places = [q // 2 + (q % 2) * (n_qubits // 2) for q in sorted(occupied)]
    swapped = sum(a > b for k, a in enumerate(places) for b in places[k + 1 :])
    return -1 if swapped % 2 else 1
