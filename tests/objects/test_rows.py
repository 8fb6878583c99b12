"""Every kind of problem: resumed in another process, and compared by two workers."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import networkx as nx
import numpy as np
import openfermion
import pennylane as qml
import pytest
import rustworkx as rx
from pyscf import gto, mcscf, scf
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.primitives import StatevectorSampler
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.quantum_info import SparsePauliOp
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel, depolarizing_error

from qvopt import (
    build_hamiltonian,
    compare,
    find_molecule,
    from_pennylane,
    from_qiskit,
    ising,
    load,
    maxcut,
    qubo,
    run,
)
from qvopt_molecules.adapters.problem import problem_of
from qvopt_molecules.errors import InputError


def mole(spin=0):
    atoms = "H 0 0 0; H 0 0 0.8" if spin == 0 else "H 0 0 0; H 0 0 0.9; H 0 0 1.8"
    return gto.M(atom=atoms, basis="sto-3g", spin=spin, verbose=0)


def two_qubits():
    return openfermion.QubitOperator("Z0 Z1", 0.5) + openfermion.QubitOperator("X0", 0.3)


def weighted(kind):
    edges = [(0, 1, 1.0), (1, 2, 2.0), (2, 0, 0.5)]
    if kind == "networkx":
        graph = nx.Graph()
        graph.add_weighted_edges_from(edges)
        return graph
    graph = rx.PyGraph()
    graph.add_nodes_from(range(3))
    graph.add_edges_from(edges)
    return graph


PROBLEMS = {
    "Molecule": lambda: find_molecule("h2"),
    "MolecularHamiltonian": lambda: build_hamiltonian(find_molecule("h2")),
    "Mole": mole,
    "RHF": lambda: scf.RHF(mole()).run(),
    "ROHF": lambda: scf.ROHF(mole(spin=1)).run(),
    "RKS": lambda: mole().RKS(xc="pbe").run(),
    "CASCI": lambda: mcscf.CASCI(scf.RHF(mole()).run(), 2, 2).run(),
    "CASSCF": lambda: mcscf.CASSCF(scf.RHF(mole()).run(), 2, 2).run(),
    "SparsePauliOp": lambda: SparsePauliOp(["ZZ", "XI"], [0.5, 0.3]),
    "QubitOperator": two_qubits,
    "FermionOperator": lambda: openfermion.fermi_hubbard(2, 1, 1.0, 4.0),
    "PennyLane": lambda: 0.5 * qml.Z(0) @ qml.Z(1) + 0.3 * qml.X(0),
    "table": lambda: {"ZZ": 0.5, "XI": 0.3},
    "networkx": lambda: weighted("networkx"),
    "rustworkx": lambda: weighted("rustworkx"),
    "QUBO matrix": lambda: np.array([[-1.0, 2.0], [0.0, -1.5]]),
    "QUBO": lambda: qubo({(0, 1): 2.0, (0, 0): -1.0}),
    "Ising": lambda: ising({(0, 1): 1.0}, [0.3, -0.2]),
    "edges": lambda: maxcut([(0, 1), (1, 2, 2.0)]),
}

RESUMED = """
import json, sys
from qvopt import Session
energies = {}
for folder in sys.argv[1:]:
    with Session.resume(folder, max_steps=40) as session:
        for step in session:
            pass
        energies[folder] = session.result().energy
