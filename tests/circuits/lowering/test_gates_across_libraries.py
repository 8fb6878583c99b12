"""Every gate means the same to us, to PennyLane and to Qiskit."""

from itertools import combinations, permutations

import numpy as np
import pennylane as qml
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit.library import PauliEvolutionGate
from qiskit.quantum_info import Operator, SparsePauliOp

from qvopt_circuits.circuit import Circuit
from qvopt_circuits.gates import FIXED, Angle, Gate
from qvopt_circuits.lowering.pennylane_lowering import to_pennylane
from qvopt_circuits.lowering.qiskit_lowering import to_qiskit
from qvopt_circuits.matrices import circuit_unitary, gate_unitary

THETA = 0.713


# PennyLane documents its fermionic excitations as exp(θ (T - T†)); its circuits (0.45) rotate by
# half of that, exp(θ (T - T†) / 2), which is our convention too.
def pennylane_unitary(operations, n: int) -> np.ndarray:
    # PennyLane's first wire is the highest bit.
    return qml.matrix(qml.tape.QuantumScript(operations), wire_order=range(n - 1, -1, -1))


def check_lowerings(gate: Gate, n: int, expected: np.ndarray) -> None:
    circuit = Circuit(n, (gate,), 0)
    ours = circuit_unitary(circuit)
    np.testing.assert_allclose(ours, expected, atol=1e-12)
    np.testing.assert_allclose(pennylane_unitary(to_pennylane(circuit), n), expected, atol=1e-12)
    np.testing.assert_allclose(Operator(to_qiskit(circuit)).data, expected, atol=1e-12)


@pytest.mark.parametrize(("i", "a"), [(0, 1), (0, 3), (1, 4), (2, 5)])
def test_single_against_pennylanes_own(i, a):
    own = qml.FermionicSingleExcitation(THETA, wires=range(i, a + 1))
    gate = Gate("single-excitation", (i, a), Angle(offset=THETA))
    check_lowerings(gate, 6, pennylane_unitary([own], 6))


@pytest.mark.parametrize("qubits", [(0, 1, 2, 3), (0, 2, 4, 5), (0, 1, 3, 5), (1, 3, 4, 6)])
def test_double_against_pennylanes_own(qubits):
    s, r, q, p = qubits
    own = qml.FermionicDoubleExcitation(THETA, wires1=range(s, r + 1), wires2=range(q, p + 1))
    gate = Gate("double-excitation", (s, r, p, q), Angle(offset=THETA))
    check_lowerings(gate, 7, pennylane_unitary([own], 7))


@pytest.mark.parametrize("qubits", [(0, 1), (3, 0), (1, 4)])
def test_qubit_single_against_pennylanes_own(qubits):
    i, a = qubits
    own = qml.SingleExcitation(THETA, wires=(a, i))
    gate = Gate("qubit-single-excitation", qubits, Angle(offset=THETA))
    check_lowerings(gate, 5, pennylane_unitary([own], 5))


@pytest.mark.parametrize("qubits", [(0, 1, 2, 3), (3, 0, 4, 1), (4, 2, 0, 5)])
def test_qubit_double_against_pennylanes_own(qubits):
    i, j, a, b = qubits
    own = qml.DoubleExcitation(THETA, wires=(a, b, i, j))
    gate = Gate("qubit-double-excitation", qubits, Angle(offset=THETA))
    check_lowerings(gate, 6, pennylane_unitary([own], 6))


def qubit_generator(qubits, n):
    """Q - Q† from Kronecker products of (X + iY) / 2."""
    half = len(qubits) // 2
    product = np.eye(1)
    for q in range(n):
        lower = np.array([[0, 1], [0, 0]])
        factor = lower if q in qubits[:half] else lower.T if q in qubits[half:] else np.eye(2)
        product = np.kron(factor, product)
    return product - product.T


