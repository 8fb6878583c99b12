"""Fixed angles of QAOA, held against published ratios, rings, and dense simulation of graphs."""

import importlib.util
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from qvopt import get_ansatz, maxcut
from qvopt_circuits.fixed_angles import _BEST, fixed_angles
from qvopt_circuits.matrices import circuit_state
from qvopt_circuits.spins import prepare
from qvopt_molecules.errors import InputError

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "qaoa_fixed_angles.py"
SPEC = importlib.util.spec_from_file_location("qaoa_fixed_angles", SCRIPT)
script = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(script)


def angles(degree, layers):
    graph = nx.complete_graph(degree + 1)
    return fixed_angles(maxcut(graph).observable.without_identity(), layers)


def cut_on(graph, layers):
    """Expected share of cut edges, from the state vector."""
    problem = maxcut(graph)
    ansatz = get_ansatz("qaoa", layers=layers, initial="fixed-angles")
    prepared = prepare(ansatz, problem, "jordan-wigner")
    state = (
        np.abs(circuit_state(prepared.circuit.bind(prepared.start(np.random.default_rng(0))))) ** 2
    )
    diagonal = problem.observable.to_sparse().diagonal().real
    return -float(state @ diagonal) / graph.number_of_edges()


@pytest.mark.parametrize(
    ("layers", "ratio"), [(1, 0.6924), (2, 0.7559), (3, 0.7924), (4, 0.8169), (5, 0.8364)]
)
def test_published_ratios_of_degree_three(layers, ratio):
    """J. Wurtz, D. Lykov, arXiv:2107.00677, Table I."""
    assert script.cut_share(*angles(3, layers), 3) == pytest.approx(ratio, abs=1e-4)


@pytest.mark.parametrize("layers", [1, 2, 3, 4, 5])
def test_rings_have_farhis_ratio(layers):
    """(2p + 1) / (2p + 2), arXiv:1411.4028; in a ring of more than 2p + 1 nodes exactly."""
    assert cut_on(nx.cycle_graph(2 * layers + 2), layers) == pytest.approx(
        (2 * layers + 1) / (2 * layers + 2), abs=1e-5
    )


@pytest.mark.parametrize("degree", sorted(_BEST))
def test_no_other_angles_cut_more(degree):
    for layers in (1, 2, 3):
        gammas, betas = angles(degree, layers)
        here = script.cut_share(gammas, betas, degree)
        for k in range(layers):
            for move in (-0.01, 0.01):
                other = np.eye(layers)[k] * move
                assert script.cut_share(gammas + other, betas, degree) < here
                assert script.cut_share(gammas, betas + other, degree) < here


@pytest.mark.parametrize(("degree", "layers"), [(3, 1), (3, 2), (4, 1), (5, 1), (8, 1)])
def test_the_share_on_a_tree_is_that_on_a_graph_without_short_cycles(degree, layers):
    """Heawood's and K_dd's girths are 6 and 4: no cycle of at most 2p + 1 edges."""
    graph = nx.heawood_graph() if degree == 3 else nx.complete_bipartite_graph(degree, degree)
    gammas, betas = angles(degree, layers)
    assert cut_on(graph, layers) == pytest.approx(script.cut_share(gammas, betas, degree), abs=1e-9)


@pytest.mark.parametrize("layers", [3, 4])
def test_the_ratio_is_a_guarantee(layers):
    """Fixed-angle conjecture: of the largest cut, no graph gets less."""
    for seed in range(3):
        graph = nx.random_regular_graph(3, 10, seed=seed)
        largest = -maxcut(graph).exact_energy() / graph.number_of_edges()
        assert cut_on(graph, layers) / largest > script.cut_share(*angles(3, layers), 3) - 1e-6


def test_the_script_finds_the_table():
    for layers, (gammas, betas, share) in enumerate(script.table(3, 3), 1):
        np.testing.assert_allclose(gammas, angles(3, layers)[0], atol=2e-3)
        np.testing.assert_allclose(betas, angles(3, layers)[1], atol=2e-3)
        assert share >= script.cut_share(*angles(3, layers), 3) - 1e-9


@pytest.mark.parametrize(("degree", "layers"), [(3, 6), (9, 2), (10, 1)])
def test_the_table_ends(degree, layers):
    with pytest.raises(InputError, match=r"degrees 2 to 8, up to 5 layers.*linear-ramp"):
        angles(degree, layers + 5 * (layers == 1))  # one layer has a formula for every degree
