"""The sector engine against full CI, dense Jordan-Wigner states and plain slow twins."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qvopt.backends.sector.choice as sector_choice
from qvopt.backends.batch import Point
from qvopt.backends.protocol import Problem
from qvopt.backends.sector import SectorBackend
from qvopt.backends.sector.forecast import check_memory
from qvopt.backends.sector.hamiltonian_matrix import sparse_hamiltonian
from qvopt.backends.sector.sparse import multiply
from qvopt.measurement.allocation import allocate, with_allocation
from qvopt.measurement.basis_change import basis_change_circuit
from qvopt.measurement.basis_rotation import basis_rotation_plan
from qvopt.measurement.qubit_wise import qubit_wise_plan
from qvopt.measurement.statistics import combine_moments
from qvopt_circuits.circuit import Circuit
from qvopt_circuits.gates import Angle, Gate, excitation_gate
from qvopt_circuits.hardware_efficient import HardwareEfficient
from qvopt_circuits.matrices import circuit_state
from qvopt_circuits.uccsd import UCCSD
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.determinants import occupation_strings
from qvopt_molecules.errors import InputError
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.mappings import qubit_hamiltonian
from qvopt_molecules.references import hartree_fock_energy


def compiled(name, plan=None, **options):
    h = build_hamiltonian(find_molecule(name))
    circuit = UCCSD(**options).circuit(h)
    return h, circuit, SectorBackend().compile(Problem(circuit, None, h, plan))


def random_point(circuit, seed=0, size=0.3):
    return np.random.default_rng(seed).normal(size=circuit.n_parameters) * size


def dense_hamiltonian(h):
    """The sector's matrix, column by column, from the kernel under test."""
    matrix = sparse_hamiltonian(h)
    out = np.empty((matrix.dimension, matrix.dimension))
    for k, unit in enumerate(np.eye(matrix.dimension)):
        multiply(matrix.starts, matrix.columns, matrix.values, unit, out[k])
    return out.T


@pytest.mark.parametrize("name", ["h2", "h3+", "h4-chain"])
def test_energies_do_not_depend_on_where_vectors_lie(name):
    """Bit for bit: a resumed run allocates its vectors elsewhere."""
    _, circuit, program = compiled(name)
    matrix, n = program.hamiltonian_product.matrix, program.hamiltonian_product.matrix.dimension
    for seed in range(20):
        psi = program.state(Point(random_point(circuit, seed))).reshape(-1)
        found = set()
        for gap in range(24):
            memory = np.zeros(2 * n + gap)
            for x, y in ((memory[:n], memory[n + gap :]), (memory[n + gap :], memory[:n])):
                x[:] = psi
                found.add(multiply(matrix.starts, matrix.columns, matrix.values, x, y))
        assert len(found) == 1


def embed(h, psi):
    """The full state vector of sector amplitudes."""
    alpha, beta = (occupation_strings(h.norb, n) for n in (h.n_alpha, h.n_beta))
    full = np.zeros(1 << h.n_qubits, dtype=complex)
    full[(alpha[:, None] | beta[None, :] << h.norb).ravel()] = psi.ravel()
    return full


def random_hamiltonian(norb, n_alpha, n_beta, seed):
    rng = np.random.default_rng(seed)
    h = rng.normal(size=(norb, norb))
    factors = rng.normal(size=(3, norb, norb))
    factors = factors + factors.transpose(0, 2, 1)
    g = np.einsum("lpq,lrs->pqrs", factors, factors) / 10
    return MolecularHamiltonian(0.3, h + h.T, g, n_alpha, n_beta)


