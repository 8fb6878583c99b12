"""ADAPT-VQE against a plain dense twin, published convergence, its own journal, and statistics."""

import itertools
import json
import math

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.optimize import minimize

from qvopt import Session, make_experiment, run
from qvopt.backends.lightning import LightningBackend
from qvopt.backends.protocol import Problem
from qvopt.backends.sector import SectorBackend
from qvopt.engine.assembly import assemble
from qvopt.engine.growing import grown_evaluator
from qvopt.optimizers.growth import choose
from qvopt.optimizers.protocol import PoolGradient, Vector
from qvopt_circuits import Adapt, get_ansatz
from qvopt_circuits.matrices import circuit_state
from qvopt_circuits.pools import POOLS, operator_pool, probe
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.errors import InputError
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.mappings import qubit_hamiltonian

CHEMICAL_ACCURACY = 1.6e-3


@pytest.fixture(scope="module")
def h4():
    return build_hamiltonian(find_molecule("h4-chain"))


@pytest.fixture(scope="module")
def h2():
    return build_hamiltonian(find_molecule("h2"))


def dense_ladder(q, n, *, fermionic):
    out = np.eye(1)
    for p in range(n):
        lower = np.array([[0, 1], [0, 0]])
        string = np.diag([1, -1]) if fermionic else np.eye(2)
        out = np.kron(string if p < q else lower if p == q else np.eye(2), out)
    return out


class Twin:
    """ADAPT-VQE in dense linear algebra: commutators, matrix exponentials and SciPy's BFGS."""

    def __init__(self, hamiltonian, pool):
        n = hamiltonian.n_qubits
        self.h = qubit_hamiltonian(hamiltonian).to_sparse().toarray().real
        fermionic = pool != "qubit-excitation"
        ladders = [dense_ladder(q, n, fermionic=fermionic) for q in range(n)]
        operators = operator_pool(pool, hamiltonian)
        self.labels = [o.label for o in operators]
        self.pool = []
        for operator in operators:
            factors = []
            for gate in operator.gates:
                half = len(gate.qubits) // 2
                t = np.eye(1 << n)
                for q in gate.qubits[half:]:
                    t = t @ ladders[q].T
                for q in reversed(gate.qubits[:half]):
                    t = t @ ladders[q]
                factors.append(gate.angle.coefficient / 2 * (t - t.T))
            self.pool.append(factors)
        bits = sum(1 << p for p in range(hamiltonian.n_alpha))
        bits += sum(1 << hamiltonian.norb + p for p in range(hamiltonian.n_beta))
        self.reference = np.eye(1 << n)[bits]
        self.chosen = []

    def state(self, x):
        psi = self.reference
        for k, t in zip(self.chosen, x, strict=True):
            for factor in self.pool[k]:
                # K³ = -c² K for these generators; expm is the independent way.
                psi = expm(t * factor) @ psi if len(psi) <= 16 else self._rotate(factor, t, psi)
        return psi

    @staticmethod
    def _rotate(factor, t, psi):
        first = factor @ psi
        return psi + np.sin(t) * first + (1 - np.cos(t)) * (factor @ first)

    def gradients(self, x):
        psi = self.state(x)
        image = self.h @ psi
        return np.array([2 * image @ (sum(factors) @ psi) for factors in self.pool])

    def run(self, steps):
        x, energies = np.zeros(0), []
        for _ in range(steps):
            g = np.abs(self.gradients(x))
            self.chosen.append(int(np.argsort(-np.round(g, 9), kind="stable")[0]))
            found = minimize(self.energy, [*x, 0.0], method="BFGS", options={"gtol": 1e-7})
            x = found.x
            energies.append(found.fun)
        return [self.labels[k] for k in self.chosen], energies

    def energy(self, x):
        psi = self.state(x)
        return psi @ self.h @ psi


@pytest.mark.parametrize("pool", ["fermionic", "fermionic-sd", "qubit-excitation"])
def test_the_same_operators_and_energies_as_a_dense_twin(pool, h4):
    twin = Twin(h4, pool)
    labels, energies = twin.run(5)
    experiment = make_experiment(
        {"molecule": "h4-chain", "ansatz": {"name": "adapt", "pool": pool}, "max_steps": 5}
    )
    with Session.begin(experiment, store=False) as session:
        steps = list(session)
        result = session.result()
    assert result.operators == labels
    assert [s.exact for s in steps[1:]] == pytest.approx(energies, abs=1e-8)
    # The circuit can be had again from the labels.
    again = Adapt(pool=pool).grown(h4, labels)
    assert again == session.circuit
    overlap = np.vdot(circuit_state(again, result.x), twin.state(result.x))
    assert abs(overlap) == pytest.approx(1.0, abs=1e-10)


