r"""Excitations of fermions as excitations of plain qubits between CZs.

An excitation changes the occupation of its qubits and picks up the sign of the Jordan-Wigner
string. Conjugation with CZ(q, p), p one of the gate's qubits, flips the sign of the rotation where
qubit q is 1: that is the string. CZs commute, so those that close one gate and open the next
cancel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..circuit import Circuit
from ..gates import EXCITATIONS, Angle, Gate


def without_strings(circuit: Circuit) -> Iterator[Gate]:
    """Yield the circuit's gates with excitations to be read as those of plain qubits.

    That is, |1_i 0_a⟩ -> cos(θ/2)|1_i 0_a⟩ + sin(θ/2)|0_i 1_a⟩, whatever the other qubits, and
    likewise for doubles; CZ gates in between make up for the strings.
    """
    pending: set[tuple[int, int]] = set()
    for gate in circuit.gates:
        if gate.name in EXCITATIONS:
            sign, string = excitation_sign(gate.qubits)
            target = gate.qubits[0]
            conjugation = {(min(q, target), max(q, target)) for q in string}
            gate = replace(gate, angle=scaled(gate.angle, sign))
        else:
            conjugation = set()
        pending ^= conjugation
        yield from _due(pending, set(gate.qubits))
        yield gate
        pending ^= conjugation
    yield from _due(pending, set(range(circuit.n_qubits)))


def scaled(angle: Angle | None, factor: float) -> Angle:
    """Return the angle times a factor."""
    if angle is None:
        raise TypeError("a gate without an angle has nothing to scale")
    return Angle(angle.index, angle.coefficient * factor, angle.offset * factor)


def _due(pending: set[tuple[int, int]], qubits: set[int]) -> list[Gate]:
    """Take out of `pending` the CZs that touch `qubits`: the next gate may not commute."""
    due = sorted(pair for pair in pending if qubits.intersection(pair))
    pending.difference_update(due)
    return [Gate("cz", pair) for pair in due]


def excitation_sign(qubits: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    """Return (sign, string) of an excitation gate's qubits, (i, a) or (i, j, a, b).

    On the occupied orbitals alone, T|occupied⟩ = sign · (-1)^{Σ n_q, q in string} |virtual⟩:
    the whole gate is the excitation of plain qubits with its angle times the sign and times
    Π_{q in string} Z_q. Strings are sorted and disjoint from the gate's own qubits.

    >>> excitation_sign((0, 3))
    (1, (1, 2))
    >>> excitation_sign((0, 2, 5, 7))
    (1, (1, 6))
    >>> excitation_sign((0, 2, 7, 5))
    (-1, (1, 6))
    """
    half = len(qubits) // 2
    occupied = set(qubits[:half])
    sign = 1
    # Read a†_a a†_b a_j a_i from the right: each operator counts the occupied qubits below it.
    for q in (*qubits[:half], *reversed(qubits[half:])):
        if sum(p < q for p in occupied) % 2:
            sign = -sign
        occupied ^= {q}
    string = tuple(
        q
        for q in range(min(qubits), max(qubits))
        if q not in qubits and sum(p > q for p in qubits) % 2
    )
    return sign, string
