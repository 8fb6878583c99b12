r"""Exact states and dense unitaries of small circuits, the plain way.

Basis index n has bit q set where qubit q is 1. Fermionic gates are built from the Jordan-Wigner
ladder operators a_q|n⟩ = (-1)^{n_0 + … + n_{q-1}} |n without q⟩, those of plain qubits from the
same without signs; since K = T - T† has K³ = -K,

    exp(θK/2) = 1 + sin(θ/2) K + (1 - cos(θ/2)) K².

This is the definition that every other implementation is checked against; it is not fast.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from qvopt_molecules.arrays import ComplexArray
from qvopt_molecules.errors import InputError
from qvopt_molecules.pauli import masks

from .circuit import Circuit
from .gates import FERMIONIC, PHASES, Gate

_MAX_ENTRIES = 2**24

_SINGLE_QUBIT = {
    "x": np.array([[0, 1], [1, 0]]),
    "y": np.array([[0, -1j], [1j, 0]]),
    "z": np.diag([1, -1]),
    "h": np.array([[1, 1], [1, -1]]) / np.sqrt(2),
    "s": np.diag([1, 1j]),
    "sdg": np.diag([1, -1j]),
    "t": np.diag([1, np.exp(0.25j * np.pi)]),
    "tdg": np.diag([1, np.exp(-0.25j * np.pi)]),
}


def circuit_state(
    circuit: Circuit, x: Sequence[float] | npt.NDArray[np.float64] = ()
) -> ComplexArray:
    """Return the state vector after the circuit on |0…0⟩, shape (2^n,).

    Raises InputError beyond 24 qubits.
    """
    _check_size(circuit.n_qubits, 1 << circuit.n_qubits)
    state = np.zeros((1 << circuit.n_qubits, 1), dtype=np.complex128)
    state[0] = 1.0
    return _run(circuit, x, state)[:, 0]


def circuit_unitary(
    circuit: Circuit, x: Sequence[float] | npt.NDArray[np.float64] = ()
) -> ComplexArray:
    """Return the circuit's unitary, shape (2^n, 2^n). Raises InputError beyond 12 qubits."""
    _check_size(circuit.n_qubits, 1 << 2 * circuit.n_qubits)
    return _run(circuit, x, np.eye(1 << circuit.n_qubits, dtype=np.complex128))


def gate_unitary(gate: Gate, n_qubits: int, angle: float = 0.0) -> ComplexArray:
    """Return the unitary of one gate on a register at `angle` in radians, shape (2^n, 2^n).

    `angle` is the gate's θ itself and replaces whatever `gate.angle` says.
    """
    _check_size(n_qubits, 1 << 2 * n_qubits)
    if max(gate.qubits) >= n_qubits:
        raise InputError(f"gate {gate.name} on {gate.qubits} leaves {n_qubits} qubits")
    return apply_gate(gate, angle, np.eye(1 << n_qubits, dtype=np.complex128))


def apply_gate(gate: Gate, angle: float, states: ComplexArray) -> ComplexArray:
    """Return U(angle) applied to each column of `states`, shape (2^n, k)."""
    if gate.name in ("cx", "cz", "swap"):
        return _two_qubit(gate, states)
    if gate.name in _SINGLE_QUBIT:
        matrix = _SINGLE_QUBIT[gate.name]
        q = gate.qubits[0]
        split = states.reshape(-1, 2, 1 << q, states.shape[1])
        out: ComplexArray = np.einsum("ij,ajbk->aibk", matrix, split).reshape(states.shape)
        return out
    if gate.name in ("rx", "ry", "rz", "pauli-rotation"):
        letters = gate.paulis or gate.name[1].upper()
        rotated = _pauli(letters, gate.qubits, states)
        return _sum((np.cos(angle / 2), states), (-1j * np.sin(angle / 2), rotated))
    if gate.name in PHASES:
        n = np.arange(states.shape[0])
        full = np.logical_and.reduce([(n >> q) & 1 for q in gate.qubits])
        return _sum((1.0, states), (np.exp(-1j * angle) - 1, full[:, None] * states))
    first = _excite_minus_adjoint(gate, states)
    second = _excite_minus_adjoint(gate, first)
    return _sum((1.0, states), (np.sin(angle / 2), first), (1 - np.cos(angle / 2), second))


def _sum(*terms: tuple[complex, ComplexArray]) -> ComplexArray:
    out = np.zeros_like(terms[0][1])
    for factor, states in terms:
        out += factor * states
    return out


def _run(
    circuit: Circuit, x: Sequence[float] | npt.NDArray[np.float64], states: ComplexArray
) -> ComplexArray:
    values = circuit.check_parameters(np.asarray(x, dtype=np.float64))
    for gate in circuit.gates:
        states = apply_gate(gate, 0.0 if gate.angle is None else gate.angle(values), states)
    return states


def _check_size(n_qubits: int, entries: int) -> None:
    if entries > _MAX_ENTRIES:
        gib = entries * 16 / 2**30
        raise InputError(
            f"a dense calculation on {n_qubits} qubits needs {gib:.3g} GiB; this module is for "
            f"small circuits (unitaries to 12 qubits, states to 24)"
        )


def _two_qubit(gate: Gate, states: ComplexArray) -> ComplexArray:
    n = np.arange(states.shape[0])
    first, second = gate.qubits
    out = states.copy()
    if gate.name == "cz":
        out[(n >> first) & (n >> second) & 1 == 1] *= -1
    elif gate.name == "cx":
        out[n ^ (((n >> first) & 1) << second)] = states
    else:
        differ = ((n >> first) ^ (n >> second)) & 1
        out[n ^ (differ << first) ^ (differ << second)] = states
    return out


def _pauli(letters: str, qubits: tuple[int, ...], states: ComplexArray) -> ComplexArray:
    x, z = masks(letters)
    spread = np.array([1 << q for q in qubits])
    flip = int(sum(m for k, m in enumerate(spread) if x >> k & 1))
    phase = int(sum(m for k, m in enumerate(spread) if z >> k & 1))
    n = np.arange(states.shape[0])
    # Y = i X Z, so that P|n⟩ = i^{#Y} (-1)^{|n & z|} |n ^ x⟩.
    sign = 1j ** letters.count("Y") * (1 - 2.0 * (np.bitwise_count(n & phase) & 1))
    out = np.empty_like(states)
    out[n ^ flip] = sign[:, None] * states
    return out


def _ladder(q: int, create: bool, signed: bool, states: ComplexArray) -> ComplexArray:
    n = np.arange(states.shape[0])
    kept = n[((n >> q) & 1) == (0 if create else 1)]
    below = np.bitwise_count(kept & ((1 << q) - 1)) & 1
    sign = 1 - 2.0 * below if signed else np.ones(len(kept))
    out = np.zeros_like(states)
    out[kept ^ (1 << q)] = sign[:, None] * states[kept]
    return out


def _excite_minus_adjoint(gate: Gate, states: ComplexArray) -> ComplexArray:
    """Return (T - T†) applied to each column."""
    signed = gate.name in FERMIONIC
    if len(gate.qubits) == 2:
        i, a = gate.qubits
        word = [(a, True), (i, False)]
    else:
        i, j, a, b = gate.qubits
        word = [(a, True), (b, True), (j, False), (i, False)]
    forward, backward = states, states
    for q, create in reversed(word):
        forward = _ladder(q, create, signed, forward)
    for q, create in word:
        backward = _ladder(q, not create, signed, backward)
    return forward - backward
