"""The circuits that read generators and overlaps, for backends that run any circuit and count."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np

from qvopt.measurement.clifford import conjugated, diagonalizing_gates
from qvopt.measurement.plan import Diagonal
from qvopt_circuits.circuit import Circuit
from qvopt_circuits.gates import EXCITATIONS, PHASES, Angle, Gate
from qvopt_circuits.paulis import generator_strings

from .batch import Outcomes, Overlap, Reading


def generator_circuit(circuit: Circuit, reading: Reading) -> tuple[Circuit, list[Diagonal]]:
    """Return what to run before the qubits are read, and each generator as a function of the bits.

    The circuit up to the run, then `generator_basis`.
    """
    first, gates, diagonals = generator_basis(circuit, reading.gates)
    bound = circuit.bind(reading.point.x, reading.point.shifts)
    return Circuit(circuit.n_qubits, (*bound.gates[:first], *gates), 0), diagonals


def generator_basis(
    circuit: Circuit, run: tuple[int, ...]
) -> tuple[int, list[Gate], list[Diagonal]]:
    """Return where a run of commuting gates begins, a change of basis, and the diagonals there.

    One Clifford circuit serves the strings of all generators: three CNOTs and a CZ for each qubit
    of a string, for a double excitation.
    """
    strings = [generator_strings(circuit.gates[circuit.parametric[k]]) for k in run]
    flat = np.array([(x, z) for part in strings for x, z, _ in part], dtype=np.uint64)
    gates = diagonalizing_gates(flat[:, 0], flat[:, 1], circuit.n_qubits)
    _, masks, signs = conjugated(flat[:, 0], flat[:, 1], gates)
    diagonals, start = [], 0
    for part in strings:
        own = slice(start, start + len(part))
        weights = np.array([c for _, _, c in part])
        diagonals.append(Diagonal(masks[own], signs[own] * weights))
        start += len(part)
    return circuit.parametric[run[0]], list(gates), diagonals


def outcomes_of_counts(diagonals: list[Diagonal], counts: dict[int, int]) -> Outcomes:
    """Return the joint values of generators from counts by outcome."""
    bits = np.array(list(counts), dtype=np.uint64)
    seen = np.array(list(counts.values()), dtype=np.int64)
    values = np.stack([np.rint(d.values(bits)) for d in diagonals], axis=1)
    return values, seen


def overlap_circuit(circuit: Circuit, overlap: Overlap) -> Circuit:
    """Return a Hadamard test on one qubit more, the last; it reads 0 with probability (1 + v) / 2.

    v is Re⟨ψ(second)|ψ(first)⟩ or Im. The auxiliary qubit's 0 goes with `first`, its 1 with
    `second`. Gates with equal angles in both are not controlled. The others turn by the mean, and
    by half the difference with a sign that the auxiliary qubit sets: an excitation between two CZs,
    a Pauli rotation with one Z more, a phase of occupations as a few of those.
    """
    n = circuit.n_qubits
    angles = circuit.angles(overlap.first.x), circuit.angles(overlap.second.x)
    for turned, point in zip(angles, (overlap.first, overlap.second), strict=True):
        for k, delta in point.shifts:
            turned[k] += delta
    mean, half = (angles[0] + angles[1]) / 2, (angles[0] - angles[1]) / 2
    number = {position: k for k, position in enumerate(circuit.parametric)}
    gates = [Gate("h", (n,))]
    for position, gate in enumerate(circuit.gates):
        if position not in number:
            gates.append(gate)
            continue
        k = number[position]
        gates.append(replace(gate, angle=Angle(offset=float(mean[k]))))
        if half[k] != 0.0:
            gates += _signed(gate, Angle(offset=float(half[k])), n)
    if overlap.imaginary:
        gates.append(Gate("s", (n,)))
    return Circuit(n + 1, (*gates, Gate("h", (n,))), 0)


def _signed(gate: Gate, angle: Angle, auxiliary: int) -> list[Gate]:
    """exp(-iθ Z G / 2), Z of the auxiliary qubit."""
    if gate.name in EXCITATIONS:
        sandwich = Gate("cz", (auxiliary, gate.qubits[0]))
        return [sandwich, replace(gate, angle=angle), sandwich]
    if gate.name in PHASES:
        return _signed_phase(gate.qubits, angle.offset, auxiliary)
    letters = gate.paulis or gate.name[1].upper()
    return [Gate("pauli-rotation", (*gate.qubits, auxiliary), angle, letters + "Z")]


def _signed_phase(qubits: tuple[int, ...], angle: float, auxiliary: int) -> list[Gate]:
    """exp(-iθ Z Π_q n_q), Z of the auxiliary qubit: n_q = (1 - Z_q) / 2 multiplied out."""
    gates = []
    for size in range(len(qubits) + 1):
        turned = Angle(offset=(-1) ** size * 2 * angle / 2 ** len(qubits))
        for part in combinations(qubits, size):
            letters = "Z" * (size + 1)
            gates.append(Gate("pauli-rotation", (*part, auxiliary), turned, letters))
    return gates
