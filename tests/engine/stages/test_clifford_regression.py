"""Clifford data regression: known energies, the line through them, its error, and what it gains."""

import numpy as np
import pytest
from slow_cases import rest_slow

from qvopt import make_experiment, run
from qvopt.engine.assembly import assemble
from qvopt.engine.stages.clifford_regression import PURPOSE, Line
from qvopt.engine.stages.training_circuits import TrainingCircuit, training_circuits
from qvopt.measurement.estimate import Estimate
from qvopt.optimizers.protocol import Energy, Gradient
from qvopt_circuits.matrices import circuit_state
from qvopt_molecules.errors import InputError

NOISE = {"name": "aer", "noise": {"one_qubit": 0.001, "two_qubit": 0.01, "readout": 0.02}}


def assembled(mitigation="cdr", *, backend=NOISE, shots=8000, measurement=None, **settings):
    spec = {mitigation: True} if isinstance(mitigation, str) else mitigation
    selected = {"postselect": True}
    data = {"molecule": "h2", "backend": backend, "shots": shots, "mitigation": spec,
            "measurement": selected if measurement is None else measurement}  # fmt: skip
    return assemble(make_experiment({**data, **settings}))


@pytest.fixture(scope="module")
def optimum():
    result = run("h2")
    return result.x, result.energy


def dense(observable):
    paulis = {(0, 0): np.eye(2), (1, 0): np.array([[0, 1], [1, 0]]),
              (0, 1): np.diag([1, -1]), (1, 1): np.array([[0, -1j], [1j, 0]])}  # fmt: skip
    total = 0
    for x, z, c in zip(observable.x, observable.z, observable.coefficients, strict=True):
        matrix = np.eye(1)
        for q in range(observable.n_qubits):
            matrix = np.kron(paulis[int(x) >> q & 1, int(z) >> q & 1], matrix)
        total = total + c * matrix
    return total


@pytest.mark.parametrize(
    ("ansatz", "mapping"),
    [
        ("uccsd", "jordan-wigner"),
        ("uccsd", "parity-reduced"),
        ("hardware-efficient", "parity-reduced"),
    ],
)
def test_energies_of_training_circuits_are_those_of_their_state_vectors(ansatz, mapping):
    """By dense algebra, the circuits' matrices and Kronecker products of Pauli matrices."""
    data = {"molecule": "heh+", "ansatz": ansatz, "mapping": mapping, "backend": "statevector"}
    experiment = make_experiment(data)
    problem = assemble(experiment).program.problem
    x = np.random.default_rng(3).normal(0.0, 0.4, problem.circuit.n_parameters)
    made = training_circuits(problem, x, 5)
    assert 2 <= len(made) <= 5
    assert len({tuple(circuit.x) for circuit in made}) == len(made)
    matrix = dense(problem.observable)
    for circuit in made:
        psi = circuit_state(problem.circuit, circuit.x)
        assert circuit.energy == pytest.approx(np.vdot(psi, matrix @ psi).real, abs=1e-9)
    # The first is the nearest: no angle is moved by more than half a step.
    assert np.abs(made[0].x - x).max() <= np.pi / 2 + 1e-9
    others = [abs(c.energy - made[0].energy) for c in made[1:]]
    assert min(others) > 1e-6
    assert others == sorted(others, reverse=True)


def test_a_line_is_inverted_exactly():
    exact = [-1.1, 0.5, -0.3]
    training = [TrainingCircuit(np.zeros(1), e) for e in exact]
    measured = [Estimate(0.7 * e + 0.2, 1e-6, 100) for e in exact]
    line = Line.through(training, measured)
    assert line.slope == pytest.approx(0.7)
    corrected = line.energy(Estimate(0.7 * -1.137 + 0.2, 1e-6, 100))
    assert corrected.value == pytest.approx(-1.137)


@pytest.mark.parametrize("bent", rest_slow([0.0, 0.05], [0.05]))
def test_the_variance_is_that_of_repeated_measurements(bent):
    """Errors in common with a calibration included; where noise is no line, it is not too small."""
    rng, n = np.random.default_rng(1), 5_000
    exact = np.array([-1.1, 0.5, -0.3, -0.3])
    bend = bent * np.array([0.0, 1.0, -1.0, 1.0])
    training = [TrainingCircuit(np.zeros(1), e) for e in exact]
    sigma, shared = np.array([0.01, 0.02, 0.02, 0.02]), np.array([0.03, 0.01, 0.02, 0.02])
    target, of_target, shared_target = -1.137, 0.01, 0.028
    values, variances, pairs = [], [], []
    for common in rng.standard_normal(n):
        m = 0.7 * exact + 0.2 + bend + sigma * rng.standard_normal(4) + shared * common
        measured = [
            Estimate(v, s * s + c * c, 100, (c,)) for v, s, c in zip(m, sigma, shared, strict=True)
        ]
        line = Line.through(training, measured)
        two = []
        for e in (target, 0.4):
            v = 0.7 * e + 0.2 + of_target * rng.standard_normal() + shared_target * common
            own = of_target**2 + shared_target**2
            two.append(line.energy(Estimate(v, own, 100, (shared_target,))))
        values.append([t.value for t in two])
        variances.append([t.variance for t in two])
        pairs.append(float(np.dot(two[0].shared, two[1].shared)))
    spread = np.cov(np.array(values).T)
    reported = np.mean(variances, axis=0)
    if not bent:  # a straight line: the scatter about it is that of the shots, on average above 0
        assert 0.97 < reported[0] / spread[0, 0] < 1.15
        assert 0.97 < reported[1] / spread[1, 1] < 1.8
        assert np.mean(pairs) == pytest.approx(spread[0, 1], rel=0.35)
    else:
        error = np.array(values) - [target, 0.4]
        assert np.all(reported > 0.9 * np.mean(error**2, axis=0))


