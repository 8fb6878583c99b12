"""Aer's state vectors from whole rotations are those of elementary gates and of our kernels."""

import numpy as np
import pytest

from qvopt.backends.aer import AerBackend
from qvopt.backends.aer_states import STATE_VECTOR_METHODS, to_aer
from qvopt.backends.batch import Point
from qvopt.backends.protocol import Problem
from qvopt.backends.vector.program import VectorBackend
from qvopt_circuits.circuit import Circuit
from qvopt_circuits.gates import EXCITATIONS, Angle, Gate
from qvopt_circuits.lowering.elementary import decompose
from qvopt_circuits.uccsd import UCCSD
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.mappings import qubit_hamiltonian

METHODS = (*STATE_VECTOR_METHODS, "matrix_product_state")
ELEMENTARY = {"sx", "x", "rz", "cx", "measure", "barrier"}


@pytest.fixture(scope="module")
def h4():
    h = build_hamiltonian(find_molecule("h4-chain"))
    return Problem(UCCSD().circuit(h), qubit_hamiltonian(h), h, None)


def everything():
    """A spread-out state, then excitations with strings, tied and constant angles, and phases."""
    rng = np.random.default_rng(5)
    gates = [Gate("ry", (q,), Angle(q % 3, 0.8, 0.1 * q)) for q in range(6)]
    for k in range(12):
        name = list(EXCITATIONS)[k % len(EXCITATIONS)]
        qubits = tuple(rng.permutation(6)[: EXCITATIONS[name]].tolist())
        angle = Angle(offset=0.4) if k == 5 else Angle(k % 3, 1.0 - 0.3 * k, 0.05 * k)
        gates.append(Gate(name, qubits, angle))
    gates.append(Gate("coulomb-phase", (4, 1), Angle(1, 0.9, 0.2)))
    gates.append(Gate("number-phase", (3,), Angle(2, -1.3)))
    gates.append(Gate("pauli-rotation", (0, 2, 5), Angle(0, 0.7), "XYZ"))
    gates.append(Gate("double-excitation", (5, 0, 3, 2), Angle(0)))
    return Circuit(6, tuple(gates), 3)


@pytest.mark.parametrize("method", METHODS)
def test_states_with_single_gates_shifted(method):
    problem = Problem(everything(), None, None, None)
    points = [Point(np.array([0.4, -0.9, 1.3]), shifts) for shifts in ((), ((8, 0.7), (19, -1.1)))]
    ours = VectorBackend().compile(problem).states(points)
    theirs = AerBackend(method=method).compile(problem).states(points)
    # Aer cuts off singular values of its matrix product states.
    atol = 1e-12 if method in STATE_VECTOR_METHODS else 1e-8
    np.testing.assert_allclose(theirs, ours, atol=atol)


@pytest.mark.parametrize("method", METHODS)
def test_energy_of_a_cluster_circuit(h4, method):
    point = Point(np.linspace(-0.3, 0.4, h4.circuit.n_parameters))
    expected = VectorBackend().compile(h4).energies([point])
    found = AerBackend(method=method).compile(h4).energies([point])
    np.testing.assert_allclose(found, expected, atol=1e-10)


def test_a_cluster_circuit_has_a_third_of_the_elementary_gates(h4):
    assert len(to_aer(h4.circuit).data) < len(decompose(h4.circuit).gates) / 3


def test_noise_sees_the_elementary_gates(h4):
    from qvopt.measurement.qubit_wise import qubit_wise_plan

    noisy = Problem(h4.circuit, h4.observable, h4.hamiltonian, qubit_wise_plan(h4.observable))
    program = AerBackend(noise={"two_qubit": 0.01}).compile(noisy)
    operations = program.circuits.groups[0].count_ops()
    assert set(operations) <= ELEMENTARY
    two_qubit = sum(len(gate.qubits) == 2 for gate in decompose(h4.circuit).gates)
    assert operations["cx"] > two_qubit / 2