@pytest.mark.parametrize("pool", POOLS)
def test_one_pass_gives_every_commutator(pool, h4):
    ansatz = Adapt(pool=pool)
    operators = ansatz.operators(h4)
    circuit = ansatz.grown(h4, [operators[-1].label, operators[3].label])
    x = np.array([0.3, -0.2])
    observable = qubit_hamiltonian(h4)
    whole = probe(circuit, x, operators)
    zeros = np.zeros(len(operators))
    found = LightningBackend().compile(Problem(whole, observable, h4)).gradient(zeros)[1]
    if pool not in ("pauli", "minimal"):
        sector = SectorBackend().compile(Problem(whole, observable, h4)).gradient(zeros)[1]
        np.testing.assert_allclose(sector, found, atol=1e-10)
    assert np.count_nonzero(np.abs(found) > 1e-3) > 3
    for k in range(0, len(operators), max(1, len(operators) // 7)):
        t = 1e-5
        ends = []
        for s in (t, -t):
            after = circuit_state(probe(circuit, x, [operators[k]]), [s])
            ends.append(np.vdot(after, observable.to_sparse() @ after).real)
        assert found[k] == pytest.approx((ends[0] - ends[1]) / (2 * t), abs=1e-7)


@pytest.mark.parametrize(
    ("molecule", "pool", "most"),
    [
        # Operators to chemical accuracy near equilibrium; UCCSD takes 26 and 92 parameters.
        ("h4-chain", "fermionic", 11),
        ("h4-chain", "qubit-excitation", 16),
        ("lih", "fermionic", 12),
        ("lih", "qubit-excitation", 16),
    ],
)
def test_few_operators_reach_chemical_accuracy(molecule, pool, most):
    experiment = make_experiment(
        {
            "molecule": molecule,
            "ansatz": {"name": "adapt", "pool": pool, "max_operators": most},
        }
    )
    with Session.begin(experiment, store=False) as session:
        energies = [s.exact for s in session]
        result = session.result()
    assert all(b <= a + 1e-10 for a, b in itertools.pairwise(energies))
    assert 0 <= result.error < CHEMICAL_ACCURACY
    assert len(result.x) <= most


@pytest.mark.slow
@pytest.mark.parametrize("molecule", ["lih", "beh2", "h6-chain"])
def test_errors_fall_with_the_tolerance(molecule):
    """The thresholds ε₁, ε₂, ε₃ = 0.1, 0.01, 0.001 of arXiv:1812.11173 on its molecules.

    Each costs more operators and gains accuracy; ε₃ is well below UCCSD's error.
    """
    found = [
        run(molecule, ansatz={"name": "adapt", "pool": "fermionic", "tolerance": tolerance})
        for tolerance in (1e-1, 1e-2, 1e-3)
    ]
    assert all(r.status == "converged" for r in found)
    errors, sizes = [r.error for r in found], [len(r.x) for r in found]
    assert errors == sorted(errors, reverse=True)
    assert sizes == sorted(sizes)
    uccsd = run(molecule)
    assert 0 <= errors[2] < min(1e-4, uccsd.error)
    assert sizes[2] < len(uccsd.x)


def test_the_minimal_pool_is_linear_and_independent(h2, h4):
    for h in (h2, h4):
        strings = operator_pool("minimal", h)
        assert len(strings) <= 2 * h.n_qubits - 2
        rows = np.zeros((len(strings), 2 * h.n_qubits), dtype=int)
        for row, operator in zip(rows, strings, strict=True):
            (gate,) = operator.gates
            for q, letter in zip(gate.qubits, gate.paulis, strict=True):
                row[q], row[h.n_qubits + q] = letter in "XY", letter in "YZ"
        assert rank_modulo_2(rows) == len(strings)
        larger = {o.label for o in operator_pool("pauli", h)}
        assert len(strings) < max(10, len(larger))


@pytest.mark.parametrize("molecule", ["h2", pytest.param("h4-chain", marks=pytest.mark.slow)])
def test_the_minimal_pool_reaches_chemical_accuracy(molecule):
    ansatz = {"name": "adapt", "pool": "minimal", "tolerance": 0.01}
    assert run(molecule, ansatz=ansatz, backend="lightning").error < CHEMICAL_ACCURACY


def rank_modulo_2(rows):
    rows, rank = rows.copy() % 2, 0
    for column in range(rows.shape[1]):
        pivots = np.flatnonzero(rows[rank:, column]) + rank
        if len(pivots) == 0:
            continue
        rows[[rank, pivots[0]]] = rows[[pivots[0], rank]]
        for k in range(len(rows)):
            if k != rank and rows[k, column]:
                rows[k] ^= rows[rank]
        rank += 1
        if rank == len(rows):
            break
    return rank


@pytest.mark.parametrize("mapping", ["parity", "parity-reduced", "bravyi-kitaev"])
def test_other_mappings_grow_alike(mapping):
    ansatz = {"name": "adapt", "pool": "qubit-excitation", "max_operators": 2}
    here = run("h2", ansatz=ansatz)
    there = run("h2", ansatz=ansatz, mapping=mapping, backend="lightning")
    assert there.energy == pytest.approx(here.energy, abs=1e-8)
    assert there.operators == here.operators


def test_several_operators_a_step(h4):
    ansatz = {"name": "adapt", "per_step": 8, "disjoint": True, "pool": "qubit-excitation"}
    experiment = make_experiment({"molecule": "h4-chain", "ansatz": ansatz, "max_steps": 3})
    with Session.begin(experiment, store=False) as session:
        steps = list(session)
        chosen = session.result().operators
    pool = {o.label: o.qubits for o in operator_pool("qubit-excitation", h4)}
    sizes = [len(s.x) for s in steps]
    assert max(np.diff(sizes)) > 1
    for a, b in itertools.pairwise(sizes):
        qubits = [q for label in chosen[a:b] for q in pool[label]]
        assert len(qubits) == len(set(qubits))


def test_choosing():
    def vector(values, variance=0.0):
        return Vector(np.array(values), np.full(len(values), variance))

    supports = [{0, 1}, {1, 2}, {3}, {4}]
    g = vector([0.5, -0.9, 0.1, 0.0])
    assert choose(g, supports, 1e-3, 1, False) == (1,)
    assert choose(g, supports, 1e-3, 9, False) == (1, 0, 2)
    assert choose(g, supports, 1e-3, 9, True) == (1, 2)
    assert choose(g, supports, 2.0, 9, False) == ()
    assert choose(vector([0.0, 0.0, 0.0, 0.0]), supports, 0.0, 9, False) == ()
    # Noise: 0.1 is two standard errors, 0.5 is ten.
    assert choose(vector([0.5, -0.1, 0.1, 0.0], 0.0025), supports, 1e-3, 9, False) == (0,)
    assert choose(vector([0.1, -0.1, 0.1, 0.0], 0.0025), supports, 1e-3, 9, False) == ()


def test_measured_pools_are_unbiased_and_paid_for(h2):
    experiment = make_experiment(
        {"molecule": "h2", "ansatz": {"name": "adapt", "pool": "fermionic"}, "shots": 300}
    )
    evaluator = grown_evaluator(assemble(experiment).evaluator, (2,))
    x = np.array([0.1])
    exact = make_experiment({"molecule": "h2", "ansatz": {"name": "adapt", "pool": "fermionic"}})
    (truth,) = grown_evaluator(assemble(exact).evaluator, (2,)).answer([PoolGradient(x)], 0)
    z = []
    for k in range(200):
        prepared = evaluator.prepare([PoolGradient(x)], 1, k)
        (found,) = prepared.run().answers
        assert found.shots == prepared.costs["pool"].shots
        known = found.variance > 0
        z.append(((found.value - truth.value) / np.sqrt(np.where(known, found.variance, 1)))[known])
    z = np.concatenate(z)
    assert abs(z.mean()) < 5 / math.sqrt(len(z))
    assert 0.8 < z.var() < 1.25
    # Four shifted energies an excitation, three of them in the pool with four gates.
    n_gates = sum(len(o.gates) for o in evaluator.growth.pool)
    assert prepared.costs["pool"].evaluations == 4 * n_gates
    assert found.shots == 300 * 4 * n_gates


def test_a_run_under_shots_ends_by_itself():
    result = run(
        "h2",
        ansatz={"name": "adapt", "pool": "qubit-excitation", "inner_steps": 30},
        optimizer={"name": "adam", "learning_rate": 0.05},
        shots=2000,
        seed=3,
    )
    assert result.status == "stopped"
    assert result.operators[0] == "0,2->1,3"
    assert len(result.operators) <= 2
    assert result.error < CHEMICAL_ACCURACY
    assert {"pool", "gradient", "final"} <= set(result.costs)
    assert result.costs["pool"].shots % 2000 == 0


def events(folder):
    out = []
    for line in (folder / "journal.jsonl").read_text().splitlines():
        event = json.loads(line)
        event.pop("seconds", None)
        out.append({k: v for k, v in event.items() if k != "crc"})
    return out


@pytest.mark.parametrize("shots", [None, pytest.param(500, marks=pytest.mark.slow)])
def test_cut_anywhere_it_resumes_bit_for_bit(shots, tmp_path):
    data = {
        "molecule": "h4-chain",
        "ansatz": {"name": "adapt", "inner_steps": 4, "per_step": 2, "pool": "fermionic-sd"},
        "optimizer": "adam",
        "seed": 4,
        "max_steps": 3,
    }
    if shots is not None:
        data["measurement"] = {"shots": shots}
    experiment = make_experiment(data)
    whole = tmp_path / "whole"
    with Session.begin(experiment, out=whole) as session:
        list(session)
        expected = session.result()
    lines = (whole / "journal.jsonl").read_bytes().splitlines(keepends=True)
    assert sum(b'"grow"' in line for line in lines) == 3
    for keep in range(1, len(lines), 2):
        cut = tmp_path / f"cut-{keep}"
        cut.mkdir()
        for name in ("experiment.toml", "hamiltonian.npz", "environment.json"):
            (cut / name).write_bytes((whole / name).read_bytes())
        (cut / "journal.jsonl").write_bytes(b"".join(lines[:keep]) + lines[keep][:7])
        with Session.resume(cut) as session:
            list(session)
            found = session.result()
        assert events(cut) == events(whole)
        assert found.operators == expected.operators
        assert np.array_equal(found.x, expected.x)
        assert found.energy == expected.energy
        assert found.drift == 0.0


def test_a_budget_in_the_middle_of_a_growth_keeps_a_whole_circuit():
    for cap in (40_000, 60_000, 90_000):
        result = run(
            "h2",
            ansatz={"name": "adapt", "pool": "fermionic"},
            optimizer="adam",
            shots=1000,
            budget={"shots": cap},
            seed=1,
        )
        assert result.status == "budget"
        assert result.shots <= cap
        assert len(result.x) == len(result.operators)
        assert result.energy is not None


def test_more_steps_go_on_where_it_ended(tmp_path):
    experiment = make_experiment({"molecule": "h4-chain", "ansatz": "adapt", "max_steps": 2})
    with Session.begin(experiment, out=tmp_path / "run") as session:
        list(session)
    with Session.resume(tmp_path / "run", max_steps=4) as session:
        list(session)
        longer = session.result()
    whole = run("h4-chain", ansatz="adapt", max_steps=4)
    assert longer.operators == whole.operators
    assert longer.energy == whole.energy


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pool": "fermion"}, "must be one of 'fermionic', "),
        ({"tolerance": -1.0}, "tolerance must be finite and not negative"),
        ({"per_step": 0}, "per_step must be from 1"),
        ({"max_operators": 0}, "max_operators must be from 1"),
        ({"tolerence": 1e-3}, "did you mean 'tolerance'"),
    ],
)
def test_mistakes_are_named(options, message):
    with pytest.raises(InputError, match=message):
        get_ansatz("adapt", **options)


def test_labels_that_are_not_in_the_pool(h2):
    with pytest.raises(InputError, match="unknown operator of the fermionic pool '0->9'"):
        Adapt(pool="fermionic").grown(h2, ["0->9"])


def test_pools_that_leave_the_sector():
    with pytest.raises(InputError, match="use a backend for any circuit"):
        run("h2", ansatz={"name": "adapt", "pool": "pauli"})


def test_it_ends_by_energy_and_by_count():
    by_count = run("h4-chain", ansatz={"name": "adapt", "max_operators": 3, "per_step": 2})
    assert len(by_count.operators) == 3
    assert by_count.status == "converged"
    whole = run("h4-chain", ansatz="adapt")
    by_energy = run("h4-chain", ansatz={"name": "adapt", "energy_tolerance": 1e-3})
    assert by_energy.operators == whole.operators[: len(by_energy.operators)]
    assert len(by_energy.operators) < len(whole.operators)
