"""QAOA, held against PennyLane's, brute force and the published fixed angles."""

import itertools

import networkx as nx
import numpy as np
import pennylane as qml
import pytest

from qvopt import get_ansatz, load, maxcut, qubo, run
from qvopt.runs.bit_strings import costs_of
from qvopt_circuits.matrices import circuit_state
from qvopt_circuits.qaoa import next_layer
from qvopt_circuits.spins import prepare
from qvopt_molecules.errors import InputError

RNG = np.random.default_rng(0)


def circuit_over(problem, **options):
    prepared = prepare(get_ansatz("qaoa", **options), problem, "jordan-wigner")
    return prepared.circuit, prepared.start(np.random.default_rng(0))


@pytest.mark.parametrize("layers", [1, 3])
def test_states_are_pennylanes(layers):
    graph = nx.random_regular_graph(3, 6, seed=2)
    cost, mixer = qml.qaoa.maxcut(graph)
    nodes = list(graph.nodes)

    def evolve(x):
        for wire in nodes:
            qml.Hadamard(wire)
        for gamma, beta in x.reshape(-1, 2):
            qml.qaoa.cost_layer(gamma, cost)
            qml.qaoa.mixer_layer(beta, mixer)

    def state(x):
        evolve(x)
        return qml.state()

    def mean(x):
        evolve(x)
        return qml.expval(cost)

    x = RNG.normal(size=2 * layers)
    device = qml.device("default.qubit", wires=nodes[::-1])  # the first wire is the highest bit
    expected = qml.QNode(state, device)(x)
    circuit, _ = circuit_over(maxcut(graph), layers=layers)
    assert abs(np.vdot(expected, circuit_state(circuit.bind(x)))) == pytest.approx(1, abs=1e-10)
    energy = qml.QNode(mean, device)(x)
    found = run(graph, ansatz={"name": "qaoa", "layers": layers}, start=x, max_steps=0)
    assert found.energy == pytest.approx(float(energy), abs=1e-9)


@pytest.mark.parametrize(("layers", "ratio"), [(1, 0.6924), (2, 0.7559)])
def test_published_ratios_of_three_regular_graphs(layers, ratio):
    """An edge whose neighbourhood is a tree has the ratio of Wurtz and Lykov, Table 1."""
    tree, new = nx.Graph([(0, 1)]), 2
    leaves = [0, 1]
    for _ in range(layers):
        grown = []
        for leaf in leaves:
            while tree.degree(leaf) < 3:
                tree.add_edge(leaf, new)
                grown.append(new)
                new += 1
        leaves = grown
    _, angles = circuit_over(maxcut(nx.complete_graph(4)), layers=layers, initial="fixed-angles")
    circuit, _ = circuit_over(maxcut(tree), layers=layers)
    place = {node: k for k, node in enumerate(tree.nodes)}
    state = np.abs(circuit_state(circuit.bind(angles))) ** 2
    bits = np.arange(len(state))
    cut = (bits >> place[0] ^ bits >> place[1]) & 1
    assert float(state @ cut) == pytest.approx(ratio, abs=2e-4)


def test_the_ring_of_disagrees_reaches_its_ratio():
    """p layers cut (2p + 1) / (2p + 2) of a long even ring (Farhi et al.)."""
    found = run(nx.cycle_graph(8), ansatz={"name": "qaoa", "layers": 2}, optimizer="l-bfgs")
    assert found.bits.ratio == pytest.approx(5 / 6, abs=1e-6)
    assert found.bits.cost == pytest.approx(-8)
    assert found.fci == pytest.approx(-8)


def test_best_bit_string_and_ratio_are_those_of_brute_force(tmp_path):
    matrix = np.triu(RNG.integers(-3, 4, size=(5, 5))).astype(float)
    values = {
        bits: np.array(bits) @ matrix @ np.array(bits)
        for bits in itertools.product((0, 1), repeat=5)
    }
    low, high = min(values.values()), max(values.values())
    found = run(matrix, ansatz={"name": "qaoa", "layers": 3}, out=tmp_path / "run")
    assert values[tuple(int(b) for b in found.bits.best)] == pytest.approx(found.bits.cost)
    assert found.bits.cost == pytest.approx(low)
    assert found.bits.ratio == pytest.approx((high - found.energy) / (high - low))
    assert load(tmp_path / "run").bits == found.bits
    assert "best bit string" in repr(found)


def test_the_xy_mixer_keeps_the_number_of_ones():
    problem = qubo(RNG.normal(size=(5, 5)))
    circuit, start = circuit_over(problem, layers=2, mixer="xy", weight=2)
    state = np.abs(circuit_state(circuit.bind(start + RNG.normal(size=start.size)))) ** 2
    ones = np.bitwise_count(np.arange(32))
    assert state[ones == 2].sum() == pytest.approx(1.0)
    assert np.count_nonzero(state > 1e-6) > 5
    found = run(problem, ansatz={"name": "qaoa", "mixer": "xy", "weight": 2, "layers": 3})
    costs = costs_of(problem.observable)
    assert found.energy >= costs[ones == 2].min() - 1e-9
    assert found.bits.best.count("1") == 2


def test_a_start_with_one_more_layer_is_no_worse():
    graph = nx.random_regular_graph(3, 8, seed=1)
    found = run(graph, ansatz={"name": "qaoa", "layers": 2})
    start = next_layer(found.x)
    assert start.shape == (6,)
    more = run(graph, ansatz={"name": "qaoa", "layers": 3}, start=start)
    assert more.energy <= found.energy + 1e-9


@pytest.mark.parametrize(
    ("problem", "options", "words"),
    [
        ("h2", {"name": "qaoa"}, "diagonal cost"),
        ({"XX": 1.0}, {"name": "qaoa"}, "diagonal cost"),
        (nx.path_graph(4), {"name": "qaoa", "initial": "fixed-angles"}, "regular graph"),
        (nx.path_graph(4), {"name": "qaoa", "mixer": "xy"}, "weight"),
        (nx.path_graph(4), {"name": "qaoa", "mixer": "xy", "weight": 9}, "weight must be"),
    ],
)
def test_refusals(problem, options, words):
    with pytest.raises(InputError, match=words):
        run(problem, ansatz=options, backend="statevector")
