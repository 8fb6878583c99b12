"""Shift rules and the measured metric against finite differences, adjoint and exact metric."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qvopt.backends.batch import Point
from qvopt.backends.protocol import Problem
from qvopt.backends.sector import SectorBackend
from qvopt.gradients.fisher import combine_metric, expand_metric, project_psd
from qvopt.gradients.parameter_shift import expand_gradient, shift_rule
from qvopt.measurement.allocation import allocate, with_allocation
from qvopt.measurement.basis_rotation import basis_rotation_plan
from qvopt.measurement.estimate import Estimate
from qvopt.measurement.statistics import combine_moments
from qvopt_circuits.circuit import Circuit
from qvopt_circuits.gates import Angle, Gate
from qvopt_circuits.matrices import circuit_state
from qvopt_circuits.uccsd import UCCSD
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.errors import InputError
from qvopt_molecules.integrals import build_hamiltonian


def program(name, *, plan=False, **options):
    h = build_hamiltonian(find_molecule(name))
    circuit = UCCSD(**options).circuit(h)
    measured = with_allocation(basis_rotation_plan(h), "variance", hamiltonian=h) if plan else None
    return circuit, SectorBackend().compile(Problem(circuit, None, h, measured)), measured


def random_point(circuit, seed=0):
    return np.random.default_rng(seed).normal(size=circuit.n_parameters) * 0.3


@pytest.mark.parametrize("frequencies", [(1.0,), (0.5, 1.0)])
def test_rules_are_exact_for_their_frequencies(frequencies):
    gate = {
        (1.0,): Gate("rx", (0,), Angle(0)),
        (0.5, 1.0): Gate("single-excitation", (0, 1), Angle(0)),
    }[frequencies]
    rule = shift_rule(gate)
    assert sum(c for _, c in rule) == pytest.approx(0.0, abs=1e-15)
    for f in frequencies:
        for phase in (0.0, 0.7):
            found = sum(c * np.sin(f * s + phase) for s, c in rule)
            assert found == pytest.approx(f * np.cos(phase), abs=1e-14)
    with pytest.raises(InputError):
        shift_rule(Gate("x", (0,)))


@pytest.mark.parametrize("adapted", [False, True])
def test_shifts_agree_with_the_adjoint_method(adapted):
    circuit, compiled, _ = program("h4-chain", spin_adapted=adapted)
    x = random_point(circuit)
    expansion = expand_gradient(circuit, x)
    energies = [Estimate(float(e)) for e in compiled.energies(expansion.points)]
    gradient, variance = expansion.combine(energies)
    assert np.abs(gradient - compiled.gradient(x)[1]).max() < 1e-12
    assert not variance.any()


def random_circuit(rng):
    """Rotations, excitations and tied angles with coefficients, on four qubits."""
    gates = [Gate("x", (0,)), Gate("x", (2,))]
    for _ in range(7):
        angle = Angle(int(rng.integers(3)), float(rng.normal()), float(rng.normal()))
        qubits = tuple(int(q) for q in rng.permutation(4))
        gates.append(
            [
                Gate("ry", qubits[:1], angle),
                Gate("pauli-rotation", qubits[:3], angle, "XYZ"),
                Gate("single-excitation", qubits[:2], angle),
                Gate("double-excitation", qubits, angle),
            ][int(rng.integers(4))]
        )
        gates.append(Gate("cx", qubits[:2]))
    return Circuit(4, tuple(gates), 3)


@given(st.integers(0, 2**32))
@settings(max_examples=12, deadline=None)
def test_any_circuit_against_finite_differences(seed):
    rng = np.random.default_rng(seed)
    circuit, x = random_circuit(rng), rng.normal(size=3)
    matrix = rng.normal(size=(16, 16))
    matrix = matrix + matrix.T

    def energy(point):
        state = circuit_state(circuit.bind(point.x, point.shifts), np.zeros(0))
        return float(np.vdot(state, matrix @ state).real)

    expansion = expand_gradient(circuit, x)
    found = expansion.combine([Estimate(energy(p)) for p in expansion.points])[0]
    h = 1e-5
    for i in range(3):
        step = h * np.eye(3)[i]
        slope = (energy(Point(x + step)) - energy(Point(x - step))) / (2 * h)
        assert found[i] == pytest.approx(slope, abs=1e-7)


@given(st.integers(0, 2**32), st.sampled_from(["full", "block-diagonal", "diagonal"]))
@settings(max_examples=3, deadline=None)
def test_metric_of_any_circuit_from_fidelities(seed, kind):
    from qvopt_circuits.blocks import parameter_blocks

    rng = np.random.default_rng(seed)
    circuit, x = random_circuit(rng), rng.normal(size=3)

    def state(point):
        return circuit_state(circuit.bind(point.x, point.shifts), np.zeros(0))

    expansion = expand_metric(circuit, x, kind)
    p = np.array([abs(np.vdot(state(b), state(a))) ** 2 for a, b in expansion.pairs])
    found = combine_metric(expansion, p, np.ones(len(p)))[0]
    h, psi = 1e-5, state(Point(x))
    tangents = [(state(Point(x + h * e)) - state(Point(x - h * e))) / (2 * h) for e in np.eye(3)]
    exact = np.array(
        [[(np.vdot(a, b) - np.vdot(a, psi) * np.vdot(psi, b)).real for b in tangents]
         for a in tangents]
    )  # fmt: skip
    mask = np.zeros((3, 3))
    if kind == "full":
        mask[:] = 1
    for block in parameter_blocks(circuit) if kind == "block-diagonal" else [[0], [1], [2]]:
        mask[np.ix_(block, block)] = 1
    assert np.abs(found - exact * mask).max() < 1e-6


def test_one_excitation_on_its_reference_has_a_quarter():
    circuit = Circuit(4, (Gate("x", (0,)), Gate("x", (2,)), Gate("double-excitation", (0, 2, 1, 3), Angle(0))), 1)  # noqa: E501  # fmt: skip
    expansion = expand_metric(circuit, np.zeros(1), "block-diagonal")
    p = [abs(np.vdot(circuit_state(circuit.bind(b.x, b.shifts), np.zeros(0)),
                     circuit_state(circuit.bind(a.x), np.zeros(0)))) ** 2
         for a, b in expansion.pairs]  # fmt: skip
    assert combine_metric(expansion, np.array(p), np.ones(len(p)))[0] == pytest.approx(0.25)


def test_measured_gradient_is_unbiased_and_its_variance_honest():
    circuit, compiled, plan = program("h2", plan=True)
    x = random_point(circuit)
    expansion = expand_gradient(circuit, x)
    shots = np.tile(allocate(plan.weights, 400), (len(expansion.points), 1))
    values, variances = [], []
    for seed in range(400):
        sampled = compiled.sample(expansion.points, shots, np.random.SeedSequence(seed))
        estimates = [combine_moments(plan, m) for m in sampled]
        value, variance = expansion.combine(estimates)
        matrix = expansion.matrix.toarray()
        covariance = (matrix * [e.variance for e in estimates]) @ matrix.T
        assert np.diag(covariance) == pytest.approx(variance)
        values.append(value)
        variances.append(variance)
    exact = compiled.gradient(x)[1]
    z = (np.mean(values, axis=0) - exact) / np.sqrt(np.mean(variances, axis=0) / 400)
    assert np.abs(z).max() < 5
    ratio = np.mean(variances, axis=0) / np.var(values, axis=0, ddof=1)
    assert np.all((ratio > 0.7) & (ratio < 1.4))  # 1 ± 5 standard errors of 400 draws


def test_measured_metric_is_unbiased_and_its_variance_honest():
    circuit, compiled, _ = program("h2")
    x = random_point(circuit)
    expansion = expand_metric(circuit, x, "full")
    shots = np.full(len(expansion.pairs), 200)
    found = []
    for seed in range(400):
        counts = compiled.sample_fidelities(expansion.pairs, shots, np.random.SeedSequence(seed))
        found.append(combine_metric(expansion, counts, shots)[:2])
    values, variances = (np.array(part) for part in zip(*found, strict=True))
    spread = np.sqrt(variances.mean(axis=0) / 400)
    assert np.all(np.abs(values.mean(axis=0) - compiled.metric(x)) <= 5 * spread + 1e-12)
    noisy = values.std(axis=0) > 0  # an entry whose fidelities are exactly 0 or 1 has no noise
    assert noisy.sum() >= 6
    ratio = variances.mean(axis=0)[noisy] / values.var(axis=0, ddof=1)[noisy]
    assert np.all((ratio > 0.7) & (ratio < 1.4))


@given(st.integers(0, 2**32))
@settings(max_examples=12, deadline=None)
def test_projection_is_the_nearest_semidefinite_matrix(seed):
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(4, 4))
    matrix = matrix + matrix.T
    near = project_psd(matrix)
    assert np.linalg.eigvalsh(near)[0] > -1e-12
    for _ in range(20):
        root = rng.normal(size=(4, 4))
        other = near + 0.1 * root @ root.T
        assert np.linalg.norm(near - matrix) <= np.linalg.norm(other - matrix) + 1e-12
    assert project_psd(near) == pytest.approx(near, abs=1e-12)
