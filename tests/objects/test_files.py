"""Operators and graphs in files, on the command line; lattices against dense diagonalisation."""

import json

import h5py
import networkx as nx
import numpy as np
import openfermion
import pytest
from command_line import command_line
from openfermion.linalg import get_ground_state, get_sparse_operator

from qvopt import load, run
from qvopt_molecules.adapters.files import read_operator
from qvopt_molecules.adapters.problem import problem_of
from qvopt_molecules.errors import InputError
from qvopt_molecules.lattice import lattice_hamiltonian

TERMS = {"XXI": 0.5, "IZZ": -0.25, "ZII": 1.0, "III": 0.1}


def write(kind, path):
    if kind == "txt":
        path.write_text("# terms\n" + "\n".join(f"{c} {p}" for p, c in TERMS.items()) + "\n")
    elif kind == "json":
        path.write_text(json.dumps(TERMS))
    elif kind == "toml":
        path.write_text("[terms]\n" + "\n".join(f"{p} = {c}" for p, c in TERMS.items()))
    else:
        text = "0.5 [X0 X1] +\n-0.25 [Z1 Z2] +\n1.0 [Z0] +\n0.1 []"
        with h5py.File(path, "w") as file:
            file.create_dataset("ham_small", data=text)
            if kind == "hdf5":
                file.create_dataset("other", data="1.0 [X0]")


@pytest.mark.parametrize("kind", ["txt", "json", "toml", "h5", "hdf5"])
def test_an_operator_is_read(kind, tmp_path):
    path = tmp_path / f"problem.{kind}"
    write(kind, path)
    name = f"{path}::ham_small" if kind == "hdf5" else str(path)
    expected = problem_of(TERMS).observable.to_sparse().toarray()
    np.testing.assert_allclose(read_operator(name).observable.to_sparse().toarray(), expected)


@pytest.mark.parametrize(
    "kind", ["toml", *(pytest.param(k, marks=pytest.mark.slow) for k in ("txt", "json", "hdf5"))]
)
def test_an_operator_in_a_file(kind, tmp_path):
    path = tmp_path / f"problem.{kind}"
    write(kind, path)
    name = f"{path}::ham_small" if kind == "hdf5" else str(path)
    done = command_line("run", name, "--json", "--out", tmp_path / "r")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["fci"] == pytest.approx(problem_of(TERMS).exact_energy())
    path.unlink()  # the folder has all it needs
    assert load(tmp_path / "r").fci == pytest.approx(problem_of(TERMS).exact_energy())
    assert str(tmp_path) not in (tmp_path / "r" / "experiment.toml").read_text()


def test_maxcut_on_the_command_line(tmp_path):
    (tmp_path / "edges.txt").write_text("0 1\n1 2\n2 3 2.0  # heavier\n3 0\n")
    done = command_line("run", "maxcut", "--set", "graph=edges.txt", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["fci"] == pytest.approx(-5)
    assert found["ansatz"] == "qaoa"
    assert 0.5 < found["bit_strings"]["ratio"] <= 1


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.txt", "0.5 XQ", "line 1"),
        ("a.txt", "0.5 XX\n0.5 X", "one length"),
        ("a.json", "[1, 2]", "no problem"),
        ("a.json", "{", "valid JSON"),
        ("a.h5", "text", "cannot read"),
    ],
)
def test_bad_files(name, text, words, tmp_path):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(InputError, match=words) as error:
        run(str(path))
    assert "\n" not in str(error.value)


def test_an_xyz_file_is_not_needed_again(tmp_path):
    path = tmp_path / "mine.xyz"
    path.write_text("2\nhydrogen\nH 0 0 0\nH 0 0 0.74\n")
    found = run(path, out=tmp_path / "r")
    path.unlink()
    again = load(tmp_path / "r")
    assert again.energy == found.energy
    assert "mine" in again.names["molecule"]
    text = (tmp_path / "r" / "experiment.toml").read_text()
    assert str(tmp_path) not in text
    assert "0.74" in text


@pytest.mark.parametrize("rows", [1, 2, 3])
@pytest.mark.parametrize("periodic", [0, 1])
def test_lattices_have_the_bonds_of_networkx(rows, periodic):
    sites = 12 if rows == 3 else 6
    columns = sites // rows
    graph = nx.grid_2d_graph(rows, columns, periodic=(bool(periodic and rows > 2),
                                                      bool(periodic and columns > 2)))  # fmt: skip
    place = {(r, c): r * columns + c for r in range(rows) for c in range(columns)}
    edges = {frozenset((place[u], place[v])) for u, v in graph.edges}
    for name in ("heisenberg", "ising"):
        h = lattice_hamiltonian(name, {"sites": sites, "rows": rows, "periodic": periodic}, None)
        zz = {
            frozenset(q for q, p in enumerate(text) if p == "Z")
            for text, _ in h.observable
            if text.count("Z") == 2 and set(text) == {"I", "Z"}
        }
        assert zz == edges


def test_the_transverse_field_ising_ring_has_pfeutys_energy():
    n, g = 8, 0.7
    h = lattice_hamiltonian("tfim", {"sites": n, "g": g, "periodic": 1}, None)
    k = np.pi * (2 * np.arange(n) + 1) / n
    exact = -np.sum(np.sqrt(1 + g**2 - 2 * g * np.cos(k)))
    assert h.exact_energy() == pytest.approx(exact, abs=1e-9)


def test_a_hubbard_ladder_is_openfermions():
    ours = lattice_hamiltonian("hubbard", {"sites": 4, "rows": 2, "u": 3.0}, None)
    theirs = openfermion.fermi_hubbard(2, 2, 1.0, 3.0, periodic=False)
    number = openfermion.FermionOperator()
    for q in range(8):
        number += openfermion.FermionOperator(f"{q}^ {q}")
    penalty = 50.0 * (number - openfermion.FermionOperator("", 4.0)) ** 2
    energy, _ = get_ground_state(get_sparse_operator(theirs + penalty))
    assert ours.exact_energy() == pytest.approx(energy, abs=1e-7)