@pytest.mark.parametrize("electrons", [(1, 1), (2, 1), (3, 0), (2, 2), (4, 2), (4, 4), (0, 1)])
def test_the_matrix_is_the_fermionic_one(electrons):
    from pyscf import fci

    h = random_hamiltonian(4, *electrons, seed=sum(electrons))
    matrix = dense_hamiltonian(h)
    assert np.abs(matrix - matrix.T).max() < 1e-12
    theirs = fci.direct_spin1.pspace(h.one_body, h.two_body, 4, electrons, np=10**4)[1]
    assert np.linalg.eigvalsh(matrix) == pytest.approx(np.linalg.eigvalsh(theirs), abs=1e-10)
    full = qubit_hamiltonian(h).to_sparse()
    for k in range(0, len(matrix), 7):
        column = embed(h, np.eye(len(matrix))[k].reshape(1, -1))
        expected = full @ column - h.core_energy * column
        assert np.abs(embed(h, matrix[:, k]) - expected).max() < 1e-10


@pytest.mark.parametrize("name", ["lih", "h2o", "beh2"])
def test_ground_state_is_full_ci(name):
    from pyscf import fci

    h = build_hamiltonian(find_molecule(name))
    solver = fci.direct_spin1.FCI()
    solver.conv_tol = 1e-13
    expected = solver.kernel(h.one_body, h.two_body, h.norb, (h.n_alpha, h.n_beta))[0]
    assert np.linalg.eigvalsh(dense_hamiltonian(h))[0] == pytest.approx(expected, abs=1e-10)


def random_excitations(h, rng, n_gates=8):
    """Any excitations that conserve both spins, with tied, scaled and constant angles."""
    n = h.norb
    gates = [Gate("x", (p,)) for p in range(h.n_alpha)]
    gates += [Gate("x", (n + p,)) for p in range(h.n_beta)]
    for _ in range(n_gates):
        index = int(rng.integers(4))
        angle = Angle(None, 1.0, float(rng.normal()))
        if index < 3:
            angle = Angle(index, float(rng.normal()), float(rng.normal()))
        spins = [(0,), (1,), (0, 0), (1, 1), (0, 1), (1, 0)][int(rng.integers(6))]
        down, up = [], []
        for part in (down, up):
            order = rng.permutation(len(spins)) if part is up else range(len(spins))
            for k in order:
                free = [p for p in range(n) if spins[k] * n + p not in [*down, *up]]
                if not free:
                    break
                part.append(int(rng.choice(free)) + spins[k] * n)
        if len(down) == len(up) == len(spins):
            gates.append(excitation_gate((*down, *up), angle, fermionic=bool(rng.integers(2))))
    return Circuit(2 * n, tuple(gates), 3)


@given(st.integers(0, 2**32), st.booleans())
@settings(max_examples=25, deadline=None)
def test_states_gradients_and_metrics_of_any_circuit(seed, large):
    rng = np.random.default_rng(seed)
    n_alpha, n_beta = (int(n) for n in rng.integers(0, 5, size=2))
    h = random_hamiltonian(4, n_alpha, n_beta, seed)
    circuit, x = random_excitations(h, rng), rng.normal(size=3)
    with pytest.MonkeyPatch.context() as patch:
        if large:
            patch.setattr(sector_choice, "MOST_PAIRS", -1)
            patch.setattr(sector_choice, "MOST_ELEMENTS", -1)
        program = SectorBackend().compile(Problem(circuit, None, h))
    shift = ((0, 0.4),) if circuit.parametric else ()
    point = Point(x, shift)
    psi = program.state(point)
    dense = circuit_state(circuit.bind(x, shift), np.zeros(0))
    assert np.linalg.norm(psi) == pytest.approx(1.0, abs=1e-12)
    assert abs(np.vdot(embed(h, psi), dense)) == pytest.approx(1.0, abs=1e-12)

    full = qubit_hamiltonian(h).to_sparse()

    def state(y):
        return circuit_state(circuit, y)

    def energy(y):
        return float(np.vdot(state(y), full @ state(y)).real)

    value, gradient = program.gradient(x)
    assert value == pytest.approx(energy(x), abs=1e-10)
    assert program.energies([Point(x)])[0] == pytest.approx(value, abs=1e-12)
    step = 1e-5
    tangents = []
    for e in np.eye(3):
        slope = (energy(x + step * e) - energy(x - step * e)) / (2 * step)
        assert gradient @ e == pytest.approx(slope, abs=1e-6)
        tangents.append((state(x + step * e) - state(x - step * e)) / (2 * step))
    gram = np.array([[np.vdot(a, b) for b in tangents] for a in tangents])
    assert np.abs(program.metric(x, "full") - gram.real).max() < 1e-6
    assert np.abs(program.metric(x, "diagonal") - np.diag(gram.real.diagonal())).max() < 1e-6


