"""Known traps of the libraries below: each is shown on the library, and shown not to be here."""

import itertools
import warnings

import numpy as np
import pytest
from scipy.stats import chisquare
from slow_cases import rest_slow

from qvopt import make_experiment
from qvopt.backends.batch import Point
from qvopt.engine.assembly import assemble
from qvopt.engine.evaluator import Evaluator
from qvopt.gradients.parameter_shift import TWO_TERM
from qvopt.optimizers.protocol import Energy, Gradient
from qvopt_circuits import to_pennylane, to_qiskit

BACKENDS = ["sector", "lightning", "aer"]
GROUPINGS = ["fluid-basis-rotation", "qubit-wise", "fully-commuting"]
PAIRS = rest_slow(itertools.product(BACKENDS, GROUPINGS), zip(BACKENDS, GROUPINGS, strict=True))
X = np.array([0.1, -0.05, 0.2])


def made(backend="sector", shots=400, **measurement):
    measurement = {"shots": shots, **measurement}
    data = {"molecule": "h2", "backend": backend, "measurement": measurement}
    return assemble(make_experiment(data))


def values(assembly, n, key=1):
    return np.array([assembly.evaluator.answer([Energy(X)], key, k)[0].value for k in range(n)])


def qiskit_operator(observable, factor=1.0):
    from qiskit.quantum_info import SparsePauliOp

    return SparsePauliOp.from_list([(word[::-1], factor * c) for word, c in observable])


def test_noise_is_that_of_outcomes_not_a_gaussian_on_the_exact_value():
    """Qiskit's StatevectorEstimator adds N(0, precision): ten times H has the same noise."""
    from qiskit.primitives import StatevectorEstimator

    a = made()
    circuit = to_qiskit(a.circuit.bind(X))
    observable = a.program.problem.observable
    for factor in (1.0, 10.0):
        pub = (circuit, qiskit_operator(observable, factor))
        found = []
        for seed in range(100):
            estimator = StatevectorEstimator(seed=seed)
            found.append(float(estimator.run([pub], precision=0.05).result()[0].data.evs))
        assert np.std(found) == pytest.approx(0.05, rel=0.25)
    # Here one shot of a group can only give one of its eigenvalues.
    plan = a.plan
    rows = np.zeros((200, len(plan.groups)), dtype=np.int64)
    rows[:, 1] = 1
    moments = a.program.sample([Point(X)] * 200, rows, np.random.SeedSequence(0))
    lattice = np.unique(np.round(plan.groups[1].diagonal.values(np.arange(16, dtype="u8")), 9))
    assert {round(m[1].mean, 9) for m in moments} <= set(lattice.tolist())


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_call_brings_fresh_noise_and_every_run_the_same(backend):
    found = values(made(backend), 12)
    assert len(np.unique(found)) >= 10
    assert np.array_equal(found, values(made(backend), 12))


def test_aer_repeats_its_noise_under_a_fixed_seed():
    from qiskit_aer import AerSimulator

    circuit = to_qiskit(made().circuit.bind(X))
    circuit.measure_all()
    simulator = AerSimulator(seed_simulator=7)
    from qiskit import transpile

    circuit = transpile(circuit, simulator)
    first, second = (simulator.run(circuit, shots=300).result().get_counts() for _ in range(2))
    assert first == second


def test_shots_are_a_total_and_not_for_each_group():
    import pennylane as qml

    from qvopt.backends.lightning import pennylane_operator

    a = made("lightning", shots=1000, grouping="qubit-wise")
    operator = pennylane_operator(a.program.problem.observable)
    device = qml.device("lightning.qubit", wires=4)

    @qml.qnode(device)
    def energy():
        for operation in to_pennylane(a.circuit.bind(X)):
            qml.apply(operation)
        return qml.expval(operator)

    with warnings.catch_warnings(), qml.Tracker(device) as tracker:
        warnings.simplefilter("ignore")
        qml.set_shots(qml.transforms.split_non_commuting(energy), 1000)()
    assert tracker.totals["shots"] > 1000
    for backend in BACKENDS:
        own = made(backend, shots=1000).evaluator
        prepared = own.prepare([Energy(X), Gradient(X)])
        spent = {k: v.shots for k, v in prepared.costs.items()}
        assert spent == {"energy": 1000, "gradient": 12_000}
        assert [answer.shots for answer in prepared.run().answers] == [1000, 12_000]


def test_noise_is_not_lost_by_transpiling_for_the_wrong_target():
    from qiskit import QuantumCircuit, transpile
    from qiskit_aer import AerSimulator
    from qiskit_aer.noise import NoiseModel, depolarizing_error

    model = NoiseModel(basis_gates=["rz", "sx", "x", "cx"])
    model.add_all_qubit_quantum_error(depolarizing_error(0.2, 2), ["cx"])
    circuit = QuantumCircuit(2)
    circuit.rzz(0.3, 0, 1)
    circuit.measure_all()
    simulator = AerSimulator(noise_model=model, seed_simulator=1)
    kept = transpile(circuit, AerSimulator())
    lowered = transpile(circuit, basis_gates=model.basis_gates)
    counts = [simulator.run(c, shots=2000).result().get_counts() for c in (kept, lowered)]
    assert counts[0] == {"00": 2000}
    assert counts[1]["00"] < 1950
    noise = {"name": "aer", "noise": {"two_qubit": 0.05}}
    noisy, clean = values(made(noise, 2000), 20), values(made("aer", 2000), 20)
    assert noisy.mean() - clean.mean() > 0.05


