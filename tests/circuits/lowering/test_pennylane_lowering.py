import autograd
import numpy as np
import pennylane as qml
import pytest

from qvopt_circuits.circuit import Circuit
from qvopt_circuits.gates import Angle, Gate
from qvopt_circuits.lowering.pennylane_lowering import to_pennylane
from qvopt_circuits.matrices import circuit_state, circuit_unitary
from qvopt_circuits.uccsd import UCCSD
from qvopt_molecules.errors import InputError


@pytest.mark.parametrize("seed", range(6))
def test_unitary_of_random_circuits(seed, random_circuit):
    rng = np.random.default_rng(seed)
    circuit = random_circuit(rng, 5, 25)
    x = rng.normal(size=3)
    tape = qml.tape.QuantumScript(to_pennylane(circuit, x))
    matrix = qml.matrix(tape, wire_order=range(4, -1, -1))
    np.testing.assert_allclose(matrix, circuit_unitary(circuit, x), atol=1e-12)


def energy(circuit: Circuit, x: np.ndarray, observable: np.ndarray) -> float:
    state = circuit_state(circuit, x)
    return float(np.real(state.conj() @ observable @ state))


@pytest.fixture
def problem(molecule):
    circuit = UCCSD(spin_adapted=True).circuit(molecule("h2"))
    extra = (
        Gate("pauli-rotation", (0, 3, 1), Angle(0, -0.7, 0.1), "XYZ"),
        Gate("cx", (1, 2)),
        Gate("double-excitation", (3, 0, 2, 1), Angle(1, 0.5)),
        Gate("ry", (1,), Angle(offset=0.3)),
        Gate("single-excitation", (0, 3), Angle(1, 1.5)),
    )
    return Circuit(4, circuit.gates + extra, 2), np.array([0.3, -0.4])


def finite_difference(circuit, x, observable):
    step = 1e-5 * np.eye(len(x))
    ends = [energy(circuit, x + s, observable) - energy(circuit, x - s, observable) for s in step]
    return np.array(ends) / 2e-5


OBSERVABLE = 0.5 * qml.Z(0) @ qml.Z(3) + 0.25 * qml.X(1) @ qml.X(2) - qml.Y(0) @ qml.Y(1)


@pytest.mark.parametrize(
    ("device", "method"), [("lightning.qubit", "adjoint"), ("default.qubit", "backprop")]
)
def test_gradients_flow_through_tied_affine_angles(device, method, problem):
    circuit, x = problem

    @qml.qnode(qml.device(device, wires=4), diff_method=method)
    def cost(values):
        for operation in to_pennylane(circuit, values):
            qml.apply(operation)
        return qml.expval(OBSERVABLE)

    dense = qml.matrix(OBSERVABLE, wire_order=[3, 2, 1, 0])
    values = qml.numpy.array(x, requires_grad=True)
    assert float(cost(values)) == pytest.approx(energy(circuit, x, dense), abs=1e-12)
    gradient = autograd.grad(cost)(values)
    np.testing.assert_allclose(gradient, finite_difference(circuit, x, dense), atol=1e-8)


def test_lightning_takes_every_operation_as_it_is(molecule):
    """No gate of a cluster circuit is decomposed: the adjoint method sees excitations whole."""
    circuit = UCCSD().circuit(molecule("h4"))
    operations = to_pennylane(circuit, np.full(circuit.n_parameters, 0.1))
    names = {operation.name for operation in operations}
    assert names <= {"PauliX", "CZ", "SingleExcitation", "DoubleExcitation"}
    native = qml.device("lightning.qubit", wires=8).capabilities.operations
    assert all(native[name].differentiable for name in names)


def test_needs_parameters_of_the_right_shape(problem):
    circuit, x = problem
    with pytest.raises(InputError, match="2 parameters: give x"):
        to_pennylane(circuit)
    with pytest.raises(InputError, match=r"shape \(2,\), got \(3,\)"):
        to_pennylane(circuit, np.zeros(3))
    assert len(to_pennylane(circuit.bind(x))) == len(to_pennylane(circuit, x))