def slow_gradient(h, circuit, x):
    """The adjoint method in plain numpy over the full vector."""
    from qvopt_circuits.matrices import circuit_unitary

    full = qubit_hamiltonian(h).to_sparse()
    psi = circuit_state(circuit, x)
    image = full @ psi
    slopes = np.zeros(len(circuit.parametric))
    bound = circuit.bind(x)
    for k in range(len(circuit.gates) - 1, -1, -1):
        gate = Circuit(circuit.n_qubits, (bound.gates[k],), 0)
        back = circuit_unitary(gate.inverse(), np.zeros(0))
        if k in circuit.parametric:
            name, qubits = gate.gates[0].name, gate.gates[0].qubits
            turn = [
                circuit_unitary(
                    Circuit(circuit.n_qubits, (Gate(name, qubits, Angle(offset=s * np.pi)),), 0),
                    np.zeros(0),
                )
                for s in (1, -1)
            ]
            derivative = 0.25 * (turn[0] - turn[1]) @ psi
            slopes[circuit.parametric.index(k)] = 2 * np.vdot(image, derivative).real
        psi, image = back @ psi, back @ image
    return circuit.pull_back(slopes)


def test_gradient_against_its_slow_twin():
    h, circuit, program = compiled("h4-chain")
    x = random_point(circuit)
    assert np.abs(program.gradient(x)[1] - slow_gradient(h, circuit, x)).max() < 1e-12


def test_start_is_hartree_fock_and_results_repeat():
    h, circuit, program = compiled("lih")
    zero = np.zeros(circuit.n_parameters)
    assert program.gradient(zero)[0] == pytest.approx(hartree_fock_energy(h), abs=1e-10)
    x = random_point(circuit)
    first = program.gradient(x)[1].copy()
    program.gradient(zero)
    assert np.array_equal(program.gradient(x)[1], first)


def planned(name, kind):
    h = build_hamiltonian(find_molecule(name))
    plan = basis_rotation_plan(h) if kind == "orbital" else qubit_wise_plan(qubit_hamiltonian(h))
    plan = with_allocation(plan, "variance", hamiltonian=h)
    return (*compiled(name, plan), plan)


@pytest.mark.parametrize("kind", ["orbital", "pauli"])
@pytest.mark.parametrize("shots_each", [400, 40_000])
def test_counts_follow_the_exact_distribution(kind, shots_each):
    h, circuit, program, plan = planned("h4-chain", kind)
    x = random_point(circuit)
    dense = circuit_state(circuit, x)
    shots = np.full((1, len(plan.groups)), shots_each)
    (moments,) = program.sample([Point(x)], shots, np.random.SeedSequence(4))
    outcomes = np.arange(len(dense), dtype=np.uint64)
    z = []
    for group, found in list(zip(plan.groups, moments, strict=True))[:25]:
        change = basis_change_circuit(group, h.n_qubits)
        rotated = circuit_state(circuit.bind(x).then(change), np.zeros(0))
        p = np.abs(rotated) ** 2
        values = group.diagonal.values(outcomes)
        mean = p @ values
        variance = p @ values**2 - mean**2
        if variance < 1e-20:
            assert found.mean == pytest.approx(mean, abs=1e-9)
            continue
        z.append((found.mean - mean) / math.sqrt(variance / shots_each))
        fourth = p @ (values - mean) ** 4
        # Var s² = (μ₄ - σ⁴ (n - 3) / (n - 1)) / n: the second term counts for two-valued outcomes.
        square = variance**2 * (shots_each - 3) / (shots_each - 1)
        spread = math.sqrt(max(fourth - square, 1e-30) / shots_each)
        assert abs(found.m2 / (found.shots - 1) - variance) < 6 * spread + 1e-12
    assert np.abs(z).max() < 5
    assert 0.3 < np.mean(np.square(z)) < 2.5