@pytest.mark.parametrize(("backend", "grouping"), PAIRS)
def test_standard_errors_hold_covariances(backend, grouping):
    a = made(backend, 2000, grouping=grouping)
    n = 300 if backend == "sector" else 80
    answers = [a.evaluator.answer([Energy(X)], 1, k)[0] for k in range(n)]
    spread = np.var([answer.value for answer in answers], ddof=1)
    ratio = np.mean([answer.variance for answer in answers]) / spread
    # Var of a sample variance of n normal numbers: 2 / (n - 1).
    assert abs(ratio - 1) < 4.5 * np.sqrt(2 / (n - 1))


@pytest.mark.slow
def test_backend_estimator_ignores_covariances():
    from qiskit import transpile
    from qiskit.primitives import BackendEstimatorV2
    from qiskit_aer import AerSimulator

    a = made()
    operator = qiskit_operator(a.program.problem.observable)
    found, reported = [], []
    for seed in range(60):
        simulator = AerSimulator(seed_simulator=seed)
        circuit = transpile(to_qiskit(a.circuit.bind(X)), simulator)
        estimator = BackendEstimatorV2(backend=simulator, options={"seed_simulator": seed})
        data = estimator.run([(circuit, operator)], precision=0.05).result()[0].data
        found.append(float(data.evs))
        reported.append(float(data.stds))
    ratio = np.mean(np.square(reported)) / np.var(found, ddof=1)
    assert abs(ratio - 1) > 4.5 * np.sqrt(2 / 59)


def test_metric_of_excitations():
    import pennylane as qml

    device = qml.device("default.qubit", wires=5)

    @qml.qnode(device)
    def circuit(theta):
        qml.X(0)
        qml.X(1)
        qml.DoubleExcitation(theta, wires=range(4))
        return qml.expval(qml.Z(0))

    theta = qml.numpy.array(0.3, requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = float(qml.metric_tensor(circuit, approx="block-diag")(theta))
        exact = float(qml.adjoint_metric_tensor(circuit)(theta))
    assert exact == pytest.approx(0.25)
    assert found != pytest.approx(0.25, rel=0.1)
    # A cluster amplitude is half an angle: four times the metric of the angle.
    a = made()
    ours = a.program.metric(np.zeros(3), "block-diagonal").diagonal()
    assert ours == pytest.approx(4 * 0.25 * np.ones(3))


def test_two_term_rule_fails_for_excitations():
    a = assemble(make_experiment({"molecule": "h4-chain"}))
    x = np.linspace(-0.3, 0.4, a.circuit.n_parameters)
    exact = a.program.gradient(x)[1]
    own = a.evaluator.gradient_rule(a.circuit, x, np.random.default_rng)
    energies = a.program.energies(own.points)
    assert np.abs(own.matrix @ energies - exact).max() < 1e-12
    wrong = np.zeros(len(a.circuit.parametric))
    for k in range(len(wrong)):
        points = [Point(x, ((k, shift),)) for shift, _ in TWO_TERM]
        wrong[k] = np.array([c for _, c in TWO_TERM]) @ a.program.energies(points)
    assert np.abs(a.circuit.pull_back(wrong) - exact).max() > 1e-3


@pytest.mark.parametrize(("backend", "grouping"), PAIRS)
def test_counts_follow_the_exact_probabilities(backend, grouping):
    """Single shots, so that each mean is an outcome's value; χ² against the state vector."""
    a = made(backend, grouping=grouping)
    exact = made("lightning", grouping=grouping)
    from qvopt.measurement.basis_change import basis_change_circuit
    from qvopt_circuits.matrices import circuit_state

    n = 4000 if backend == "sector" else 300
    for g, group in enumerate(a.plan.groups):
        circuit = exact.circuit.bind(X).then(basis_change_circuit(group, 4))
        p = np.abs(circuit_state(circuit, np.zeros(0))) ** 2
        known = group.diagonal.values(np.arange(16, dtype=np.uint64))
        levels, which = np.unique(np.round(known, 9), return_inverse=True)
        expected = n * np.bincount(which, weights=p)
        rows = np.zeros((n, len(a.plan.groups)), dtype=np.int64)
        rows[:, g] = 1
        moments = a.program.sample([Point(X)] * n, rows, np.random.SeedSequence([g, n]))
        seen = np.searchsorted(levels, np.round([m[g].mean for m in moments], 9) - 1e-8)
        observed = np.bincount(seen, minlength=len(levels)).astype(float)
        assert observed[expected < 1e-9].sum() == 0
        rare = expected < 5
        if (~rare).sum() < 2:
            continue
        both = [np.append(v[~rare], v[rare].sum()) for v in (observed, expected)]
        kept = both[1] > 0.5
        f_obs, f_exp = both[0][kept], both[1][kept]
        assert chisquare(f_obs, f_exp * f_obs.sum() / f_exp.sum()).pvalue > 1e-4


def test_evaluators_of_different_seeds_differ():
    a = made()
    other = Evaluator(a.program, a.circuit, a.plan, 400, seed=1)
    assert other.answer([Energy(X)], 1, 0)[0] != a.evaluator.answer([Energy(X)], 1, 0)[0]
