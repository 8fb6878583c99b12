"""Coloured groups are proper colourings, and their plans are the Hamiltonian."""

import networkx
import numpy as np
import pytest
from numba import njit
from slow_cases import rest_slow

from qvopt.measurement.colouring import coloured_members, coloured_plan
from qvopt.measurement.fully_commuting import fully_commuting_plan, sorted_insertion
from qvopt.measurement.greedy_colours import clash
from qvopt.measurement.qubit_wise import qubit_wise_plan
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.errors import InputError
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.mappings import qubit_hamiltonian
from qvopt_molecules.pauli import PauliSum, label

KINDS = ("qubit-wise", "fully-commuting")


def observable_of(name):
    return qubit_hamiltonian(build_hamiltonian(find_molecule(name)))


def compatible(a, b, kind):
    """By letters, as a text book would."""
    clashes = sum(p != q and "I" not in (p, q) for p, q in zip(a, b, strict=True))
    return clashes == 0 if kind == "qubit-wise" else clashes % 2 == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["h2", "heh+", "h3+"])
def test_plans_are_the_hamiltonian(name, kind, operator_of):
    observable = observable_of(name)
    plan = coloured_plan(observable, kind)
    assert np.abs(operator_of(plan) - observable.to_sparse().toarray()).max() < 1e-9
    assert plan.name == f"{kind}-coloring"
    assert plan.weights.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", rest_slow(["h3+", "lih"], ["h3+"]))
def test_colours_are_proper(name, kind):
    observable = observable_of(name)
    members = coloured_members(observable, kind)
    spelled = [text for text, _ in observable]
    identity = {spelled.index("I" * observable.n_qubits)}
    assert sorted(k for group in members for k in group) == sorted(
        set(range(len(observable))) - identity
    )
    graph = networkx.Graph()
    graph.add_nodes_from(k for group in members for k in group)
    at = list(graph)
    graph.add_edges_from(
        (a, b)
        for i, a in enumerate(at)
        for b in at[:i]
        if not compatible(spelled[a], spelled[b], kind)
    )
    colours = {k: g for g, group in enumerate(members) for k in group}
    assert all(colours[a] != colours[b] for a, b in graph.edges)
    theirs = networkx.greedy_color(graph, strategy="largest_first")
    assert len(members) <= max(theirs.values()) + 1


def test_fewer_groups_than_sorted_insertion():
    observable = observable_of("lih")
    plans = {kind: coloured_plan(observable, kind) for kind in KINDS}
    assert len(plans["qubit-wise"].groups) <= len(qubit_wise_plan(observable).groups)
    assert len(plans["fully-commuting"].groups) <= len(fully_commuting_plan(observable).groups)


@njit
def clashes(x, z, a, b, qubit_wise):
    return clash(x, z, a, b, qubit_wise)


@pytest.mark.parametrize("n_qubits", [3, 64])
def test_clashes_are_those_of_the_letters(n_qubits):
    rng = np.random.default_rng(3)
    top = (1 << n_qubits) - 1
    for sparse in (True, False):
        strings = rng.integers(0, top, size=(60, 4), dtype=np.uint64, endpoint=True)
        if sparse:
            strings &= rng.integers(0, top, size=(60, 4), dtype=np.uint64, endpoint=True)
            strings &= rng.integers(0, top, size=(60, 4), dtype=np.uint64, endpoint=True)
        for row in strings:
            spelled = [label(int(row[k]), int(row[k + 1]), n_qubits) for k in (0, 2)]
            for kind in KINDS:
                assert clashes(*row, kind == "qubit-wise") == (not compatible(*spelled, kind))


def test_sorted_insertion_takes_the_first_group_that_fits():
    observable = observable_of("lih")
    spelled = [text for text, _ in observable]
    order = np.argsort(-np.abs(observable.coefficients), kind="stable").tolist()
    expected = []
    for k in order:
        if set(spelled[k]) == {"I"}:
            continue
        for group in expected:
            if all(compatible(spelled[k], spelled[m], "fully-commuting") for m in group):
                group.append(k)
                break
        else:
            expected.append([k])
    assert sorted_insertion(observable) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_many_colours(kind):
    # Strings drawn at random need more colours than the bits of a few words.
    rng = np.random.default_rng(3)
    x, z = rng.integers(1, 1 << 14, size=(2, 1500)).astype(np.uint64)
    observable = PauliSum(14, x, z, rng.normal(size=1500))
    members = coloured_members(observable, kind)
    assert sorted(k for group in members for k in group) == list(range(1500))
    spelled = [text for text, _ in observable]
    for group in members:
        for i, a in enumerate(group):
            assert all(compatible(spelled[a], spelled[b], kind) for b in group[:i])
    if kind == "qubit-wise":
        assert len(members) > 256


def test_nothing_to_measure():
    none = np.zeros(1, dtype=np.uint64)
    plan = coloured_plan(PauliSum(2, none, none, np.array([0.5])), "qubit-wise")
    assert plan.groups == ()
    assert plan.constant == 0.5


def test_an_unknown_kind_is_named():
    with pytest.raises(InputError, match="unknown kind of commuting groups 'fully'"):
        coloured_plan(observable_of("h2"), "fully")
