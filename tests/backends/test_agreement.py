"""Our engines, PennyLane and Aer give the same numbers, exactly and in distribution."""

import math

import numpy as np
import pytest
from slow_cases import rest_slow

from qvopt.backends.aer import AerBackend
from qvopt.backends.batch import Point
from qvopt.backends.catalogue import backend_names, get_backend
from qvopt.backends.lightning import LightningBackend
from qvopt.backends.protocol import Problem
from qvopt.backends.sector import SectorBackend
from qvopt.backends.vector.program import VectorBackend
from qvopt.measurement.allocation import allocate, with_allocation
from qvopt.measurement.basis_rotation import basis_rotation_plan
from qvopt.measurement.qubit_wise import qubit_wise_plan
from qvopt.measurement.statistics import combine_moments
from qvopt_circuits.circuit import Circuit
from qvopt_circuits.gates import Angle, Gate
from qvopt_circuits.hardware_efficient import HardwareEfficient
from qvopt_circuits.uccsd import UCCSD
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.errors import InputError
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.mappings import qubit_hamiltonian
from qvopt_molecules.pauli import PauliSum

BACKENDS = {
    "sector": SectorBackend,
    "statevector": VectorBackend,
    "lightning": LightningBackend,
    "default.qubit": lambda: LightningBackend("default.qubit"),
    "aer": AerBackend,
}


def problem(name, ansatz, grouping="basis-rotation"):
    h = build_hamiltonian(find_molecule(name))
    observable = qubit_hamiltonian(h)
    plan = basis_rotation_plan(h) if grouping == "basis-rotation" else qubit_wise_plan(observable)
    plan = with_allocation(plan, "weighted", hamiltonian=h)
    return Problem(ansatz.circuit(h), observable, h, plan)


class _Strings:
    """Pauli rotations of every letter, phases of occupations, and a constant among them."""

    def circuit(self, h):
        words = ((0, 2), "XY", 0), ((3, 1), "YY", 1), ((0, 1, 2, 3), "YXXX", 2), ((1, 2), "ZX", 1)
        gates = [Gate("pauli-rotation", q, Angle(k, 0.7), word) for q, word, k in words]
        constant = Gate("pauli-rotation", (0, 3), Angle(offset=0.3), "XZ")
        gates.append(Gate("number-phase", (1,), Angle(0, -1.3)))
        gates.append(Gate("coulomb-phase", (2, 0), Angle(3, 0.9, 0.2)))
        gates.append(Gate("ry", (0,), Angle(offset=0.7)))
        gates.append(Gate("double-excitation", (1, 2, 3, 0), Angle(3, 0.4)))
        return Circuit(4, (Gate("x", (0,)), gates[0], constant, *gates[1:]), 4)


CASES = {
    "h2": problem("h2", UCCSD()),
    "h2-pauli": problem("h2", UCCSD(), "qubit-wise"),
    "h2-tied": problem("h2", UCCSD(spin_adapted=True)),
    "h4-tied": problem("h4-chain", UCCSD(spin_adapted=True)),
    "h2-strings": problem("h2", _Strings(), "qubit-wise"),
    "h2-hardware": problem("h2", HardwareEfficient(), "qubit-wise"),
}


def random_point(case):
    return np.random.default_rng(3).normal(size=case.circuit.n_parameters) * 0.3


def suited(case):
    return [b for b in BACKENDS if b != "sector" or case not in ("h2-hardware", "h2-strings")]


@pytest.fixture(scope="module")
def lightning():
    return {name: LightningBackend().compile(case) for name, case in CASES.items()}


@pytest.mark.parametrize("case", rest_slow(CASES, lambda case: case != "h4-tied"))
def test_exact_values_agree(case, lightning):
    x = random_point(CASES[case])
    energy, gradient = lightning[case].gradient(x)
    metric = lightning[case].metric(x, "full")
    points = [Point(x), Point(x, ((0, 0.5), (1, -1.0)))]
    energies = lightning[case].energies(points)
    for name in suited(case):
        program = BACKENDS[name]().compile(CASES[case])
        found = program.gradient(x)
        assert found[0] == pytest.approx(energy, abs=1e-9)
        assert np.abs(found[1] - gradient).max() < 1e-9
        assert np.abs(program.energies(points) - energies).max() < 1e-9
        for kind in ("full", "block-diagonal", "diagonal"):
            part = program.metric(x, kind)
            kept = part != 0
            assert np.abs(part[kept] - metric[kept]).max() < 1e-9
            assert part.diagonal() == pytest.approx(metric.diagonal(), abs=1e-9)


@pytest.mark.parametrize("case", rest_slow(["h2", "h2-pauli", "h2-hardware"], ["h2"]))
def test_samples_agree(case, lightning):
    x, plan = random_point(CASES[case]), CASES[case].plan
    exact = lightning[case].energies([Point(x)])[0]
    shots = np.tile(allocate(plan.weights, 500), (100, 1))
    for name in suited(case):
        program = BACKENDS[name]().compile(CASES[case])
        sampled = program.sample([Point(x)] * 100, shots, np.random.SeedSequence(11))
        estimates = [combine_moments(plan, m) for m in sampled]
        values = np.array([e.value for e in estimates])
        error = np.mean([e.stderr for e in estimates])
        assert len(set(values)) > 90  # no noise is repeated between circuits
        assert abs(values.mean() - exact) < 5 * error / 10
        assert values.std(ddof=1) == pytest.approx(error, rel=0.4)
        again = program.sample([Point(x)] * 100, shots, np.random.SeedSequence(11))
        assert again == sampled
        other = program.sample([Point(x)] * 100, shots, np.random.SeedSequence(12))
        assert other != sampled


