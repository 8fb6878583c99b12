"""The engine of large sectors against PySCF, dense states, and the engine of small ones."""

import itertools
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_cases import rest_slow

import qvopt.backends.sector.choice as sector_choice
import qvopt.backends.sector.large as large_module
import qvopt.backends.sector.runs as runs
import qvopt.backends.sector.sampling as sampling
import qvopt.backends.sector.workers as workers
from qvopt.backends.batch import Point
from qvopt.backends.protocol import Problem
from qvopt.backends.sector import SectorBackend
from qvopt.backends.sector.classes import string_classes
from qvopt.backends.sector.compilation import compile_circuit
from qvopt.backends.sector.diagonal import PhaseFactors
from qvopt.backends.sector.direct_product import DirectHamiltonian
from qvopt.backends.sector.factored import PHASE
from qvopt.backends.sector.forecast import bytes_needed
from qvopt.backends.sector.large import LargeEngine
from qvopt.backends.sector.rotated_sampling import GivensSampler
from qvopt.backends.sector.tables import excitation_pairs
from qvopt.backends.sector.workers import Workers
from qvopt.measurement.basis_change import basis_change_circuit
from qvopt.measurement.basis_rotation import basis_rotation_plan
from qvopt_circuits.catalogue import get_ansatz
from qvopt_circuits.circuit import Circuit
from qvopt_circuits.gates import Angle, Gate
from qvopt_circuits.matrices import circuit_state
from qvopt_circuits.uccsd import UCCSD
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.determinants import occupation_strings
from qvopt_molecules.errors import InputError
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.mappings import qubit_hamiltonian


def random_hamiltonian(norb, n_alpha, n_beta, seed, blocks=1):
    """Random integrals; orbitals of different blocks mix only as under a symmetry."""
    rng = np.random.default_rng(seed)
    same = np.arange(norb)[:, None] % blocks == np.arange(norb)[None, :] % blocks
    h = rng.normal(size=(norb, norb)) * same
    factors = rng.normal(size=(3, norb, norb)) * same
    factors = factors + factors.transpose(0, 2, 1)
    g = np.einsum("lpq,lrs->pqrs", factors, factors) / 10
    return MolecularHamiltonian(0.3, h + h.T, g, n_alpha, n_beta)


@pytest.fixture
def large(monkeypatch):
    """Send every problem to the engine of large sectors, and all its work to the threads."""
    monkeypatch.setattr(sector_choice, "MOST_PAIRS", -1)
    monkeypatch.setattr(sector_choice, "MOST_ELEMENTS", -1)
    monkeypatch.setattr(workers, "_WORTH_SHARING", 0.0)


@pytest.mark.parametrize(
    ("norb", "electrons", "blocks"),
    [(1, (1, 0), 1), (2, (1, 1), 1), (4, (2, 1), 1), (5, (3, 0), 1), (5, (5, 2), 2), (6, (4, 3), 1),
     (8, (4, 4), 1), (9, (2, 5), 3), (9, (4, 4), 1)],
)  # fmt: skip
def test_the_product_is_pyscfs(norb, electrons, blocks):
    from pyscf import fci

    h = random_hamiltonian(norb, *electrons, seed=norb, blocks=blocks)
    direct = DirectHamiltonian(h, Workers(1))
    rng = np.random.default_rng(1)
    psi = rng.normal(size=direct.shape)
    absorbed = fci.direct_spin1.absorb_h1e(h.one_body, h.two_body, norb, electrons, 0.5)
    expected = fci.direct_spin1.contract_2e(absorbed, psi, norb, electrons)
    out = np.full(psi.size, np.nan)
    energy = direct.multiply(psi.reshape(-1), out)
    np.testing.assert_allclose(out.reshape(psi.shape), expected, atol=1e-11)
    assert energy == pytest.approx(float(np.vdot(psi, expected)), abs=1e-9)


