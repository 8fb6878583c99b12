"""Density matrices against Qiskit's channels, Aer's density matrix, and Aer shot by shot."""

import numpy as np
import pytest
from scipy.stats import chi2

from qvopt.backends.aer import AerBackend
from qvopt.backends.batch import Point
from qvopt.backends.noisy import Channels, NoisySimulator, UnreadError
from qvopt.backends.noisy.transfer import on_qubits, pauli_transfer, rotations, transfer_matrix
from qvopt.backends.protocol import Problem
from qvopt.engine.assembly import assemble
from qvopt.experiment.specification import make_experiment

qiskit = pytest.importorskip("qiskit")
aer = pytest.importorskip("qiskit_aer")

from qiskit import QuantumCircuit  # noqa: E402
from qiskit.circuit import ParameterVector  # noqa: E402
from qiskit.quantum_info import PTM, Kraus, Operator, random_quantum_channel  # noqa: E402
from qiskit_aer.noise import (  # noqa: E402
    NoiseModel,
    ReadoutError,
    amplitude_damping_error,
    depolarizing_error,
    pauli_error,
    thermal_relaxation_error,
)


def asymmetric_noise():
    """Errors of every kind: on all qubits, on pairs in one direction, damping, lopsided readout."""
    model = NoiseModel(basis_gates=["rz", "sx", "x", "cx"])
    model.add_all_qubit_quantum_error(amplitude_damping_error(0.03), ["sx"])
    relaxed = thermal_relaxation_error(50.0, 70.0, 3.0, excited_state_population=0.1)
    model.add_quantum_error(relaxed, ["sx", "x"], [1])
    model.add_all_qubit_quantum_error(depolarizing_error(0.05, 2), ["cx"])
    lopsided = pauli_error([("XI", 0.08), ("IZ", 0.02), ("II", 0.9)])
    model.add_quantum_error(lopsided, ["cx"], [0, 1])
    model.add_quantum_error(relaxed.tensor(amplitude_damping_error(0.04)), ["cx"], [2, 1])
    model.add_all_qubit_readout_error(ReadoutError([[0.97, 0.03], [0.12, 0.88]]))
    model.add_readout_error(ReadoutError([[0.8, 0.2], [0.01, 0.99]]), [1])
    return model


@pytest.mark.parametrize("n", [1, 2])
def test_transfer_matrices_are_those_of_qiskit(n):
    channel = random_quantum_channel(2**n, seed=n)
    ours = transfer_matrix(Kraus(channel).data)
    np.testing.assert_allclose(ours, PTM(channel).data.real, atol=1e-12)
    label = "XY"[:n]
    np.testing.assert_allclose(pauli_transfer(label), PTM(Operator.from_label(label)).data.real)


@pytest.mark.parametrize("axis", ["X", "Y", "Z"])
def test_rotations_are_those_of_qiskit(axis):
    angles = np.array([0.3, -2.0])
    gates = {"X": qiskit.circuit.library.RXGate, "Y": qiskit.circuit.library.RYGate,
             "Z": qiskit.circuit.library.RZGate}  # fmt: skip
    for angle, ours in zip(angles, rotations(axis, angles), strict=True):
        np.testing.assert_allclose(ours, PTM(Operator(gates[axis](angle))).data.real, atol=1e-12)


def test_channels_take_their_place_among_two_qubits():
    one = transfer_matrix([np.array([[1, 0], [0, 1j]])])
    two = transfer_matrix(Kraus(random_quantum_channel(4, seed=5)).data)
    for qubits, matrix, n in (((0,), one, 1), ((1,), one, 1), ((1, 0), two, 2), ((0, 1), two, 2)):
        circuit = QuantumCircuit(2)
        instruction = qiskit.circuit.library.SGate() if n == 1 else None
        ours = on_qubits(matrix, qubits, 2)
        if instruction is not None:
            circuit.append(instruction, qubits)
            np.testing.assert_allclose(ours, PTM(Operator(circuit)).data.real, atol=1e-12)
        elif qubits == (0, 1):
            np.testing.assert_array_equal(ours, two)
        else:
            swap = PTM(Operator.from_circuit(_swapped())).data.real
            np.testing.assert_allclose(ours, swap @ two @ swap, atol=1e-12)


def _swapped():
    circuit = QuantumCircuit(2)
    circuit.swap(0, 1)
    return circuit


def random_circuit(seed, angles):
    """A circuit of three qubits in the basis of the noise; its first gates are the same for all."""
    circuit = QuantumCircuit(3, 3)
    fixed, rng = np.random.default_rng(99), np.random.default_rng(seed)
    for k in range(24):
        draw = fixed if k < 10 else rng
        a, b = draw.choice(3, size=2, replace=False).tolist()
        circuit.sx(a)
        circuit.rz(2.0 * angles[k % 2] + 0.1 * k if k % 3 == 0 else float(draw.normal()), b)
        circuit.cx(a, b)
        if draw.random() < 0.3:
            circuit.x(b)
    return circuit