@pytest.mark.parametrize("case", ["h2", "h2-hardware"])
def test_fidelities_agree(case, lightning):
    x = random_point(CASES[case])
    a, b = Point(x), Point(x, ((0, 0.8), (1, 0.4)))
    states = lightning[case].states([a, b])
    exact = abs(np.vdot(*states)) ** 2
    n = 20_000
    for name in suited(case):
        program = BACKENDS[name]().compile(CASES[case])
        counts = program.sample_fidelities([(a, b)] * 4, np.full(4, n), np.random.SeedSequence(2))
        z = (counts / n - exact) / math.sqrt(exact * (1 - exact) / n)
        assert np.abs(z).max() < 5
        assert len(set(counts)) > 1


NOISY = {
    "x": (Gate("x", (0,)),),
    "y": (Gate("y", (0,)), Gate("x", (1,))),
    "h": (Gate("h", (0,)), Gate("h", (0,)), Gate("x", (1,))),
    "rx": (Gate("rx", (0,), Angle(offset=0.4)),),
    "cx": (Gate("x", (0,)), Gate("cx", (0, 1))),
    "cz": (Gate("h", (1,)), Gate("x", (0,)), Gate("cz", (0, 1)), Gate("h", (1,))),
    "swap": (Gate("x", (0,)), Gate("swap", (0, 1))),
    "pauli-rotation": (Gate("pauli-rotation", (0, 1), Angle(offset=0.5), "XY"),),
    "single-excitation": (Gate("x", (0,)), Gate("single-excitation", (0, 1), Angle(offset=0.5))),
    "double-excitation": (
        Gate("x", (0,)), Gate("x", (1,)),
        Gate("double-excitation", (0, 1, 2, 3), Angle(offset=0.5)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NOISY)
def test_no_gate_escapes_its_noise(name):
    """A circuit transpiled for another target would keep gates that the noise does not know."""
    n = 4
    z = PauliSum(n, np.zeros(n, dtype=np.uint64), np.uint64(1) << np.arange(n, dtype=np.uint64),
                 np.array([1.0, 0.7, 0.5, 0.3]))  # fmt: skip
    case = Problem(Circuit(n, NOISY[name], 0), z, None, qubit_wise_plan(z))
    shots = np.array([[20_000]])

    def energy(backend):
        program = backend.compile(case)
        (moments,) = program.sample([Point(np.zeros(0))], shots, np.random.SeedSequence(1))
        return combine_moments(case.plan, moments)

    noisy = energy(AerBackend(noise={"one_qubit": 0.1, "two_qubit": 0.2}))
    clean = energy(AerBackend())
    assert abs(noisy.value - clean.value) > 5 * math.hypot(noisy.stderr, clean.stderr)


def test_readout_noise_and_no_exact_values():
    case = CASES["h2"]
    program = AerBackend(noise={"readout": 0.05}).compile(case)
    assert not program.exact
    with pytest.raises(InputError, match="no exact state"):
        program.energies([Point(np.zeros(case.circuit.n_parameters))])


def test_full_vectors_that_do_not_fit():
    circuit = Circuit(40, (Gate("h", (0,)),), 0)
    z = PauliSum(40, np.zeros(1, dtype=np.uint64), np.ones(1, dtype=np.uint64), np.ones(1))
    for backend in (LightningBackend(), AerBackend()):
        with pytest.raises(InputError, match=r"would need [\d,]+ GiB"):
            backend.compile(Problem(circuit, z))


def test_names_and_options():
    assert set(backend_names()) >= {"sector", "statevector", "lightning", "aer"}
    assert get_backend("lightning:default.qubit").name == "lightning:default.qubit"
    for name, options, message in [
        ("sectr", {}, "did you mean 'sector'"),
        ("sector:x", {}, "no devices"),
        ("aer", {"noisee": {}}, "did you mean 'noise'"),
        ("aer", {"noise": {"one_qubit": 2}}, "probability"),
        ("aer", {"noise": {"one": 0.1}}, "did you mean 'one_qubit'"),
        ("aer", {"noise": 3}, "must be a table"),
    ]:
        with pytest.raises(InputError, match=message):
            get_backend(name, **options)
    with pytest.raises(InputError, match=r"cannot open the device 'no\.such'"):
        get_backend("lightning:no.such").compile(CASES["h2"])
    with pytest.raises(InputError, match="refuses method"):
        get_backend("aer", method="no-such").compile(CASES["h2"])


@pytest.mark.parametrize("mapping", ["parity", "parity-reduced", "bravyi-kitaev"])
def test_lightning_differentiates_pauli_rotations(mapping):
    """PennyLane's adjoint method gives zeros for PauliRot."""
    from qvopt.backends.statevector import StatevectorProgram
    from qvopt.engine.assembly import assemble
    from qvopt.experiment.specification import make_experiment

    data = {"molecule": "h2", "mapping": mapping, "backend": "lightning"}
    assembly = assemble(make_experiment(data))
    x = np.array([0.1, -0.2, 0.15])
    energy, slope = assembly.program.gradient(x)
    expected_energy, expected = StatevectorProgram.gradient(assembly.program, x)
    assert energy == pytest.approx(expected_energy, abs=1e-10)
    assert np.abs(expected).max() > 0.01
    assert np.allclose(slope, expected, atol=1e-9)