def test_a_signal_that_is_lost_has_a_huge_error():
    training = [TrainingCircuit(np.zeros(1), e) for e in (-1.0, 0.0, 1.0)]
    measured = [Estimate(v, 0.04, 10) for v in (0.1, 0.0, 0.1)]
    corrected = Line.through(training, measured).energy(Estimate(0.3, 0.04, 10))
    assert np.isfinite(corrected.value)
    assert corrected.stderr > 3.0


def test_it_leaves_less_than_the_reference_alone(optimum):
    """Of 4.1 mHa that the reference leaves on this noise, a tenth."""
    x, exact = optimum
    left = {}
    for name in ("reference", "cdr"):
        answer = assembled(name, shots=20_000_000).evaluator.answer([Energy(x)], 0)[0]
        left[name] = answer.value - exact, answer.variance**0.5
    assert left["reference"][0] > 10 * left["reference"][1]
    assert abs(left["cdr"][0]) < 0.4 * left["reference"][0]


def test_its_variance_is_honest_on_a_noisy_backend(optimum):
    x, exact = optimum
    evaluator, repeats = assembled().evaluator, 60
    answers = [evaluator.answer([Energy(x)], 1, k)[0] for k in range(repeats)]
    values = np.array([a.value for a in answers])
    mean = np.mean([a.variance for a in answers])
    assert abs(mean / values.var(ddof=1) - 1) < 4.5 * np.sqrt(2 / repeats)
    assert abs(values.mean() - exact) < 4.5 * values.std() / np.sqrt(repeats) + 1e-3


def test_training_is_charged_and_shared_by_a_round(optimum):
    x, _ = optimum
    evaluator = assembled(measurement={}).evaluator
    prepared = evaluator.prepare([Energy(x), Energy(0.9 * x), Gradient(x)], 1)
    raw = assembled({}, measurement={}).evaluator.prepare(
        [Energy(x), Energy(0.9 * x), Gradient(x)], 1
    )
    assert prepared.costs[PURPOSE].shots == 8000
    total = sum(c.shots for c in prepared.costs.values())
    assert total == 8000 + sum(c.shots for c in raw.costs.values())
    first, second, _ = prepared.run().answers
    assert first.shots == second.shots == 8000
    gradients = [a.evaluator.prepare([Gradient(x)], 3) for a in (assembled(), assembled({}))]
    assert gradients[0].costs == gradients[1].costs
    # An optimizer may ask for very few shots of an energy: the line takes what it needs.
    few = assembled(measurement={}).evaluator.prepare([Energy(x, 20)], 1)
    assert 20 < few.costs[PURPOSE].shots < 1000
    assert np.isfinite(few.run().answers[0].variance)
    given = assembled({"cdr": {"shots": 20_000, "circuits": 3}}).evaluator
    assert given.prepare([Energy(x)], 1).costs[PURPOSE].shots == 20_000


def test_it_stands_around_the_other_stages(optimum):
    x, exact = optimum
    everything = {"cdr": True, "readout": True, "zne": True}
    evaluator = assembled(everything, shots=40_000).evaluator
    names = [type(stage).__name__ for stage in evaluator.stages]
    assert names == ["CliffordRegression", "ZeroNoiseExtrapolation", "PostSelection",
                     "ReadoutCorrection"]  # fmt: skip
    answer = evaluator.answer([Energy(x)], 0)[0]
    assert abs(answer.value - exact) < 5 * answer.variance**0.5


def test_what_it_cannot_serve_is_refused(optimum):
    x, _ = optimum
    with pytest.raises(InputError, match="leave reference or cdr out"):
        assembled({"cdr": True, "reference": True})
    with pytest.raises(InputError, match="no noise to mitigate"):
        assembled(backend="sector", measurement={})
    with pytest.raises(InputError, match="too few for 3 training circuits of Clifford data"):
        assembled({"cdr": {"shots": 20}}).evaluator.prepare([Energy(x)], 0)
    still = {"name": "circuit", "gates": ["x 0", "x 2", "rz 0 x0"]}
    with pytest.raises(InputError, match="depends on none of them"):
        assembled(ansatz=still, measurement={}).evaluator.prepare([Energy(np.zeros(1))], 0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("device", "reference", "regression"),
    [("fake_manila", (5.0, 8.0), 5.0), ("fake_guadalupe", (1.5, 3.5), 1.5),
     ("fake_lagos", (13.0, 22.0), 20.0)],
)  # fmt: skip
def test_figures_on_snapshots(device, reference, regression, optimum):
    """mHa that remain at 2,000,000 shots: docs/mitigation.md says so; lagos is not served."""
    x, exact = optimum
    left = {}
    for name in ("reference", "cdr"):
        evaluator = assembled(name, backend=f"aer:{device}", shots=1_000_000).evaluator
        left[name] = 1e3 * np.mean(
            [evaluator.answer([Energy(x)], s)[0].value - exact for s in range(4)]
        )
    assert reference[0] < left["reference"] < reference[1]
    assert abs(left["cdr"]) < regression
