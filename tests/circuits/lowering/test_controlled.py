import numpy as np
import pytest
from scipy.linalg import block_diag

from qvopt_circuits.circuit import Circuit
from qvopt_circuits.gates import EXCITATIONS, Angle, Gate
from qvopt_circuits.lowering.controlled import ControlledRotation, decompose_controlled
from qvopt_circuits.matrices import circuit_unitary
from qvopt_circuits.uccsd import UCCSD


def dense_rotation(step, n_qubits, x):
    """RY of the last qubit where the others are 1, element by element."""
    *controls, target = step.qubits
    half = step.angle(x) / 2
    turn = np.array([[np.cos(half), -np.sin(half)], [np.sin(half), np.cos(half)]])
    mask = sum(1 << q for q in controls)
    out = np.eye(1 << n_qubits)
    for low in range(1 << n_qubits):
        if low & mask == mask and not low >> target & 1:
            pair = [low, low | 1 << target]
            out[np.ix_(pair, pair)] = turn
    return out


def dense(steps, n_qubits, n_parameters, x):
    out = np.eye(1 << n_qubits, dtype=complex)
    for step in steps:
        if isinstance(step, ControlledRotation):
            out = dense_rotation(step, n_qubits, x) @ out
        else:
            out = circuit_unitary(Circuit(n_qubits, (step,), n_parameters), x) @ out
    return out


@pytest.mark.parametrize("seed", range(12))
def test_unitary_of_random_circuits(seed, random_circuit):
    rng = np.random.default_rng(seed)
    names = (*EXCITATIONS, *EXCITATIONS, "cx", "s", "rx", "pauli-rotation", "coulomb-phase")
    circuit = random_circuit(rng, 5, 20, names)
    x = rng.normal(size=3)
    steps = decompose_controlled(circuit)
    np.testing.assert_allclose(dense(steps, 5, 3, x), circuit_unitary(circuit, x), atol=1e-12)


def test_one_excitation_is_one_rotation_of_two_amplitudes():
    gate = Gate("qubit-double-excitation", (0, 1, 2, 3), Angle(0))
    rotations = [
        step
        for step in decompose_controlled(Circuit(4, (gate,), 1))
        if isinstance(step, ControlledRotation)
    ]
    assert [step.qubits for step in rotations] == [(1, 2, 3, 0)]
    # Pairs of amplitudes next to each other differ in qubit 0: only the last two are turned.
    half = -0.37 / 2
    turn = np.array([[np.cos(half), -np.sin(half)], [np.sin(half), np.cos(half)]])
    np.testing.assert_allclose(
        dense_rotation(rotations[0], 4, [0.37]), block_diag(np.eye(14), turn), atol=1e-15
    )


def test_angles_come_in_the_order_of_the_gates(molecule):
    circuit = UCCSD().circuit(molecule("h4"))
    turned = [s for s in decompose_controlled(circuit) if isinstance(s, ControlledRotation)]
    expected = [circuit.gates[k].angle.index for k in circuit.parametric]
    assert [step.angle.index for step in turned] == expected


def test_inverse_rotations_cancel():
    there = Gate("double-excitation", (0, 1, 2, 3), Angle(offset=0.3))
    back = Gate("double-excitation", (0, 1, 2, 3), Angle(offset=-0.3))
    assert decompose_controlled(Circuit(4, (there, back), 0)) == []
    assert decompose_controlled(Circuit(4, (there, there), 0)) != []
