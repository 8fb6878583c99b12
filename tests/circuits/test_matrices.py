"""The plain definition of every gate, against Kronecker products and matrix exponentials."""

from itertools import permutations

import numpy as np
import pytest
from scipy.linalg import expm

from qvopt_circuits.circuit import Circuit
from qvopt_circuits.gates import Angle, Gate
from qvopt_circuits.matrices import circuit_state, circuit_unitary, gate_unitary
from qvopt_molecules.errors import InputError

I, X, Y, Z = np.eye(2), np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1, -1])
PAULIS = {"X": X, "Y": Y, "Z": Z}


def kron(factors: dict[int, np.ndarray], n: int) -> np.ndarray:
    out = np.eye(1)
    for q in range(n):
        out = np.kron(factors.get(q, I), out)
    return out


@pytest.mark.parametrize("qubits", list(permutations(range(4), 2)))
def test_single_excitations_on_any_qubits(qubits, excitation_generator):
    unitary = gate_unitary(Gate("single-excitation", qubits, Angle()), 4, 0.83)
    np.testing.assert_allclose(
        unitary, expm(0.83 / 2 * excitation_generator(qubits, 4)), atol=1e-13
    )


@pytest.mark.parametrize("qubits", list(permutations(range(5), 4))[::3])
def test_double_excitations_on_any_qubits(qubits, excitation_generator):
    unitary = gate_unitary(Gate("double-excitation", qubits, Angle()), 5, -1.3)
    np.testing.assert_allclose(
        unitary, expm(-1.3 / 2 * excitation_generator(qubits, 5)), atol=1e-13
    )


@pytest.mark.parametrize(
    ("letters", "qubits"),
    [("X", (1,)), ("Y", (0,)), ("ZX", (2, 0)), ("YYX", (1, 3, 0)), ("ZZ", (0, 3))],
)
def test_pauli_rotations(letters, qubits):
    string = kron(dict(zip(qubits, (PAULIS[p] for p in letters), strict=True)), 4)
    unitary = gate_unitary(Gate("pauli-rotation", qubits, Angle(), letters), 4, 0.41)
    np.testing.assert_allclose(unitary, expm(-0.5j * 0.41 * string), atol=1e-13)
    if len(letters) == 1:
        plain = gate_unitary(Gate(f"r{letters.lower()}", qubits, Angle()), 4, 0.41)
        np.testing.assert_allclose(plain, unitary, atol=1e-15)


def test_fixed_gates():
    h = (X + Z) / np.sqrt(2)
    one = {"x": X, "y": Y, "z": Z, "h": h, "s": np.diag([1, 1j]), "sdg": np.diag([1, -1j])}
    one |= {"t": expm(0.125j * np.pi * (I - Z)), "tdg": expm(-0.125j * np.pi * (I - Z))}
    for name, matrix in one.items():
        np.testing.assert_allclose(
            gate_unitary(Gate(name, (1,)), 3), kron({1: matrix}, 3), atol=1e-14
        )
    up, down = np.diag([1, 0]), np.diag([0, 1])
    for c, t in permutations(range(3), 2):
        for name, matrix in (("cx", X), ("cz", Z)):
            expected = kron({c: up}, 3) + kron({c: down, t: matrix}, 3)
            np.testing.assert_array_equal(gate_unitary(Gate(name, (c, t)), 3), expected)
        swap = sum(kron({c: p, t: p}, 3) for p in (I, X, Y, Z)) / 2
        np.testing.assert_allclose(gate_unitary(Gate("swap", (c, t)), 3), swap, atol=1e-15)


def test_circuits_multiply_in_order(random_circuit):
    rng = np.random.default_rng(5)
    circuit = random_circuit(rng, 4, 25)
    x = rng.normal(size=3)
    product = np.eye(16)
    for gate in circuit.gates:
        angle = gate.angle(x) if gate.angle else 0.0
        product = gate_unitary(gate, 4, angle) @ product
    np.testing.assert_allclose(circuit_unitary(circuit, x), product, atol=1e-12)
    np.testing.assert_allclose(circuit_state(circuit, x), product[:, 0], atol=1e-12)


def test_refuses_what_would_not_fit():
    with pytest.raises(InputError, match=r"13 qubits needs 1 GiB"):
        circuit_unitary(Circuit(13, (), 0))
    with pytest.raises(InputError, match=r"30 qubits needs 16 GiB"):
        circuit_state(Circuit(30, (), 0))
    with pytest.raises(InputError, match="leaves 2 qubits"):
        gate_unitary(Gate("x", (2,)), 2)
