"""Problems that are handed over as objects: held against the problem by name and dense algebra."""

import os
import shutil
import subprocess
import sys

import networkx as nx
import numpy as np
import openfermion
import pennylane as qml
import pytest
import rustworkx as rx
from command_line import command_line
from pyscf import gto, mcscf, scf
from qiskit.quantum_info import SparsePauliOp

from qvopt import Session, build_hamiltonian, compare, find_molecule, run
from qvopt.runs.folder import RunFolder
from qvopt_circuits.catalogue import get_ansatz
from qvopt_circuits.given import GivenCircuit
from qvopt_molecules.adapters.problem import problem_of
from qvopt_molecules.errors import InputError
from qvopt_molecules.mappings import qubit_hamiltonian

H2 = build_hamiltonian(find_molecule("h2"))
STRINGS = dict(qubit_hamiltonian(H2))


def qiskit_h2():
    return SparsePauliOp.from_list([(text[::-1], c) for text, c in STRINGS.items()])


def openfermion_h2():
    out = openfermion.QubitOperator()
    for text, c in STRINGS.items():
        word = " ".join(f"{p}{q}" for q, p in enumerate(text) if p != "I")
        out += openfermion.QubitOperator(word, c)
    return out


def pennylane_h2():
    words = [qml.pauli.PauliWord({q: p for q, p in enumerate(s) if p != "I"}) for s in STRINGS]
    operators = [word.operation(wire_order=range(4)) for word in words]
    return qml.Hamiltonian(list(STRINGS.values()), operators)


OPERATORS = {
    "table": lambda: dict(STRINGS),
    "qiskit": qiskit_h2,
    "openfermion": openfermion_h2,
    "pennylane": pennylane_h2,
}


@pytest.mark.parametrize("kind", OPERATORS)
def test_an_operator_is_the_problem_by_name(kind):
    """The same circuit has the same energies over H2's strings as over H2."""
    ansatz = GivenCircuit.of(get_ansatz("uccsd").circuit(H2))
    settings = {"ansatz": ansatz, "backend": "statevector", "optimizer": "l-bfgs"}
    named, operator = run("h2", **settings), run(OPERATORS[kind](), **settings)
    assert operator.energy == pytest.approx(named.energy, abs=1e-10)
    assert operator.fci == pytest.approx(named.fci, abs=1e-8)
    assert operator.hf == pytest.approx(named.hf, abs=1e-10)  # the lowest product state
    np.testing.assert_allclose(operator.x, named.x, atol=1e-6)


def test_matrices_agree_with_each_library():
    terms = {"XIZ": 0.3, "YYI": -0.7, "IZX": 0.2, "III": 1.5}
    ours = problem_of(terms).observable.to_sparse().toarray()
    qiskit = SparsePauliOp.from_list([(t[::-1], c) for t, c in terms.items()])
    np.testing.assert_allclose(ours, qiskit.to_matrix(), atol=1e-14)
    np.testing.assert_allclose(
        problem_of(qiskit).observable.to_sparse().toarray(), ours, atol=1e-14
    )
    wires = qml.Hamiltonian(
        list(terms.values()),
        [qml.pauli.string_to_pauli_word(t, {q: q for q in range(3)}) for t in terms],
    )
    # PennyLane's first wire is the highest bit.
    dense = qml.matrix(wires, wire_order=[2, 1, 0])
    np.testing.assert_allclose(
        problem_of(wires).observable.to_sparse().toarray(), dense, atol=1e-12
    )
    np.testing.assert_allclose(ours, dense, atol=1e-12)


def test_openfermions_fermions_have_their_exact_energy():
    hopping = openfermion.fermi_hubbard(2, 1, 1.0, 4.0)
    dense = openfermion.get_sparse_operator(hopping).toarray()
    problem = problem_of(hopping)
    assert problem.exact_energy() == pytest.approx(np.linalg.eigvalsh(dense)[0], abs=1e-9)


@pytest.mark.parametrize("library", ["networkx", "rustworkx", "qubo"])
def test_maxcut_is_minus_the_largest_cut(library):
    edges = [(0, 1, 1.0), (1, 2, 2.0), (2, 3, 1.0), (3, 0, 0.5), (0, 2, 1.5)]
    cuts = [sum(w for u, v, w in edges if (n >> u ^ n >> v) & 1) for n in range(16)]
    if library == "networkx":
        thing = nx.Graph()
        thing.add_weighted_edges_from(edges)
    elif library == "rustworkx":
        thing = rx.PyGraph()
        thing.add_nodes_from(range(4))
        thing.add_edges_from(edges)
    else:
        thing = np.zeros((4, 4))
        for u, v, w in edges:  # -w (n_u + n_v - 2 n_u n_v)
            thing[u, u] -= w
            thing[v, v] -= w
            thing[u, v] += 2 * w
    problem = problem_of(thing)
    diagonal = problem.observable.to_sparse().diagonal().real
    order = list(thing.nodes) if library == "networkx" else range(4)
    for n in range(16):
        bits = sum((n >> node & 1) << k for k, node in enumerate(order))
        assert diagonal[bits] == pytest.approx(-cuts[n], abs=1e-12)
    assert problem.exact_energy() == pytest.approx(-max(cuts))


def water():
    return gto.M(atom="O 0 0 0; H 0 0.757 0.587; H 0 -0.757 0.587", basis="sto-3g", verbose=0)