def test_the_lowest_state_is_full_ci():
    from pyscf import fci
    from scipy.sparse.linalg import LinearOperator, eigsh

    h = build_hamiltonian(find_molecule("beh2"))
    direct = DirectHamiltonian(h, Workers(1))
    n = direct.shape[0] * direct.shape[1]

    def multiply(x):
        out = np.empty(n)
        direct.multiply(np.ascontiguousarray(x, dtype=np.float64).reshape(-1), out)
        return out

    found = eigsh(LinearOperator((n, n), matvec=multiply, dtype=float), k=1, which="SA", tol=1e-10)
    solver = fci.direct_spin1.FCI()
    solver.conv_tol = 1e-13
    expected = solver.kernel(h.one_body, h.two_body, h.norb, (h.n_alpha, h.n_beta))[0]
    assert found[0][0] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "options"),
    rest_slow(
        itertools.product(["lih", "h6-chain"], [{}, {"spin_adapted": True}, {"trotter_steps": 2}]),
        lambda name, options: name == "lih" or not options,
    ),
)
def test_both_engines_agree(name, options, monkeypatch):
    h = build_hamiltonian(find_molecule(name))
    circuit = UCCSD(**options).circuit(h)
    problem = Problem(circuit, None, h)
    small = SectorBackend().compile(problem)
    monkeypatch.setattr(sector_choice, "MOST_PAIRS", -1)
    monkeypatch.setattr(sector_choice, "MOST_ELEMENTS", -1)
    large = SectorBackend(threads=2).compile(problem)
    assert small.forecast is None
    assert large.forecast.determinants == small.hamiltonian_product.matrix.dimension
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, circuit.n_parameters)) * 0.3
    shifted = Point(x, ((1, 0.4), (2, -0.7)))
    np.testing.assert_allclose(large.state(shifted), small.state(shifted), atol=1e-13)
    energy, gradient = large.gradient(x)
    theirs = small.gradient(x)
    assert energy == pytest.approx(theirs[0], abs=1e-11)
    np.testing.assert_allclose(gradient, theirs[1], atol=1e-11)
    pairs = [(Point(x), Point(y)), (Point(y), Point(y))]
    np.testing.assert_allclose(large.fidelities(pairs), small.fidelities(pairs), atol=1e-12)


@pytest.mark.parametrize(
    "options", [{"name": "fabric", "layers": 2}, {"name": "k-upccgsd", "k": 1}]
)
def test_a_sector_of_one_spin_has_a_forecast(options, large):
    """Gates of both spins rotate nothing there."""
    h = random_hamiltonian(8, 4, 0, seed=0)
    program = SectorBackend(threads=1).compile(Problem(get_ansatz(**options).circuit(h), None, h))
    assert program.forecast.determinants == 70
    assert program.forecast.seconds >= 0.0


@given(st.integers(0, 2**32), st.sampled_from([4, 60, 8192]))
@settings(max_examples=20, deadline=None)
def test_blocks_do_what_single_gates_do(seed, largest):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 7))
    electrons = [int(k) for k in rng.integers(1, n, size=2)]
    h = random_hamiltonian(n, *electrons, seed=seed)
    gates = [Gate("x", (p,)) for p in range(electrons[0])]
    gates += [Gate("x", (n + p,)) for p in range(electrons[1])]
    names = ["double-excitation", "qubit-double-excitation"]
    few = [rng.permutation(n)[:2] + spin * n for spin in (0, 0, 0, 1, 1, 1)]
    for k in range(12):
        a, b = few[int(rng.integers(3))], few[3 + int(rng.integers(3))]
        if rng.random() < 0.5:
            a, b = b, a
        qubits = (int(a[0]), int(b[0]), int(a[1]), int(b[1]))
        gates.append(Gate(names[int(rng.integers(2))], qubits, Angle(k, 1.0)))
    if rng.random() < 0.5:
        gates.append(Gate("number-phase", (0,), Angle(12, 0.3)))
    tables = compile_circuit(Circuit(2 * n, tuple(gates), 13), n, *electrons)
    angles = rng.normal(size=len(tables.gates))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "LARGEST", largest)
        patch.setattr(runs, "SINGLE", 1e6)  # blocks wherever they can be
        blocks = LargeEngine(tables, DirectHamiltonian(h, Workers(1)), Workers(1))
    assert largest < 8192 or runs.BlockRun in {type(run) for run in blocks.runs}
    compare_with_single_gates(blocks, tables, h, angles, rng)