@pytest.mark.parametrize("kind", ["orbital", "pauli"])
def test_energies_are_unbiased_with_honest_errors(kind):
    _, circuit, program, plan = planned("h2", kind)
    x = random_point(circuit)
    shots = np.tile(allocate(plan.weights, 3000), (1000, 1))
    sampled = program.sample([Point(x)] * 1000, shots, np.random.SeedSequence(1))
    estimates = [combine_moments(plan, m) for m in sampled]
    values = np.array([e.value for e in estimates])
    errors = np.array([e.stderr for e in estimates])
    exact = program.energies([Point(x)])[0]
    z = (values - exact) / errors
    assert abs(values.mean() - exact) < 5 * errors.mean() / math.sqrt(1000)
    assert errors.mean() == pytest.approx(values.std(ddof=1), rel=0.1)
    assert 0.92 < np.mean(np.abs(z) < 1.96) < 0.98
    assert all(e.shots == 3000 for e in estimates)


def test_noise_is_fresh_for_each_seed_and_the_same_for_one():
    _, circuit, program, plan = planned("h2", "orbital")
    shots = allocate(plan.weights, 100)[None, :]
    point = Point(random_point(circuit))

    def draw(seed):
        return program.sample([point], shots, np.random.SeedSequence(seed))

    assert draw(1) == draw(1)
    assert draw(1) != draw(2)
    twice = program.sample([point, point], np.tile(shots, (2, 1)), np.random.SeedSequence(1))
    assert twice[0] != twice[1]


def test_fidelities_count_the_overlap():
    _, circuit, program = compiled("h4-chain")
    a, b = Point(random_point(circuit, 0)), Point(random_point(circuit, 1))
    exact = abs(np.vdot(circuit_state(circuit, a.x), circuit_state(circuit, b.x))) ** 2
    n = 100_000
    counts = program.sample_fidelities(
        [(a, b), (a, a)], np.array([n, n]), np.random.SeedSequence(0)
    )
    assert abs(counts[0] / n - exact) < 5 * math.sqrt(exact * (1 - exact) / n)
    assert counts[1] == n


@pytest.mark.parametrize(
    ("gates", "message"),
    [
        ((Gate("x", (0,)), Gate("x", (2,)), Gate("ry", (0,), Angle(0))), "gate ry .*lightning"),
        ((Gate("x", (0,)), Gate("x", (1,))), "2 alpha and 0 beta electrons"),
        (
            (Gate("x", (0,)), Gate("x", (2,)), Gate("single-excitation", (0, 3), Angle(0))),
            "flips a spin",
        ),
    ],
)
def test_circuits_that_leave_the_sector(gates, message):
    h = build_hamiltonian(find_molecule("h2"))
    with pytest.raises(InputError, match=message):
        SectorBackend().compile(Problem(Circuit(4, gates, 1), None, h))


def test_problems_that_do_not_fit():
    h = build_hamiltonian(find_molecule("h2"))
    circuit = HardwareEfficient().circuit(h)
    with pytest.raises(InputError, match="does not conserve"):
        SectorBackend().compile(Problem(circuit, None, h))
    with pytest.raises(InputError, match="works on integrals"):
        SectorBackend().compile(Problem(circuit, None, None))
    big = random_hamiltonian(4, 2, 2, 0)
    with pytest.raises(InputError, match="8 spin orbitals"):
        SectorBackend().compile(Problem(UCCSD().circuit(h), None, big))
    with pytest.raises(InputError, match=r"34,134,779,536 determinants would need .* GiB"):
        check_memory(20, 10, 10)