def test_pyscf_objects_give_pyscfs_energies():
    mean_field = scf.RHF(water()).run()
    active = mcscf.CASCI(mean_field, 4, 4).run()
    optimized = mcscf.CASSCF(mean_field, 4, 4).run()
    for solver in (active, optimized):
        problem = problem_of(solver)
        # A CASSCF may say that it has converged and be in an excited state of its orbitals.
        lowest = mcscf.CASCI(mean_field, 4, 4).kernel(solver.mo_coeff)[0]
        assert problem.exact_energy() == pytest.approx(lowest, abs=1e-8)
        assert problem.frame is not None
    assert problem_of(mean_field).reference_energy() == pytest.approx(mean_field.e_tot, abs=1e-9)
    ours = build_hamiltonian(problem_of(water()))
    assert ours.reference_energy() == pytest.approx(mean_field.e_tot, abs=1e-9)
    energies = problem_of(mean_field).orbital_energies
    np.testing.assert_allclose(energies, mean_field.mo_energy, atol=1e-6)


def test_an_open_shell_of_pyscf():
    mol = gto.M(atom="O 0 0 0; O 0 0 1.2", spin=2, basis="sto-3g", verbose=0)
    field = scf.ROHF(mol).run()
    solver = mcscf.CASCI(field, 6, 8).run()
    problem = problem_of(solver)
    assert (problem.n_alpha, problem.n_beta) == (5, 3)
    assert problem.exact_energy() == pytest.approx(solver.e_tot, abs=1e-7)


def test_our_own_objects():
    by_name = run("h2")
    assert run(find_molecule("h2")).energy == pytest.approx(by_name.energy, abs=1e-10)
    assert run(H2).energy == pytest.approx(by_name.energy, abs=1e-10)
    moved = find_molecule("lih", {"bond": 2.0})
    assert run(moved, ansatz="uccsd").hf == pytest.approx(
        run({"name": "lih", "set": {"bond": 2.0}}).hf, abs=1e-9
    )


CONTINUE = """
import sys
from qvopt import Session
with Session.resume(sys.argv[1], max_steps=50) as session:
    for step in session:
        pass
    print(repr(session.result().energy))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "thing",
    [
        qiskit_h2,
        pytest.param(lambda: H2, marks=pytest.mark.slow),
        pytest.param(lambda: nx.cycle_graph(4), marks=pytest.mark.slow),
    ],
)
def test_a_folder_goes_on_in_another_process_and_place(thing, tmp_path, monkeypatch):
    settings = {"optimizer": "l-bfgs", "seed": 3}
    whole = run(thing(), max_steps=50, **settings)
    run(thing(), max_steps=1, out=tmp_path / "run", **settings)
    shutil.move(tmp_path / "run", tmp_path / "elsewhere")
    empty = {"QVOPT_CACHE_DIR": str(tmp_path / "empty")}
    environment = os.environ | empty
    command = [sys.executable, "-c", CONTINUE, str(tmp_path / "elsewhere")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert float(done.stdout) == whole.energy
    assert str(tmp_path) not in (tmp_path / "elsewhere" / "experiment.toml").read_text()
    text = (tmp_path / "elsewhere" / "experiment.toml").as_posix()
    again = command_line("run", text, "--out", tmp_path / "b", "--json", cwd=tmp_path, env=empty)
    assert again.returncode == 0, again.stderr
    assert RunFolder.open(tmp_path / "b").hamiltonian().content_hash() == (
        RunFolder.open(tmp_path / "elsewhere").hamiltonian().content_hash()
    )


def test_a_comparison_takes_objects(tmp_path):
    found = compare(
        problems=[{"molecule": qiskit_h2(), "label": "h2"}, nx.path_graph(3)],
        optimizers=["adam", "spsa"],
        budget=40_000,
        seeds=2,
        max_steps=3,
        out=tmp_path / "c",
    )
    assert set(found.runs["problem"]) == {"h2", "maxcut qaoa statevector"}
    assert not found.runs["error"].isna().any()


@pytest.mark.parametrize(
    ("thing", "words"),
    [
        (3.5, "got a float"),
        ({"XX": 1j}, "not Hermitian"),
        ({"XX": 1.0, "X": 2.0}, "one length"),
        ({"XX": float("nan")}, "NaN"),
        (np.ones((2, 3)), "square matrix"),
        (nx.DiGraph([(0, 1)]), "undirected"),
        (scf.RHF(gto.M(atom="H 0 0 0; H 0 0 1", verbose=0)), "run it first"),
        (scf.UHF(gto.M(atom="H 0 0 0; H 0 0 1", verbose=0)).run(), "ROHF"),
        (SparsePauliOp(["XX"], [1j]), "not Hermitian"),
    ],
)
def test_refusals_are_one_line(thing, words):
    with pytest.raises(InputError, match=words) as error:
        run(thing)
    assert "\n" not in str(error.value)


def test_what_is_fixed_is_not_changed():
    from qvopt.experiment.objects import frozen_data

    with pytest.raises(InputError, match="basis cannot be changed"):
        run({**frozen_data(H2), "basis": "6-31g"})
    with (
        pytest.raises(InputError, match="orbitals"),
        Session.begin(
            __import__("qvopt").make_experiment(
                {"molecule": qiskit_h2(), "ansatz": "uccsd", "backend": "sector"}
            ),
            store=False,
        ),
    ):
        pass