@pytest.mark.parametrize("qubits", [(1, 3), (4, 0), (4, 1, 0, 2), (0, 3, 1, 4)])
def test_qubit_excitations_against_qiskit(qubits):
    kind = "qubit-single-excitation" if len(qubits) == 2 else "qubit-double-excitation"
    gate = Gate(kind, qubits, Angle(offset=THETA))
    check_lowerings(gate, 5, qiskit_evolution(1j * qubit_generator(qubits, 5), 5))


def qiskit_evolution(generator: np.ndarray, n: int) -> np.ndarray:
    strings = SparsePauliOp.from_operator(generator)
    circuit = QuantumCircuit(n)
    circuit.append(PauliEvolutionGate(strings, THETA / 2), range(n))
    return Operator(circuit.decompose()).data  # its strings commute: one Trotter step is exact


@pytest.mark.parametrize("qubits", list(permutations(range(4), 2)))
def test_single_against_qiskit_on_any_qubits(qubits, excitation_generator):
    gate = Gate("single-excitation", qubits, Angle(offset=THETA))
    check_lowerings(gate, 4, qiskit_evolution(1j * excitation_generator(qubits, 4), 4))


ORDERS = [p for c in combinations(range(6), 4) for p in permutations(c)][::23]


@pytest.mark.parametrize(
    "qubits", [*ORDERS, (0, 3, 1, 4), (0, 3, 2, 5), (0, 1, 2, 3), (5, 0, 4, 2)]
)
def test_double_against_qiskit_on_any_qubits(qubits, excitation_generator):
    gate = Gate("double-excitation", qubits, Angle(offset=THETA))
    check_lowerings(gate, 6, qiskit_evolution(1j * excitation_generator(qubits, 6), 6))


@pytest.mark.parametrize(
    ("letters", "qubits"),
    [
        ("X", (2,)),
        ("Y", (0,)),
        ("Z", (1,)),
        ("XY", (3, 1)),
        ("ZZ", (0, 2)),
        ("YZX", (1, 0, 3)),
        ("XXYY", (3, 0, 2, 1)),
    ],
)
def test_pauli_rotation_against_both(letters, qubits):
    gate = Gate("pauli-rotation", qubits, Angle(offset=THETA), letters)
    expected = pennylane_unitary([qml.PauliRot(THETA, letters, wires=qubits)], 4)
    check_lowerings(gate, 4, expected)
    label = "".join(dict(zip(qubits, letters, strict=True)).get(q, "I") for q in (3, 2, 1, 0))
    np.testing.assert_allclose(
        qiskit_evolution(Operator.from_label(label).data, 4), expected, atol=1e-12
    )


@pytest.mark.parametrize("name", [*FIXED, "rx", "ry", "rz"])
def test_common_gates_against_both(name):
    qubits = (2, 0)[: FIXED.get(name, 1)]
    rotation = name not in FIXED
    gate = Gate(name, qubits, Angle(offset=THETA) if rotation else None)
    qiskit = QuantumCircuit(3)
    getattr(qiskit, name)(*([THETA] if rotation else []), *qubits)
    check_lowerings(gate, 3, Operator(qiskit).data)
    twin = {"h": "Hadamard", "cx": "CNOT", "x": "X", "y": "Y", "z": "Z"}.get(name, name.upper())
    if name in ("sdg", "tdg"):
        operation = qml.adjoint(getattr(qml, name[0].upper()))(wires=2)
    else:
        operation = getattr(qml, twin)(*([THETA] if rotation else []), wires=qubits)
    np.testing.assert_allclose(
        gate_unitary(gate, 3, THETA), pennylane_unitary([operation], 3), atol=1e-12
    )


@pytest.mark.parametrize(("name", "qubits"), [("number-phase", (2,)), ("coulomb-phase", (2, 0))])
def test_phases_of_occupations(name, qubits, ladder):
    number = np.linalg.multi_dot([np.eye(8), *(ladder(q, 3).T @ ladder(q, 3) for q in qubits)])
    gate = Gate(name, qubits, Angle(offset=THETA))
    check_lowerings(gate, 3, np.diag(np.exp(-1j * THETA * number.diagonal())))
    assert gate.conserves_number
    assert gate.frequencies == (1.0,)
