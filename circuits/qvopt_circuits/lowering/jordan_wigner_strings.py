r"""Excitations of fermions as excitations of plain qubits between CZs.

An excitation changes the occupation of its qubits and picks up the sign of the Jordan-Wigner
string. Conjugation with CZ(q, p), p one of the gate's qubits, flips the sign of the rotation where
qubit q is 1: that is the string.
"""

from __future__ import annotations

from dataclasses import replace

from ..circuit import Circuit
from ..gates import FERMIONIC, Angle, Gate


def expose_strings(circuit: Circuit) -> list[Gate]:
    """Return the circuit's gates, with excitations of fermions as those of plain qubits.

    That is, |1_i 0_a⟩ -> cos(θ/2)|1_i 0_a⟩ + sin(θ/2)|0_i 1_a⟩, whatever the other qubits, and
    likewise for doubles; the CZ gates around them make up for the strings. All CZs of a gate act
    on its first qubit, where those of the next gate of a cluster expansion often cancel them.
    """
    gates: list[Gate] = []
    for gate in circuit.gates:
        if gate.name in FERMIONIC:
            sign, string = excitation_sign(gate.qubits)
            strings = [Gate("cz", (gate.qubits[0], q)) for q in string]
            plain = replace(gate, name=f"qubit-{gate.name}", angle=scaled(gate.angle, sign))
            gates += [*strings, plain, *strings]
        else:
            gates.append(gate)
    return gates


def scaled(angle: Angle | None, factor: float) -> Angle:
    """Return the angle times a factor."""
    if angle is None:
        raise TypeError("a gate without an angle has nothing to scale")
    return Angle(angle.index, angle.coefficient * factor, angle.offset * factor)


def excitation_sign(qubits: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    """Return (sign, string) of an excitation gate's qubits, (i, a) or (i, j, a, b).

    T|occupied⟩ = sign · Π_{q in string} (-1)^{n_q} |virtual⟩: the gate is the excitation of plain
    qubits with its angle times the sign and times Π_{q in string} Z_q. Strings are sorted and
    disjoint from the gate's own qubits.

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
