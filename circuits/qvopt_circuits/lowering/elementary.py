r"""Every gate as one- and two-qubit gates.

These are x, y, z, h, s, sdg, t, tdg, cx, cz, swap, rx, ry, rz and number-phase, a phase gate.

Excitations of plain qubits need 2 CNOTs (single) and 13 (double; Yordanov, Arvidsson-Shukur and
Barnes, arXiv:2005.14475), and 2 more for each qubit of the Jordan-Wigner string.
"""

from __future__ import annotations

from math import pi

from ..circuit import Circuit
from ..gates import Angle, Gate
from .cancellation import cancel_inverses
from .jordan_wigner_strings import expose_strings, scaled


def decompose(circuit: Circuit) -> Circuit:
    """Return an equal circuit, global phase included, of one- and two-qubit gates.

    Angles stay affine in the same parameters.
    """
    gates = [part for gate in expose_strings(circuit) for part in decompose_gate(gate)]
    return Circuit(circuit.n_qubits, tuple(cancel_inverses(gates)), circuit.n_parameters)


def decompose_gate(gate: Gate) -> list[Gate]:
    """Return a gate of `expose_strings` as one- and two-qubit gates."""
    if gate.name == "qubit-single-excitation":
        return _single(gate.qubits, scaled(gate.angle, 1))
    if gate.name == "qubit-double-excitation":
        return _double(gate.qubits, scaled(gate.angle, 1))
    if gate.name == "coulomb-phase":
        return _coulomb_phase(gate.qubits, gate.angle)
    if gate.name == "pauli-rotation":
        return _pauli_rotation(gate)
    return [gate]


def _pauli_rotation(gate: Gate) -> list[Gate]:
    if len(gate.qubits) == 1:
        return [Gate("r" + gate.paulis.lower(), gate.qubits, gate.angle)]
    enter: list[Gate] = []
    leave: list[Gate] = []
    for q, letter in zip(gate.qubits, gate.paulis, strict=True):
        if letter == "X":
            enter.append(Gate("h", (q,)))
            leave.append(Gate("h", (q,)))
        elif letter == "Y":
            enter.append(Gate("rx", (q,), Angle(offset=pi / 2)))
            leave.append(Gate("rx", (q,), Angle(offset=-pi / 2)))
    ladder = [Gate("cx", pair) for pair in zip(gate.qubits, gate.qubits[1:], strict=False)]
    rotation = Gate("rz", gate.qubits[-1:], gate.angle)
    return [*enter, *ladder, rotation, *reversed(ladder), *leave]


def _coulomb_phase(qubits: tuple[int, ...], angle: Angle | None) -> list[Gate]:
    """n_p n_q = (n_p + n_q - (n_p xor n_q)) / 2."""
    p, q = qubits
    half = scaled(angle, 0.5)
    return [
        Gate("number-phase", (p,), half),
        Gate("number-phase", (q,), half),
        Gate("cx", (p, q)),
        Gate("number-phase", (q,), scaled(angle, -0.5)),
        Gate("cx", (p, q)),
    ]


def _single(qubits: tuple[int, ...], angle: Angle) -> list[Gate]:
    """exp(iθ (X_a Y_i - Y_a X_i) / 4): the two strings commute, and two CNOTs part them."""
    i, a = qubits
    turn = pi / 2
    return [
        Gate("rx", (i,), Angle(offset=turn)),
        Gate("sdg", (a,)),
        Gate("rx", (a,), Angle(offset=-turn)),
        Gate("cx", (a, i)),
        Gate("rz", (i,), scaled(angle, -0.5)),
        Gate("rx", (a,), scaled(angle, 0.5)),
        Gate("cx", (a, i)),
        Gate("rx", (i,), Angle(offset=-turn)),
        Gate("rx", (a,), Angle(offset=turn)),
        Gate("s", (a,)),
    ]


def _double(qubits: tuple[int, ...], angle: Angle) -> list[Gate]:
    """Let CNOTs from i take |1100⟩ and |0011⟩ of (i, j, a, b) to |1011⟩ and |0011⟩; rotate i there.

    The CNOTs of the next gate of a cluster expansion often cancel these.
    """
    i, j, a, b = qubits
    enter = [Gate("cx", (i, q)) for q in (j, a)]
    gates = [*enter, Gate("cx", (i, b))]
    # RY on i where (j, a, b) = (0, 1, 1), multiplexed in Gray order. Each controlled X or Z flips
    # the sign of the rotations after it where its control is 1; the signs are the Walsh transform
    # of that one pattern. Ones that act between the two of another control come in pairs.
    flips = (("cx", j), ("cz", a), ("cx", j), ("cz", b), ("cx", j), ("cz", a), ("cx", j))
    sign = -1  # RY(θ) takes |0⟩ towards |1⟩, an excitation 1 of i to 0
    for name, control in flips:
        gates.append(Gate("ry", (i,), scaled(angle, sign / 8)))
        gates.append(Gate(name, (control, i)))
        if control != j:
            sign = -sign
    gates.append(Gate("ry", (i,), scaled(angle, sign / 8)))
    # The eighth flip, CZ(b, i), and the closing CX(i, b) are one controlled -iY.
    gates += [Gate("sdg", (b,)), Gate("cx", (i, b)), Gate("s", (b,)), Gate("sdg", (i,))]
    return gates + enter
