from itertools import permutations

import numpy as np
import pytest

from qvopt_circuits.gates import Angle, Gate
from qvopt_circuits.matrices import gate_unitary
from qvopt_circuits.paulis import excitation_strings
from qvopt_molecules.pauli import label

PAULIS = {
    "I": np.eye(2),
    "X": np.array([[0, 1], [1, 0]]),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1, -1]),
}


def dense(x: int, z: int, n: int) -> np.ndarray:
    out = np.eye(1)
    for letter in label(x, z, n):
        out = np.kron(PAULIS[letter], out)
    return out


@pytest.mark.parametrize(
    "qubits", [*permutations(range(4), 2), *list(permutations(range(5), 4))[::7]]
)
def test_strings_sum_to_the_generator_and_commute(qubits, excitation_generator):
    strings = excitation_strings(qubits)
    assert len(strings) == (2 if len(qubits) == 2 else 8)
    matrices = [dense(x, z, 5) for x, z, _ in strings]
    total = sum(c * m for m, (_, _, c) in zip(matrices, strings, strict=True))
    np.testing.assert_allclose(total, 1j * excitation_generator(qubits, 5), atol=1e-14)
    for a in matrices:
        for b in matrices:
            np.testing.assert_allclose(a @ b, b @ a, atol=1e-14)


@pytest.mark.parametrize("name", ["double-excitation", "qubit-double-excitation"])
def test_rotations_by_the_strings_make_the_gate(name):
    qubits = (3, 0, 1, 4)
    product = np.eye(32)
    for x, z, c in excitation_strings(qubits, fermionic=name == "double-excitation"):
        letters = label(x, z, 5)
        on = tuple(q for q in range(5) if letters[q] != "I")
        gate = Gate("pauli-rotation", on, Angle(), letters.replace("I", ""))
        product = gate_unitary(gate, 5, 0.7 * c) @ product
    gate = Gate(name, qubits, Angle())
    np.testing.assert_allclose(product, gate_unitary(gate, 5, 0.7), atol=1e-13)