def compare_with_single_gates(engine, tables, h, angles, rng):
    """Hold an engine's state and slopes against those of gates applied one by one."""
    singly = LargeEngine(tables, DirectHamiltonian(h, Workers(1)), Workers(1))
    singly.runs, singly.packed = [], None
    for k, gate in enumerate(tables.gates.astype(int).tolist()):
        alone = np.array([k])
        if gate[0] == PHASE:
            factors = PhaseFactors.of([tables.phases[gate[1]]])
            singly.runs.append(runs.PhaseRun(alone, factors))
        else:
            singly.runs.append(runs.GateRun(alone))
    blocks = engine
    z = rng.normal(size=(blocks.planes * blocks.size))
    both = [z.copy(), z.copy()]
    for engine, state in zip((blocks, singly), both, strict=True):
        engine.apply(angles, state)
    np.testing.assert_allclose(*both, atol=1e-13)
    ours, theirs = (engine.energy_and_slopes(angles) for engine in (blocks, singly))
    assert ours[0] == pytest.approx(theirs[0], abs=1e-12)
    np.testing.assert_allclose(ours[1], theirs[1], atol=1e-12)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), largest=st.sampled_from([4, 60, 8192]))
def test_gates_of_any_spin_in_any_order(seed, largest):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 6))
    electrons = [int(k) for k in rng.integers(1, n, size=2)]
    h = random_hamiltonian(n, *electrons, seed=seed)
    gates = [Gate("x", (p,)) for p in range(electrons[0])]
    gates += [Gate("x", (n + p,)) for p in range(electrons[1])]
    phases = bool(rng.integers(2))
    for k in range(int(rng.integers(6, 50))):
        alpha = tuple(int(p) for p in rng.permutation(n)[:2])
        beta = tuple(int(p) + n for p in rng.permutation(n)[:2])
        name, qubits = [
            ("single-excitation", alpha),
            ("single-excitation", beta),
            ("double-excitation", (alpha[0], beta[0], alpha[1], beta[1])),
            ("qubit-double-excitation", (beta[1], alpha[0], beta[0], alpha[1])),
            ("number-phase", alpha[:1]),
            ("number-phase", beta[:1]),
            ("coulomb-phase", alpha),
            ("coulomb-phase", (alpha[0], beta[0])),
            ("coulomb-phase", beta),
            ("rz", (beta[0],)),
        ][int(rng.integers(10 if phases else 4))]
        gates.append(Gate(name, qubits, Angle(k, float(rng.normal()), 0.1)))
    circuit = Circuit(2 * n, tuple(gates), 50)
    tables = compile_circuit(circuit, n, *electrons)
    angles = rng.normal(size=len(tables.gates))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "LARGEST", largest)
        patch.setattr(runs, "SINGLE", 1e6)  # blocks wherever they can be
        patch.setattr(runs, "_MANY", int(rng.integers(1, 6)))
        patch.setattr(large_module, "_PACKED", int(rng.integers(2)) << 11)
        engine = LargeEngine(tables, DirectHamiltonian(h, Workers(1)), Workers(2))
    done = np.concatenate([run.gates for run in engine.runs])
    assert sorted(done.tolist()) == list(range(len(tables.gates)))
    compare_with_single_gates(engine, tables, h, angles, rng)


def test_families_of_a_class_differ_by_signs_alone():
    strings = occupation_strings(8, 4)
    excitations = [excitation_pairs(strings, (2,), (a,)) for a in range(4, 8)]
    classes = string_classes(len(strings), excitations)
    # One electron in orbital 2 or some of four others; the rest is that of the orbitals 0, 1, 3.
    assert sorted(zip(classes.size.tolist(), classes.count.tolist(), strict=True)) == [
        (5, 1), (5, 1), (10, 3), (10, 3),
    ]  # fmt: skip
    assert np.abs(classes.gauge).min() == 1.0
    assert set(np.unique(classes.sign)) <= {-1.0, 1.0}


def test_bytes_do_not_depend_on_the_threads(large):
    h = build_hamiltonian(find_molecule("beh2"))
    circuit = UCCSD().circuit(h)
    x = np.random.default_rng(0).normal(size=circuit.n_parameters) * 0.2
    seen = set()
    for threads in (1, 2, 3, 1):
        program = SectorBackend(threads=threads).compile(Problem(circuit, None, h))
        energy, gradient = program.gradient(x)
        assert program.energies([Point(x)])[0] == energy
        fidelity = program.fidelities([(Point(x), Point(0 * x))])
        seen.add(
            (energy, gradient.tobytes(), program.state(Point(x)).tobytes(), float(fidelity[0]))
        )
    assert len(seen) == 1


