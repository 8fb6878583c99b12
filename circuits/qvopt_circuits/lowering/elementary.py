r"""Every gate as one- and two-qubit gates: x, y, z, h, s, sdg, t, tdg, cx, cz, swap, rx, ry, rz.

Excitations of plain qubits need 2 CNOTs (single) and 13 (double; Yordanov, Arvidsson-Shukur and
Barnes, arXiv:2005.14475), and 2 more for each qubit of the Jordan-Wigner string.
"""

from __future__ import annotations

from math import pi

from ..circuit import Circuit
from ..gates import Angle, Gate
from .jordan_wigner_strings import scaled, without_strings


def decompose(circuit: Circuit) -> Circuit:
    """Return an equal circuit, global phase included, of one- and two-qubit gates.

    Angles stay affine in the same parameters.
    """
    gates: list[Gate] = []
    for gate in without_strings(circuit):
        if gate.name == "single-excitation":
            gates += _single(gate.qubits, scaled(gate.angle, 1))
        elif gate.name == "double-excitation":
            gates += _double(gate.qubits, scaled(gate.angle, 1))
        elif gate.name == "pauli-rotation":
            gates += _pauli_rotation(gate)
        else:
            gates.append(gate)
    return Circuit(circuit.n_qubits, tuple(gates), circuit.n_parameters)


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
    """Map |1100⟩ and |0011⟩ of (i, j, a, b) to b = 0, 1 with i = a = 0, j = 1; rotate b there."""
    i, j, a, b = qubits
    pair = [Gate("cx", (j, i)), Gate("cx", (b, a))]
    gates = [*pair, Gate("cx", (b, j))]
    # RY on b where (i, a, j) = (0, 0, 1), multiplexed in Gray order; each CZ flips the sign of
    # what follows where its control is 1. The signs are those of the Walsh transform of that one
    # pattern: (-1) for an odd power of j.
    controls = (i, a, i, j, i, a, i)
    signs = (1, 1, 1, 1, -1, -1, -1, -1)
    for k, sign in enumerate(signs):
        gates.append(Gate("ry", (b,), scaled(angle, sign / 8)))
        if k < 7:
            gates.append(Gate("cz", (controls[k], b)))
    # The eighth, CZ(j, b), and the closing CX(b, j) are one controlled -iY.
    gates += [
        Gate("sdg", (j,)),
        Gate("cx", (b, j)),
        Gate("s", (j,)),
        Gate("sdg", (b,)),
    ]
    return gates + pair
