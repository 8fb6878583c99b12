"""The circuit that goes to a group's basis before the qubits are read."""

from __future__ import annotations

import numpy as np

from qvopt_circuits.circuit import Circuit
from qvopt_circuits.gates import Angle, Gate
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError

from .plan import CircuitBasis, CliffordBasis, MeasurementGroup, PauliBasis


def basis_change_circuit(group: MeasurementGroup, n_qubits: int) -> Circuit:
    """Return gates after which qubit q reads what the group's diagonal calls Z_q.

    Pauli bases take H, or S† and H, on single qubits, Clifford and circuit bases their own gates.
    Orbital bases take a brick of at most norb (norb - 1) / 2 Givens rotations between neighbouring
    orbitals of each spin, in linear depth, without Z strings. Raises InputError where the basis
    does not fit the qubits.
    """
    if isinstance(group.basis, PauliBasis):
        return Circuit(n_qubits, tuple(_pauli_gates(group.basis.letters)), 0)
    if isinstance(group.basis, CliffordBasis | CircuitBasis):
        return Circuit(n_qubits, group.basis.gates, 0)
    norb = len(group.basis.rotation)
    if n_qubits != 2 * norb:
        raise InputError(f"a rotation of {norb} orbitals needs {2 * norb} qubits, got {n_qubits}")
    gates: list[Gate] = []
    for k, angle in givens_rotations(group.basis.rotation):
        for spin in (0, norb):
            qubits = (k + spin, k + 1 + spin)
            gates.append(Gate("single-excitation", qubits, Angle(offset=angle)))
    return Circuit(n_qubits, tuple(gates), 0)


def _pauli_gates(letters: str) -> list[Gate]:
    gates = []
    for qubit, letter in enumerate(letters):
        if letter == "Y":
            gates.append(Gate("sdg", (qubit,)))
        if letter in "XY":
            gates.append(Gate("h", (qubit,)))
    return gates


def givens_rotations(rotation: FloatArray) -> list[tuple[int, float]]:
    """Rotations (k, θ) between orbitals k and k + 1 whose product, in order, is Rᵀ.

    Each takes c = cos(θ/2), s = sin(θ/2) to rows k, k + 1 as [[c, -s], [s, c]]. Columns of R are
    cleared from the first on, from the bottom up; gates on distant rows run at the same time
    (depth 2 norb - 3). What is left is diagonal ±1: pairs of -1 are orbital signs, which no
    occupation feels.
    """
    work = np.array(rotation, dtype=np.float64)
    n = len(work)
    rotations: list[tuple[int, float]] = []
    for column in range(n - 1):
        for k in range(n - 2, column - 1, -1):
            a, b = work[k, column], work[k + 1, column]
            if abs(b) < 1e-15:
                continue
            theta = -2.0 * float(np.arctan2(b, a))
            c, s = np.cos(theta / 2), np.sin(theta / 2)
            work[[k, k + 1]] = np.array([[c, -s], [s, c]]) @ work[[k, k + 1]]
            rotations.append((k, theta))
    return rotations
