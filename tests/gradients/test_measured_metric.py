"""The metric by covariances, fidelities and Hadamard tests, against exact ones, on all backends."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_cases import rest_slow

from qvopt import make_experiment, run
from qvopt.backends.aer import AerBackend
from qvopt.backends.batch import Overlap, Point
from qvopt.backends.lightning import LightningBackend
from qvopt.backends.metric_circuits import generator_circuit, overlap_circuit
from qvopt.backends.protocol import Problem
from qvopt.backends.sector import SectorBackend
from qvopt.engine.assembly import assemble
from qvopt.engine.evaluator import Evaluator
from qvopt.gradients.covariances import sample_covariance
from qvopt.gradients.fisher import MetricSamples, project_psd
from qvopt.gradients.metric_rules import measured_metric, supported_metric_rule
from qvopt.optimizers.protocol import Metric
from qvopt.tasks.pricing import price_list
from qvopt_circuits.blocks import commuting_runs, layers
from qvopt_circuits.circuit import Circuit
from qvopt_circuits.gates import Angle, Gate
from qvopt_circuits.lowering.pennylane_lowering import to_pennylane
from qvopt_circuits.mapping import in_mapping
from qvopt_circuits.matrices import circuit_state, gate_unitary
from qvopt_circuits.uccsd import UCCSD
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.errors import InputError
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.mappings import qubit_hamiltonian

RULES = ("covariances", "fidelities", "hadamard")
KINDS = ("full", "block-diagonal", "diagonal")
BACKENDS = {"sector": SectorBackend, "lightning": LightningBackend, "aer": AerBackend}


def mixed_circuit(rng, *, phases=False):
    """Rotations, excitations, tied angles with coefficients, commuting series; complex states.

    With `phases` of occupations too, whose outcomes the rule "covariances" does not read.
    """
    gates = [Gate("x", (0,)), Gate("x", (2,))]
    for _ in range(4):
        angles = [Angle(int(rng.integers(3)), float(rng.normal()), 0.3) for _ in range(3)]
        q = tuple(int(p) for p in rng.permutation(4))
        series = [
            [Gate("ry", q[:1], angles[0]), Gate("rx", q[1:2], angles[1])],
            [Gate("pauli-rotation", q[:2], angles[0], "XX"),
             Gate("pauli-rotation", q[:2], angles[1], "YY"), Gate("rz", q[2:3], angles[2])],
            [Gate("single-excitation", q[:2], angles[0]),
             Gate("single-excitation", q[2:], angles[1])],
            [Gate("double-excitation", q, angles[0])],
            [Gate("number-phase", q[:1], angles[0]), Gate("coulomb-phase", q[1:3], angles[1])],
        ]  # fmt: skip
        gates += series[int(rng.integers(5 if phases else 4))]
        if rng.random() < 0.5:
            gates.append(Gate("cx", q[:2]))
    return Circuit(4, tuple(gates), 3)


def state(circuit, point):
    return circuit_state(circuit.bind(point.x, point.shifts))


def exact_samples(circuit, expansion, many=10**12):
    """What infinitely many shots would give, from dense states."""
    fidelities = [abs(np.vdot(state(circuit, b), state(circuit, a))) ** 2
                  for a, b in expansion.pairs]  # fmt: skip
    generators = []
    for reading in expansion.readings:
        cut, diagonals = generator_circuit(circuit, reading)
        p = np.square(np.abs(circuit_state(cut)))
        bits = np.arange(len(p), dtype=np.uint64)
        values = np.stack([np.rint(d.values(bits)) for d in diagonals], axis=1)
        generators.append((values, np.asarray(p * many)))
    overlaps = []
    for overlap in expansion.overlaps:
        v = np.vdot(state(circuit, overlap.second), state(circuit, overlap.first))
        overlaps.append((1 + (v.imag if overlap.imaginary else v.real)) / 2)
    return MetricSamples(np.array(fidelities) * many, generators, np.array(overlaps) * many), many


def exact_metric(circuit, x, kind):
    h, n = 1e-5, circuit.n_parameters
    psi = state(circuit, Point(x))
    tangents = [(state(circuit, Point(x + h * e)) - state(circuit, Point(x - h * e))) / (2 * h)
                for e in np.eye(n)]  # fmt: skip
    full = np.array([[(np.vdot(a, b) - np.vdot(a, psi) * np.vdot(psi, b)).real for b in tangents]
                     for a in tangents])  # fmt: skip
    from qvopt.gradients.fisher import wanted_entries

    return full * wanted_entries(circuit, kind)


@pytest.mark.parametrize("rule", RULES)
@given(st.integers(0, 2**32), st.sampled_from(KINDS))
@settings(max_examples=2, deadline=None)
def test_every_rule_on_any_circuit(rule, seed, kind):
    rng = np.random.default_rng(seed)
    circuit, x = mixed_circuit(rng, phases=rule != "covariances"), rng.normal(size=3)
    expansion = measured_metric(rule, circuit, x, kind)
    value, _ = expansion.combine(*exact_samples(circuit, expansion))
    assert np.abs(value - exact_metric(circuit, x, kind)).max() < 1e-6


@pytest.mark.parametrize("rule", RULES)
def test_against_pennylane(rule):
    import pennylane as qml

    h = build_hamiltonian(find_molecule("h2"))
    circuit = UCCSD().circuit(h)
    x = np.array([0.3, -0.2, 0.5])

    @qml.qnode(qml.device("default.qubit", wires=4))
    def node(x):
        for operation in to_pennylane(circuit, x):
            qml.apply(operation)
        return qml.expval(qml.PauliZ(0))

    theirs = qml.adjoint_metric_tensor(node)(qml.numpy.array(x, requires_grad=True))
    expansion = measured_metric(rule, circuit, x, "full")
    ours, _ = expansion.combine(*exact_samples(circuit, expansion))
    assert np.abs(ours - np.asarray(theirs)).max() < 1e-7


def joined(name, mapping="jordan-wigner", backend="sector", **options):
    h = build_hamiltonian(find_molecule(name))
    circuit = in_mapping(UCCSD(**options), mapping).circuit(h)
    problem = Problem(circuit, qubit_hamiltonian(h, mapping), h)
    return circuit, BACKENDS[backend]().compile(problem)


@pytest.mark.parametrize(
    ("rule", "backend", "mapping"),
    rest_slow(
        [
            *product(("covariances", "hadamard"), BACKENDS, ["jordan-wigner"]),
            ("covariances", "lightning", "bravyi-kitaev"),
            ("hadamard", "lightning", "bravyi-kitaev"),
        ],
        [
            ("hadamard", "sector", "jordan-wigner"),
            ("covariances", "lightning", "bravyi-kitaev"),
        ],
    ),
)
def test_measured_without_bias_and_with_an_honest_variance(rule, backend, mapping):
    name = "h4-chain" if backend == "sector" else "h2"
    circuit, program = joined(name, mapping, backend, spin_adapted=backend == "sector")
    x = np.random.default_rng(1).normal(size=circuit.n_parameters) * 0.4
    kind = "block-diagonal" if backend == "sector" or mapping != "jordan-wigner" else "full"
    repeats = 120 if backend == "sector" else 30
    shots = 300 if backend == "aer" else 100
    evaluator = Evaluator(program, circuit, None, shots, 3, metric_rule=rule)
    found = [evaluator.answer([Metric(x, kind)], 1, k)[0] for k in range(repeats)]
    values, variances = np.array([m.value for m in found]), np.array([m.variance for m in found])
    exact = program.metric(x, kind)
    assert np.array_equal(values, values.transpose(0, 2, 1))
    mean = variances.mean(axis=0)
    assert np.all((mean > 0) == (variances > 0).any(axis=0))
    noisy = values.std(axis=0) > 1e-7  # the others have outcomes that are certain
    assert noisy.any()
    assert np.abs(values.mean(axis=0) - exact)[~noisy].max(initial=0) < 1e-4
    z = (values.mean(axis=0) - exact)[noisy] / np.sqrt(mean[noisy] / repeats)
    assert np.abs(z).max() < 5
    assert np.square(z).mean() < 1 + 5 * np.sqrt(2 / (noisy.sum() / 2))
    # Pooled over entries: single ones scatter by 1 ± √(2 / repeats).
    ratio = np.square(values - exact)[:, noisy].mean(axis=0) / mean[noisy]
    assert np.mean(ratio) == pytest.approx(1, abs=0.35 if repeats < 100 else 0.15)
    for m in found[:3]:
        assert np.linalg.eigvalsh(project_psd(m.value))[0] > -1e-12


@pytest.mark.parametrize(
    ("rule", "backend"),
    [
        *product(["fidelities", "hadamard"], ["sector", "lightning"]),
        pytest.param("hadamard", "aer", marks=pytest.mark.slow),
        pytest.param("fidelities", "aer", marks=pytest.mark.slow),
    ],
)
def test_phases_of_occupations(rule, backend):
    """LUCJ and complex orbital rotations turn by phases: the metric that Hadamard tests measure."""
    h = build_hamiltonian(find_molecule("h2"))
    gates = [Gate("x", (0,)), Gate("x", (2,))]
    gates += [Gate("single-excitation", q, Angle(0)) for q in ((0, 1), (2, 3))]
    gates += [Gate("number-phase", (q,), Angle(1, -1.0)) for q in (0, 2)]
    gates += [Gate("coulomb-phase", (1, 3), Angle(2)), Gate("coulomb-phase", (0, 2), Angle(2))]
    gates += [Gate("single-excitation", q, Angle(3)) for q in ((0, 1), (2, 3))]
    gates += [
        Gate("number-phase", (3,), Angle(4)),
        Gate("double-excitation", (0, 2, 1, 3), Angle(5)),
    ]
    circuit = Circuit(4, tuple(gates), 6)
    program = BACKENDS[backend]().compile(Problem(circuit, qubit_hamiltonian(h), h))
    x = np.random.default_rng(2).normal(size=6) * 0.7
    exact = exact_metric(circuit, x, "full")
    assert np.abs(program.metric(x, "full") - exact).max() < 1e-6
    evaluator = Evaluator(program, circuit, None, 20_000, 3, metric_rule=rule)
    for key in range(2):
        measured = evaluator.answer([Metric(x, "full")], 1, key)[0]
        noisy = measured.variance > 1e-12
        pulls = (measured.value - exact)[noisy] / np.sqrt(measured.variance[noisy])
        assert np.abs(pulls).max() < 5
        assert np.abs(measured.value - exact).max() < 0.05


def test_sampled_covariance_is_without_bias_and_so_is_its_variance():
    """Over all samples of 4 and 5 shots of a distribution, weighted by their probability."""
    outcomes = np.array([[-1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, -1.0]])
    p = np.array([0.2, 0.35, 0.15, 0.3])
    mean = p @ outcomes
    exact = (outcomes - mean).T @ ((outcomes - mean) * p[:, None])
    for n in (5, 6):
        first, second, promised = 0.0, 0.0, 0.0
        for picks in product(range(4), repeat=n):
            weight = np.prod(p[list(picks)])
            counts = np.bincount(picks, minlength=4)
            value, variance = _unclipped(outcomes, counts)
            first = first + weight * value
            second = second + weight * value**2
            promised = promised + weight * variance
        assert np.abs(first - exact).max() < 1e-12
        assert np.abs(promised - (second - first**2)).max() < 1e-12
    with pytest.raises(InputError, match="at least 4 shots"):
        sample_covariance((outcomes, np.array([1, 1, 1, 0])))


def _unclipped(outcomes, counts):
    import qvopt.gradients.covariances as module

    original = np.maximum
    module.np.maximum = lambda a, b: a
    try:
        return sample_covariance((outcomes, counts))
    finally:
        module.np.maximum = original


def test_runs_hold_layers_and_commute():
    for mapping in ("jordan-wigner", "bravyi-kitaev"):
        circuit, _ = joined("h2", mapping, "lightning")
        runs = commuting_runs(circuit)
        assert sorted(k for part in runs for k in part) == list(range(len(circuit.parametric)))
        number = {p: k for k, p in enumerate(circuit.parametric)}
        for layer in layers(circuit):
            own = {number[p] for p in layer if p in number}
            assert not own or any(own <= set(part) for part in runs)
        for part in runs:
            gates = [gate_unitary(circuit.gates[circuit.parametric[k]], 4, 0.7) for k in part]
            for a, b in product(gates, gates):
                assert np.abs(a @ b - b @ a).max() < 1e-12
    # An excitation in another mapping is a series of strings: one run, not eight.
    assert len(runs) == 2
    # The string of an excitation passes the rotation's qubit: they do not commute.
    crossing = Circuit(3, (Gate("single-excitation", (0, 2), Angle(0)), Gate("rx", (1,), Angle(1))), 2)  # noqa: E501  # fmt: skip
    assert commuting_runs(crossing) == ((0,), (1,))


@pytest.mark.parametrize("imaginary", [False, True])
def test_hadamard_test_reads_the_overlap(imaginary):
    rng = np.random.default_rng(5)
    for _ in range(5):
        circuit = mixed_circuit(rng)
        first = Point(rng.normal(size=3), ((0, 0.4),))
        second = Point(rng.normal(size=3), ((1, -2.0),))
        test = overlap_circuit(circuit, Overlap(first, second, imaginary))
        p = np.square(np.abs(circuit_state(test)))
        value = np.vdot(state(circuit, second), state(circuit, first))
        wanted = value.imag if imaginary else value.real
        assert p[:16].sum() == pytest.approx((1 + wanted) / 2, abs=1e-12)


def test_generators_are_read_alike_by_every_backend():
    from scipy.stats import chi2

    shots = 20_000
    tables = {}
    for backend in BACKENDS:
        circuit, program = joined("h2", backend=backend)
        x = np.array([0.4, -0.7, 0.9])
        expansion = measured_metric("covariances", circuit, x, "full")
        n = len(expansion.readings)
        found = program.sample_generators(expansion.readings, np.full(n, shots),
                                          np.random.SeedSequence(4))  # fmt: skip
        tables[backend] = [
            {tuple(v): int(c) for v, c in zip(values.tolist(), counts, strict=True)}
            for values, counts in ((_merged(*o)) for o in found)
        ]
        assert all(sum(t.values()) == shots for t in tables[backend])
        samples, many = exact_samples(circuit, expansion)
        for table, (values, p) in zip(tables[backend], samples.generators, strict=True):
            exact = {}
            for v, q in zip(values.tolist(), p / many, strict=True):
                exact[tuple(v)] = exact.get(tuple(v), 0.0) + q
            seen = [k for k, q in exact.items() if q * shots > 5]
            statistic = sum((table.get(k, 0) - exact[k] * shots) ** 2 / (exact[k] * shots)
                            for k in seen)  # fmt: skip
            assert statistic < chi2.ppf(1 - 1e-5, max(len(seen) - 1, 1))


def _merged(values, counts):
    distinct, place = np.unique(values, axis=0, return_inverse=True)
    return distinct, np.bincount(place.reshape(-1), weights=counts).astype(int)


def test_prices_are_known_and_kept():
    for rule in RULES:
        data = {"molecule": "h4-chain", "shots": 1000, "measurement": {"metric": rule}}
        a = assemble(make_experiment(data))
        for kind in ("diagonal", "block-diagonal"):
            round_ = a.evaluator.prepare([Metric(a.start, kind)], 1, 0)
            cost = round_.costs["metric"]
            (answer,) = round_.run().answers
            assert answer.shots == cost.shots == 1000 * cost.circuits
        rows = {p.query: p.cost for p in price_list(make_experiment(data))}
        assert rows[f"metric, block-diagonal ({rule})"].circuits == cost.circuits
    costs = {
        rule: len((e := measured_metric(rule, a.circuit, a.start, "block-diagonal")).pairs)
        + len(e.readings) + len(e.overlaps)
        for rule in RULES
    }  # fmt: skip
    assert costs["covariances"] < len(a.circuit.parametric) < costs["fidelities"]


def test_the_rule_is_chosen_by_name_and_written_down(tmp_path):
    from qvopt import Session

    data = {"molecule": "h2", "shots": 400, "optimizer": "qng", "max_steps": 2}
    ends = {}
    for rule in (None, *RULES):
        measurement = {"metric": rule} if rule else {}
        out = tmp_path / str(rule)
        with Session.begin(make_experiment({**data, "measurement": measurement}), out=out) as s:
            for _ in s:
                pass
            ends[rule] = s.result().x
        assert f'metric = "{rule or "covariances"}"' in (out / "experiment.toml").read_text()
    assert np.array_equal(ends[None], ends["covariances"])
    assert not np.array_equal(ends[None], ends["fidelities"])
    with pytest.raises(InputError, match=r"measurement\.metric"):
        make_experiment({**data, "measurement": {"metric": "covariance"}})


def test_a_backend_that_counts_no_generators_says_so():
    class Plain:
        exact = True
        samples = frozenset({"energies", "fidelities"})

    assert supported_metric_rule(None, Plain()) == "fidelities"
    for rule in ("covariances", "hadamard"):
        with pytest.raises(InputError, match=r"measurement\.metric = 'fidelities'"):
            supported_metric_rule(rule, Plain())


@pytest.mark.slow
def test_natural_gradient_with_covariances_needs_fewer_shots():
    ends = {
        rule: run("h4-chain", optimizer="qng", shots=1000, seed=1, max_steps=25,
                  measurement={"metric": rule})
        for rule in ("covariances", "fidelities")
    }  # fmt: skip
    spent = {rule: end.costs["metric"].shots for rule, end in ends.items()}
    assert spent["covariances"] < 0.6 * spent["fidelities"]
    assert abs(ends["covariances"].error) < 2 * abs(ends["fidelities"].error) + 5e-3