def exact_distribution(circuit, noise, bits):
    """Of Aer's own density matrix, with the confusion of every bit."""
    saved = circuit.copy()
    saved.save_density_matrix()
    simulator = aer.AerSimulator(method="density_matrix", noise_model=noise)
    rho = np.asarray(simulator.run(saved, shots=1).result().data(0)["density_matrix"])
    p = np.real(np.diag(rho)).reshape(2, 2, 2).transpose(2, 1, 0)  # axes of qubits 0, 1, 2
    for qubit in range(3):
        confusion = np.array([[0.97, 0.12], [0.03, 0.88]])
        if qubit == 1:
            confusion = np.array([[0.8, 0.01], [0.2, 0.99]])
        p = np.moveaxis(np.tensordot(confusion, p, axes=(1, qubit)), 0, qubit)
    return p.transpose(np.argsort(bits)[::-1]).reshape(-1)


def test_distributions_are_those_of_aers_density_matrix():
    noise = asymmetric_noise()
    free = ParameterVector("a", 2)
    bits = (2, 0, 1)  # bit of each qubit
    circuits = [random_circuit(seed, free) for seed in range(3)]
    for circuit in circuits:
        circuit.measure(range(3), bits)
    simulator = NoisySimulator(circuits, Channels(noise), 2)
    assert 15 < len(simulator._common) < min(len(c.steps) for c in simulator._circuits)
    rows = np.random.default_rng(3).normal(size=(2, 2))
    for seed, distributions in enumerate(simulator.distributions(rows, range(3))):
        for row, ours in zip(rows, distributions, strict=True):
            theirs = exact_distribution(random_circuit(seed, row), noise, bits)
            np.testing.assert_allclose(ours, theirs, atol=1e-11)


def compiled(method, noise_model, molecule="h2"):
    data = {"molecule": molecule, "backend": "aer", "measurement": {"shots": 1000}}
    assembly = assemble(make_experiment(data))
    problem = assembly.program.problem
    backend = AerBackend(noise_model=noise_model, method=method)
    program = backend.compile(
        Problem(problem.circuit, problem.observable, problem.hamiltonian, problem.plan)
    )
    return program, np.full(problem.circuit.n_parameters, 0.3)


def test_counts_follow_those_of_shots_that_aer_runs_one_by_one():
    """Chi-square of two samples, over all groups; at the same law its p-value is uniform.

    5,000 shots a group see probabilities that are off by a tenth where they are 0.1 or more.
    """
    noise = asymmetric_noise()
    drawn, x = compiled("automatic", noise)
    shot_by_shot, _ = compiled("statevector", noise)
    n_groups = len(drawn.problem.plan.groups)
    shots = np.full((1, n_groups), 5_000)
    seed = np.random.SeedSequence(11)
    ours = drawn.sample_counts([Point(x)], shots, seed)[0]
    theirs = shot_by_shot.sample_counts([Point(x)], shots, seed)[0]
    assert drawn._noisy[1.0] is not None
    assert shot_by_shot._noisy == {}
    square, degrees = 0.0, 0
    for one, other in zip(ours, theirs, strict=True):
        assert sum(one.values()) == sum(other.values()) == 5_000
        for outcome in set(one) | set(other):
            a, b = one.get(outcome, 0), other.get(outcome, 0)
            if a + b >= 10:
                square += (a - b) ** 2 / (a + b)
                degrees += 1
        degrees -= 1
    assert degrees > 30
    assert 1e-4 < chi2.sf(square, degrees) < 1 - 1e-4


def test_the_same_seed_draws_the_same_counts_and_amplified_noise_others():
    program, x = compiled("automatic", asymmetric_noise())
    shots = np.full((2, len(program.problem.plan.groups)), 300)
    points = [Point(x), Point(x, noise_scale=3.0)]
    first, again = (
        program.sample_counts(points, shots, np.random.SeedSequence(1)) for _ in range(2)
    )
    assert first == again
    assert program.sample_counts(points, shots, np.random.SeedSequence(2)) != first
    assert set(program._noisy) == {1.0, 3.0}
    assert first[0] != first[1]


def test_what_density_matrices_do_not_cover_is_left_to_aer():
    noise = asymmetric_noise()
    noise.add_all_qubit_quantum_error(pauli_error([("X", 0.1), ("I", 0.9)]), ["measure"])
    with pytest.raises(UnreadError):
        Channels(noise)
    program, x = compiled("automatic", noise)
    shots = np.full((1, len(program.problem.plan.groups)), 50)
    counts = program.sample_counts([Point(x)], shots, np.random.SeedSequence(1))
    assert program._noisy == {1.0: None}
    assert all(sum(c.values()) == 50 for c in counts[0])


def test_large_circuits_are_left_to_aer():
    program, x = compiled("automatic", asymmetric_noise(), "h6-chain")
    assert program._noisy_simulator(1.0) is None
    assert program._noisy == {}
    assert len(x) > 0