print(json.dumps(energies))
"""


@pytest.mark.slow
def test_every_kind_is_resumed_in_another_process(tmp_path):
    whole = {}
    for name, make in PROBLEMS.items():
        whole[name] = run(make(), optimizer="l-bfgs", max_steps=40, seed=2).energy
        run(make(), optimizer="l-bfgs", max_steps=1, seed=2, out=tmp_path / "author" / name)
    shutil.move(tmp_path / "author", tmp_path / "elsewhere")
    folders = {name: str(tmp_path / "elsewhere" / name) for name in PROBLEMS}
    environment = os.environ | {"QVOPT_CACHE_DIR": str(tmp_path / "cache")}
    command = [sys.executable, "-c", RESUMED, *folders.values()]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    energies = json.loads(done.stdout)
    for name, folder in folders.items():
        assert energies[folder] == whole[name], name
        assert load(folder).energy == whole[name]


@pytest.mark.slow
def test_every_kind_is_compared_by_two_workers(tmp_path):
    problems = [{"molecule": make(), "label": name} for name, make in PROBLEMS.items()]
    settings = {"problems": problems, "optimizers": ["adam"], "seeds": 1, "budget": 100_000,
                "shots": 500, "max_steps": 2}  # fmt: skip
    one = compare(out=tmp_path / "one", workers=1, **settings)
    two = compare(out=tmp_path / "two", workers=2, **settings)
    assert set(one.runs["problem"]) == set(PROBLEMS)
    columns = ["problem", "error", "stderr", "shots"]
    a, b = (c.runs[columns].sort_values("problem").to_numpy() for c in (one, two))
    np.testing.assert_array_equal(a, b)


def test_kinds_of_one_problem_agree():
    h2 = run(find_molecule("h2", {"bond": 0.8}))
    for name in ("Mole", "RHF", "CASCI", "CASSCF"):
        assert run(PROBLEMS[name]()).energy == pytest.approx(h2.energy, abs=1e-7), name
    cut = run("maxcut", set={"graph": _edges_file()})
    for name in ("networkx", "rustworkx"):
        assert run(PROBLEMS[name]()).energy == pytest.approx(cut.energy, abs=1e-9)
    operators = [run(PROBLEMS[n]()).energy for n in ("QubitOperator", "PennyLane", "table")]
    np.testing.assert_allclose(operators, operators[0], atol=1e-9)


def _edges_file():
    path = Path("edges.txt")
    path.write_text("0 1\n1 2 2.0\n2 0 0.5\n")
    return str(path)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def occupied(*qubits, n=4):
    circuit = QuantumCircuit(n)
    for qubit in qubits:
        circuit.x(qubit)
    circuit.rz(Parameter("t"), 0)
    return circuit


@pytest.mark.parametrize(
    ("qubits", "words"),
    [
        ((0,), "electron"),
        ((0, 1, 2), "electron"),
        ((0, 1), "interleaved"),  # two alpha electrons here, a closed shell there
        ((2, 3), "electron"),
    ],
)
def test_wrong_electrons_are_refused_with_the_remedy(qubits, words):
    def function(x):
        for qubit in qubits:
            qml.PauliX(qubit)
        qml.RZ(x[0], wires=0)

    for circuit in (occupied(*qubits), from_qiskit(occupied(*qubits)), function):
        with pytest.raises(InputError, match=words) as error:
            run("h2", ansatz=circuit, backend="statevector")
        assert "\n" not in str(error.value)


def test_interleaved_qubit_excitations_reach_full_ci():
    def function(x):
        qml.BasisState([1, 1, 0, 0], wires=range(4))
        qml.DoubleExcitation(x[0], wires=[0, 1, 2, 3])
        qml.SingleExcitation(x[1], wires=[0, 2])
        qml.SingleExcitation(x[2], wires=[1, 3])

    read = from_pennylane(function, np.zeros(3), spin_order="interleaved")
    for backend in ("sector", "statevector"):
        found = run("h2", ansatz=read, backend=backend)
        assert found.energy == pytest.approx(found.fci, abs=1e-8)


def noise():
    model = NoiseModel()
    model.add_all_qubit_quantum_error(depolarizing_error(0.01, 2), ["cx", "cz", "ecr"])
    return model


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: GenericBackendV2(4, seed=1), id="BackendV2", marks=pytest.mark.slow),
        pytest.param(lambda: StatevectorSampler(seed=1), id="sampler", marks=pytest.mark.slow),
        pytest.param(
            lambda: AerSimulator(noise_model=noise()), id="noisy Aer", marks=pytest.mark.slow
        ),
        pytest.param(lambda: qml.device("default.qubit", wires=4), id="PennyLane"),
    ],
)
def test_backends_take_shots_and_resume(make, tmp_path):
    from qvopt import Session

    settings = {"optimizer": "spsa", "shots": 400, "seed": 4}
    run("h2", backend=make(), max_steps=1, out=tmp_path / "r", **settings)
    with Session.resume(tmp_path / "r", backend=make(), max_steps=2) as session:
        for _ in session:
            pass
        found = session.result()
    assert found.n_steps == 2
    assert found.energy == pytest.approx(found.hf, abs=0.3)
    with pytest.raises(InputError, match="began on"):
        Session.resume(tmp_path / "r", backend="sector", max_steps=3)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: nx.DiGraph([(0, 1)]), "to_undirected"),
        (lambda: nx.MultiDiGraph([(0, 1)]), "to_undirected"),
        (lambda: rx.PyDiGraph(), "PyGraph"),
        (lambda: nx.Graph(), "edges"),
        (lambda: nx.Graph([(0, 0)]), "cut"),
        (lambda: nx.Graph([(0, 1, {"weight": "heavy"})]), "number"),
        (lambda: nx.Graph([(0, 1, {"weight": float("nan")})]), "finite|NaN"),
        (lambda: scf.GHF(mole()).run(), "mix the spins"),
        (lambda: np.array([[1.0, np.nan], [0.0, 1.0]]), "NaN|finite"),
    ],
)
def test_refusals(make, words):
    with pytest.raises(InputError, match=words) as error:
        run(make())
    assert "\n" not in str(error.value)


def test_parallel_edges_add_up_and_loops_are_never_cut():
    graph = nx.MultiGraph([(0, 1), (0, 1), (1, 1), (1, 2)])
    assert problem_of(graph).exact_energy() == pytest.approx(-3)
