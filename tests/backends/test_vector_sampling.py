"""Draws of the full-vector engine against the exact distributions, in every kind of basis."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chisquare
from slow_cases import rest_slow

from qvopt.backends.aer import AerBackend
from qvopt.backends.batch import Overlap, Point, Reading
from qvopt.backends.lightning import LightningBackend
from qvopt.backends.protocol import Problem
from qvopt.backends.vector.drawing import accumulate, draw
from qvopt.backends.vector.program import VectorBackend
from qvopt.backends.vector.sampling import VectorSampler, draw_counts, planes_of
from qvopt.measurement.allocation import allocate
from qvopt.measurement.basis_change import basis_change_circuit
from qvopt.measurement.basis_rotation import basis_rotation_plan
from qvopt.measurement.fully_commuting import fully_commuting_plan
from qvopt.measurement.qubit_wise import qubit_wise_plan
from qvopt.measurement.selection import Selection
from qvopt.measurement.statistics import combine_moments
from qvopt_circuits.blocks import commuting_runs
from qvopt_circuits.circuit import Circuit
from qvopt_circuits.hardware_efficient import HardwareEfficient
from qvopt_circuits.matrices import circuit_state, circuit_unitary
from qvopt_circuits.uccsd import UCCSD
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.mappings import qubit_hamiltonian

H2 = build_hamiltonian(find_molecule("h2"))
OBSERVABLE = qubit_hamiltonian(H2)
PLANS = {
    "qubit-wise": qubit_wise_plan(OBSERVABLE),
    "fully-commuting": fully_commuting_plan(OBSERVABLE),
    "basis-rotation": basis_rotation_plan(H2),
}
CIRCUITS = {"uccsd": UCCSD().circuit(H2), "hardware-efficient": HardwareEfficient().circuit(H2)}


def problem(ansatz="hardware-efficient", plan="qubit-wise"):
    return Problem(CIRCUITS[ansatz], OBSERVABLE, H2, PLANS[plan])


def point(circuit, seed=0):
    return Point(np.random.default_rng(seed).normal(size=circuit.n_parameters))


def random_state(n, seed=0):
    real, imaginary = np.random.default_rng(seed).normal(size=(2, 1 << n))
    amplitudes = real + 1j * imaginary
    return amplitudes / np.linalg.norm(amplitudes)


def expected_counts(group, amplitudes, shots, n):
    rotated = circuit_unitary(basis_change_circuit(group, n)) @ amplitudes
    return shots * np.abs(rotated) ** 2


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("shots", [60, 3_000])
def test_counts_follow_the_distribution(plan, shots):
    """Few shots are drawn one by one, many at once: 4 qubits take 64 shots one by one."""
    amplitudes = random_state(4)
    sampler = VectorSampler(PLANS[plan], 4)
    rng = np.random.default_rng(5)
    groups = PLANS[plan].groups
    repeats = 12_000 // shots
    total = np.zeros((len(groups), 16))
    for _ in range(repeats):
        rows = sampler.counts(planes_of(amplitudes), np.full(len(groups), shots), rng)
        for g, counts in enumerate(rows):
            assert sum(counts.values()) == shots
            total[g, list(counts)] += list(counts.values())
    for g, group in enumerate(groups):
        expected = expected_counts(group, amplitudes, shots * repeats, 4)
        large = expected > 5
        assert total[g, expected < 1e-9].sum() == 0
        assert chisquare(total[g, large], expected[large] / expected[large].sum()
                         * total[g, large].sum()).pvalue > 1e-5  # fmt: skip


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("shots", [40, 5_000])
def test_moments_are_those_of_the_counts(plan, shots):
    sampler, groups = VectorSampler(PLANS[plan], 4), PLANS[plan].groups
    state = planes_of(random_state(4, 2))
    requested = np.full(len(groups), shots)
    requested[0] = 0
    (moments,) = sampler.moments([state], requested[None], np.random.default_rng(1))
    counts = sampler.counts(state, requested, np.random.default_rng(1))
    assert moments[0].shots == 0
    for group, m, row in list(zip(groups, moments, counts, strict=True))[1:]:
        values = group.diagonal.values(np.array(list(row), dtype=np.uint64))
        times = np.array(list(row.values()))
        mean = values @ times / shots
        assert m.shots == shots
        assert m.mean == pytest.approx(mean, abs=1e-12)
        assert m.m2 == pytest.approx((values - mean) ** 2 @ times, abs=1e-9)


def test_outcomes_that_cannot_be_are_never_drawn():
    amplitudes = np.zeros(32, dtype=np.complex128)
    amplitudes[[3, 17, 30]] = np.sqrt([1e-12, 0.5, 0.5])
    counts = draw_counts(planes_of(amplitudes), 100, np.random.default_rng(0))
    assert set(counts) <= {3, 17, 30}


def test_uniforms_at_the_ends_hit_outcomes_that_can_be():
    class Ends:
        def random(self, n):
            return np.array([0.0, np.nextafter(1.0, 0.0), 0.5])[:n]

    amplitudes = np.zeros(32, dtype=np.complex128)
    amplitudes[[9, 12]] = np.sqrt([0.3, 0.7])
    assert draw_counts(planes_of(amplitudes), 3, Ends()) == {9: 1, 12: 2}


def test_selected_outcomes_alone_count():
    group = replace(PLANS["basis-rotation"].groups[0], selection=Selection((2, 1, 1)))
    plan = replace(PLANS["basis-rotation"], groups=(group,), weights=np.ones(1))
    state = planes_of(random_state(4, 3))
    sampler = VectorSampler(plan, 4)
    ((moments,),) = sampler.moments([state], np.array([[500]]), np.random.default_rng(0))
    rotated = expected_counts(group, random_state(4, 3), 1.0, 4)
    kept = group.selection.keeps(np.arange(16, dtype=np.uint64))
    assert moments.shots == pytest.approx(500 * rotated[kept].sum(), abs=5 * np.sqrt(125))
    assert 0 < moments.shots < 500


@pytest.mark.parametrize(
    ("backend", "plan"),
    rest_slow(
        itertools.product([VectorBackend, LightningBackend, AerBackend], PLANS),
        lambda backend, plan: backend is VectorBackend,
    ),
)
def test_energies_are_unbiased_and_their_variances_honest(backend, plan):
    ansatz = "uccsd" if plan == "basis-rotation" else "hardware-efficient"
    case = problem(ansatz, plan)
    program = backend().compile(case)
    x = point(case.circuit)
    exact = program.energies([x])[0]
    shots = np.tile(allocate(case.plan.weights, 400), (300, 1))
    rows = program.sample([x] * 300, shots, np.random.SeedSequence(4))
    estimates = [combine_moments(case.plan, row) for row in rows]
    z = np.array([(e.value - exact) / e.stderr for e in estimates])
    assert abs(z.mean()) < 5 / np.sqrt(300)
    assert z.std() == pytest.approx(1.0, abs=0.25)
    assert program.sample([x] * 300, shots, np.random.SeedSequence(4)) == rows
    assert program.sample([x] * 300, shots, np.random.SeedSequence(5)) != rows


def test_a_later_call_does_not_depend_on_an_earlier_one():
    case = problem()
    shots = np.full((1, len(case.plan.groups)), 20)
    fresh = VectorBackend().compile(case).sample([point(case.circuit)], shots,
                                                 np.random.SeedSequence(1))  # fmt: skip
    program = VectorBackend().compile(case)
    program.gradient(point(case.circuit, 7).x)
    program.sample([point(case.circuit, 8)], shots * 40, np.random.SeedSequence(3))
    assert program.sample([point(case.circuit)], shots, np.random.SeedSequence(1)) == fresh


@pytest.mark.parametrize("ansatz", CIRCUITS)
@pytest.mark.parametrize("backend", [VectorBackend, LightningBackend, AerBackend])
def test_generators_and_overlaps_have_their_means(backend, ansatz):
    case = problem(ansatz)
    circuit, n = case.circuit, 20_000
    program = backend().compile(case)
    a, b = point(circuit, 1), point(circuit, 2)
    run = commuting_runs(circuit)[-1]
    ((values, times),) = program.sample_generators(
        [Reading(a, run)], np.array([n]), np.random.SeedSequence(3)
    )
    step = 1e-5
    psi = circuit_state(circuit, a.x)
    for column, k in enumerate(run):
        turned = circuit_state(circuit.bind(a.x, ((k, step),)))
        back = circuit_state(circuit.bind(a.x, ((k, -step),)))
        # ⟨ψ|∂ψ⟩ = -i ⟨G⟩ / 2
        mean = -2 * np.vdot(psi, (turned - back) / (2 * step)).imag
        assert values[:, column] @ times / n == pytest.approx(mean, abs=5 / np.sqrt(n))
    value = np.vdot(circuit_state(circuit, b.x), psi)
    for imaginary, part in ((False, value.real), (True, value.imag)):
        (zeros,) = program.sample_overlaps(
            [Overlap(a, b, imaginary)], np.array([n]), np.random.SeedSequence(9)
        )
        assert 2 * zeros / n - 1 == pytest.approx(part, abs=5 / np.sqrt(n))
    (same,) = program.sample_fidelities([(a, b)], np.array([n]), np.random.SeedSequence(9))
    assert same / n == pytest.approx(abs(value) ** 2, abs=5 / np.sqrt(4 * n))


def test_counts_of_circuits():
    program = VectorBackend().compile(problem())
    circuit = CIRCUITS["hardware-efficient"].bind(point(CIRCUITS["hardware-efficient"]).x)
    assert isinstance(circuit, Circuit)
    (counts,) = program.counts([circuit], np.array([20_000]), np.random.SeedSequence(0))
    expected = 20_000 * np.abs(circuit_state(circuit)) ** 2
    found = np.array([counts.get(k, 0) for k in range(16)])
    large = expected > 5
    assert chisquare(found[large], expected[large] / expected[large].sum()
                     * found[large].sum()).pvalue > 1e-5  # fmt: skip


@pytest.mark.parametrize("n_qubits", [3, 4, 9])
@pytest.mark.parametrize("planes", [1, 2])
def test_draws_are_those_of_a_search_from_left_to_right(n_qubits, planes):
    """The first row that ends beyond u · total, and in it the first outcome that does."""
    rng = np.random.default_rng(n_qubits)
    re = rng.normal(size=(1 << (n_qubits - 3), 8)) * (rng.random((1 << (n_qubits - 3), 8)) < 0.7)
    re[0, 0], re[-1, -1] = 1.0, 0.0
    im = rng.normal(size=re.shape) * (re != 0.0) if planes == 2 else np.zeros((0, 8))
    cumulative = np.empty(len(re))
    accumulate(re, im, cumulative)
    p = re**2 + im**2 if planes == 2 else re**2
    uniforms = np.concatenate([rng.random(500), [0.0, np.nextafter(1.0, 0.0)]])
    outcomes = np.empty(len(uniforms), dtype=np.uint64)
    draw(re, im, cumulative, uniforms, outcomes)
    for u, outcome in zip(uniforms, outcomes.tolist(), strict=True):
        goal = u * cumulative[-1]
        row = min(int(np.searchsorted(cumulative, goal, side="right")), len(re) - 1)
        below = cumulative[row - 1] if row else 0.0
        possible = np.flatnonzero(p[row])
        ends = np.cumsum([below, *p[row]])[1:]
        beyond = [lane for lane in possible if goal < ends[lane]]
        assert outcome == 8 * row + (beyond[0] if beyond else possible[-1])