def complex_circuit(h, rng, n_gates=14):
    """Excitations and every diagonal gate, with tied and constant angles."""
    n = h.norb
    gates = [Gate("x", (p,)) for p in range(h.n_alpha)]
    gates += [Gate("x", (n + p,)) for p in range(h.n_beta)]
    plain = {"number-phase": 1, "coulomb-phase": 2, "rz": 1, "z": 1, "s": 1, "sdg": 1, "t": 1,
             "tdg": 1, "cz": 2, "pauli-rotation": 3, "single-excitation": 2,
             "double-excitation": 4}  # fmt: skip
    for name in rng.choice(list(plain), n_gates, p=[0.15, 0.15, *[0.05] * 8, 0.2, 0.1]):
        angle = None
        if plain[name] and name not in ("z", "s", "sdg", "t", "tdg", "cz"):
            index = int(rng.integers(4))
            angle = Angle(index if index < 3 else None, float(rng.normal()), float(rng.normal()))
        if "excitation" in name:
            half = plain[name] // 2
            chosen = [rng.permutation(n)[:2] + spin * n for spin in rng.integers(0, 2, half)]
            qubits = tuple(int(c[k]) for k in (0, 1) for c in chosen)
            if len(set(qubits)) < len(qubits):
                continue
        else:
            qubits = tuple(int(q) for q in rng.permutation(2 * n)[: plain[name]])
        letters = "ZZZ" if name == "pauli-rotation" else ""
        gates.append(Gate(str(name), qubits, angle, letters))
    gates.append(Gate("number-phase", (0,), Angle(0, 0.3)))
    return Circuit(2 * n, tuple(gates), 3)


@given(st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_complex_amplitudes(seed):
    rng = np.random.default_rng(seed)
    n_alpha, n_beta = (int(n) for n in rng.integers(0, 5, size=2))
    h = random_hamiltonian(4, n_alpha, n_beta, seed)
    circuit, x = complex_circuit(h, rng), rng.normal(size=3)
    program = SectorBackend().compile(Problem(circuit, None, h))
    alpha, beta = (occupation_strings(4, n) for n in (n_alpha, n_beta))
    inside = (alpha[:, None] | beta[None, :] << 4).ravel()
    full = qubit_hamiltonian(h).to_sparse()

    def state(y):
        return circuit_state(circuit, y)

    def energy(y):
        return float(np.vdot(state(y), full @ state(y)).real)

    psi = program.state(Point(x)).ravel()
    overlap = np.vdot(psi, state(x)[inside])
    assert abs(overlap) == pytest.approx(1, abs=1e-12)
    value, gradient = program.gradient(x)
    assert value == pytest.approx(energy(x), abs=1e-10)
    assert program.energies([Point(x)])[0] == value
    step = 1e-5
    tangents = []
    for e in np.eye(3):
        slope = (energy(x + step * e) - energy(x - step * e)) / (2 * step)
        assert gradient @ e == pytest.approx(slope, abs=1e-6)
        tangents.append((state(x + step * e) - state(x - step * e)) / (2 * step))
    along = np.array([np.vdot(t, state(x)) for t in tangents])
    gram = np.array([[np.vdot(a, b) for b in tangents] for a in tangents])
    metric = (gram - np.outer(along, along.conj())).real
    assert np.abs(program.metric(x, "full") - metric).max() < 1e-6
    y = rng.normal(size=3)
    expected = abs(np.vdot(state(x), state(y))) ** 2
    assert program.fidelities([(Point(x), Point(y))])[0] == pytest.approx(expected, abs=1e-10)


def test_an_interrupt_leaves_the_program_usable(large):
    h = build_hamiltonian(find_molecule("h6-chain"))
    circuit = UCCSD().circuit(h)
    x = np.random.default_rng(0).normal(size=circuit.n_parameters) * 0.2
    program = SectorBackend(threads=2).compile(Problem(circuit, None, h))
    expected = program.gradient(x)
    shares = []

    def interrupt(share):
        shares.append(share)
        if share > 0.5:
            raise KeyboardInterrupt

    program.tell = interrupt
    with pytest.raises(KeyboardInterrupt):
        program.gradient(x)
    program.tell = None
    again = program.gradient(x)
    assert again[0] == expected[0]
    assert np.array_equal(again[1], expected[1])
    assert shares == sorted(shares)


def test_workers_stop_before_an_error_leaves_them():
    running = threading.Event()
    finished = []

    def kernel(first, last):
        if first == 0:
            raise KeyboardInterrupt
        running.set()
        time.sleep(0.05)
        finished.append(first)

    with pytest.raises(KeyboardInterrupt):
        Workers(2).run(kernel, 8)
    seen = len(finished)
    time.sleep(0.1)
    assert len(finished) == seen


def test_what_does_not_fit_is_refused_with_its_size():
    h = random_hamiltonian(4, 2, 2, 0)
    with pytest.raises(InputError, match="threads must be"):
        SectorBackend(threads=0)
    assert bytes_needed(14, 7, 7) < 1 << 30
    wide = MolecularHamiltonian(0.0, np.eye(22), np.zeros((22,) * 4), 11, 11)
    with pytest.raises(InputError, match=r"497,634,306,624 determinants would need [\d,]+\.\d GiB"):
        SectorBackend().compile(Problem(UCCSD().circuit(h), None, wide))


@pytest.mark.parametrize("complex_", [False, True])
def test_rotated_outcomes_are_those_of_the_minors(complex_, monkeypatch):
    h = build_hamiltonian(find_molecule("h4-chain"))
    plan = basis_rotation_plan(h)
    circuit = UCCSD().circuit(h)
    if complex_:
        last = Gate("coulomb-phase", (1, 6), Angle(0, 0.7))
        circuit = Circuit(circuit.n_qubits, (*circuit.gates, last), circuit.n_parameters)
    problem = Problem(circuit, None, h, plan)
    program = SectorBackend(threads=2).compile(problem)
    point = Point(np.random.default_rng(0).normal(size=circuit.n_parameters) * 0.4)
    psi = program.state(point)
    minors = sampling.make_sampler(plan, h)
    monkeypatch.setattr(sampling, "MOST_STRINGS_IN_LANES", 0)
    rotated = sampling.make_sampler(plan, h)
    assert isinstance(rotated, GivensSampler)
    full = circuit_state(circuit, point.x)
    everything = np.arange(len(full), dtype=np.uint64)
    for g, group in enumerate(plan.groups):
        p, values = rotated.distribution(psi, g)
        theirs = minors.distribution(psi.copy(), g)
        np.testing.assert_allclose(p, theirs[0], atol=1e-13)
        np.testing.assert_allclose(values, theirs[1], atol=1e-12)
        bound = circuit.bind(point.x).then(basis_change_circuit(group, h.n_qubits))
        outcomes = np.abs(circuit_state(bound)) ** 2
        assert p @ values == pytest.approx(outcomes @ group.diagonal.values(everything), abs=1e-10)
    n = 40_000
    shots = np.full((1, len(plan.groups)), n)
    (moments,) = program.sample([point], shots, np.random.SeedSequence(3))
    assert isinstance(program._plan_sampler.sampler, GivensSampler)
    assert program.sample([point], shots, np.random.SeedSequence(3)) == [moments]
    _check_moments(moments, minors, psi, n)
    # So few shots a group are drawn in two steps, alpha strings first.
    n = 9_000
    shots = np.full((1, len(plan.groups)), n)
    (moments,) = program.sample([point], shots, np.random.SeedSequence(4))
    one = SectorBackend(threads=1).compile(problem)
    assert one.sample([point], shots, np.random.SeedSequence(4)) == [moments]
    _check_moments(moments, minors, psi, n)


def _check_moments(moments, minors, psi, n):
    z = []
    for g, found in enumerate(moments):
        p, values = minors.distribution(psi.copy(), g)
        mean = p @ values
        variance = p @ (values - mean) ** 2
        assert found.shots == n
        assert found.m2 / (n - 1) == pytest.approx(variance, rel=0.1, abs=1e-12)
        if variance > 1e-18:
            z.append((found.mean - mean) / np.sqrt(variance / n))
    assert np.abs(z).max() < 5
