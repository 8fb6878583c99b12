r"""Diagonal costs: graphs for MaxCut, QUBO and Ising models.

MaxCut  H = -Σ_(uv) w_uv (1 - Z_u Z_v)/2         the energy is minus the cut
QUBO    H = Σ_ij Q_ij n_i n_j, n = (1 - Z)/2      n_i n_i = n_i
Ising   H = Σ_(i<j) J_ij Z_i Z_j + Σ_i h_i Z_i
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from qvopt_molecules.argument_checks import real_array, real_values
from qvopt_molecules.errors import InputError, shown
from qvopt_molecules.spins import SpinHamiltonian

from .terms import spin_hamiltonian


def maxcut(graph: Any) -> SpinHamiltonian:
    """Return MaxCut on a networkx or rustworkx graph, or on edges (u, v) or (u, v, weight).

    Node k of nodes 0 to n - 1 is qubit k; other nodes are qubits in the graph's order.
    Raises InputError for a directed graph, no edges, or a weight that is no number.
    """
    n, edges = graph_edges(graph)
    if not edges:
        raise InputError("MaxCut needs a graph with edges")
    terms: list[tuple[dict[int, str], float]] = []
    for u, v, weight in edges:
        if u == v:
            continue  # a loop is never cut
        terms += [({}, -weight / 2), ({u: "Z", v: "Z"}, weight / 2)]
    return spin_hamiltonian(terms, n, label="maxcut")


def graph_edges(graph: Any) -> tuple[int, list[tuple[int, int, float]]]:
    """Return the number of nodes, and edges by the places of their nodes, with weights."""
    root = type(graph).__module__.partition(".")[0]
    if root == "networkx":
        if graph.is_directed():
            raise InputError("MaxCut needs an undirected graph; graph.to_undirected() makes one")
        place = _places(list(graph.nodes))
        weighted = graph.edges(data="weight", default=1.0)
        return len(place), [(place[u], place[v], _weight(w)) for u, v, w in weighted]
    if root == "rustworkx":
        if type(graph).__name__ != "PyGraph":
            raise InputError("MaxCut needs an undirected graph, a rustworkx PyGraph")
        place = {node: k for k, node in enumerate(graph.node_indices())}
        return len(place), [(place[u], place[v], _weight(w)) for u, v, w in
                            graph.weighted_edge_list()]  # fmt: skip
    if not isinstance(graph, Iterable) or isinstance(graph, str | bytes):
        raise InputError(f"a graph is of networkx or rustworkx, or edges, got {shown(graph)}")
    edges = []
    if isinstance(graph, np.ndarray):
        graph = graph.tolist()
    if isinstance(graph, str | Mapping) or not isinstance(graph, Iterable):
        raise InputError(
            f"MaxCut takes a networkx or rustworkx graph, or edges (u, v), got {shown(graph)}"
        )
    for edge in graph:
        if (
            isinstance(edge, str)
            or not isinstance(edge, Sequence | np.ndarray)
            or not (2 <= len(edge) <= 3)
        ):
            raise InputError(f"an edge is (u, v) or (u, v, weight), got {shown(edge)}")
        u, v = (_node(node) for node in edge[:2])
        edges.append((u, v, _weight(edge[2] if len(edge) == 3 else 1.0)))
    return max((max(u, v) + 1 for u, v, _ in edges), default=0), edges


def _places(nodes: Sequence[Any]) -> dict[Any, int]:
    """The qubit of each node: its number, where nodes are numbered from 0, or its place."""
    numbered = {node for node in nodes if isinstance(node, int)} == set(range(len(nodes)))
    return {node: node if numbered else k for k, node in enumerate(nodes)}


def qubo(matrix: Any, constant: float = 0.0) -> SpinHamiltonian:
    """Return the minimum of n^T Q n + constant over bits n, from a matrix or {(i, j): Q_ij}."""
    shift = real_array(constant, "the constant of a QUBO")
    if len(shift) != 1:
        raise InputError(f"the constant of a QUBO is one number, got {shown(constant)}")
    terms: list[tuple[dict[int, str], float]] = [({}, float(shift[0]))]
    n, entries = _entries(matrix, "a QUBO")
    for i, j, value in entries:
        if i == j:
            terms += [({}, value / 2), ({i: "Z"}, -value / 2)]
        else:
            terms += [({}, value / 4), ({i: "Z"}, -value / 4), ({j: "Z"}, -value / 4),
                      ({i: "Z", j: "Z"}, value / 4)]  # fmt: skip
    return spin_hamiltonian(terms, n, label="qubo")


def ising(couplings: Any, fields: Any = ()) -> SpinHamiltonian:
    """Return Σ_(i<j) J_ij Z_i Z_j + Σ_i h_i Z_i.

    Args:
        couplings: symmetric or upper triangular J with a diagonal of zeros, or {(i, j): J_ij}; of
            a symmetric matrix each pair counts once.
        fields: h_i, or nothing.
    """
    n, entries = _entries(couplings, "an Ising model")
    if any(i == j for i, j, _ in entries):
        raise InputError("an Ising model has no J_ii: Z_i Z_i is 1; give fields instead")
    pairs = {(i, j): value for i, j, value in entries}
    values = real_array(() if fields is None else fields, "the fields of an Ising model")
    terms: list[tuple[dict[int, str], float]] = []
    for (i, j), value in pairs.items():
        other = pairs.get((j, i))
        if other is not None and other != value:
            raise InputError(f"J_{i}{j} and J_{j}{i} differ; give a symmetric or triangular J")
        if other is None or i < j:
            terms.append(({i: "Z", j: "Z"}, value))
    terms += [({q: "Z"}, float(h)) for q, h in enumerate(values) if h]
    return spin_hamiltonian(terms or [({}, 0.0)], max(n, len(values)), label="ising")


def _entries(matrix: Any, what: str) -> tuple[int, list[tuple[int, int, float]]]:
    if isinstance(matrix, Mapping):
        if matrix and not is_entries(matrix):
            raise InputError(f"{what} is a square matrix or {{(i, j): value}}, got {shown(matrix)}")
        rows = [(_node(i), _node(j), _weight(value)) for (i, j), value in matrix.items()]
        return max((max(i, j) + 1 for i, j, _ in rows), default=0), rows
    try:
        array = real_values(matrix)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{what} is a square matrix of real numbers") from None
    if array.ndim != 2 or array.shape[0] != array.shape[1]:
        raise InputError(f"{what} is a square matrix, got shape {array.shape}")
    return len(array), [(int(i), int(j), float(array[i, j])) for i, j in np.argwhere(array)]


def _weight(value: Any) -> float:
    if value is None:
        return 1.0
    try:
        return float(value)
    except (TypeError, ValueError):
        raise InputError(f"an edge's weight must be a number, got {shown(value)}") from None


def _node(value: Any) -> int:
    try:
        node = int(value)
    except (TypeError, ValueError, OverflowError):
        node = -1
    if node < 0 or node != value:
        raise InputError(f"nodes are numbered from 0, got {shown(value)}")
    return node


def is_entries(value: Any) -> bool:
    """Whether a mapping is a QUBO's {(i, j): Q_ij}."""
    return (
        isinstance(value, Mapping)
        and bool(value)
        and all(isinstance(key, tuple) and len(key) == 2 for key in value)
    )


def edge_lines(lines: Iterable[str], source: str) -> list[tuple[int, int, float]]:
    """Return the edges of a text: "u v" or "u v weight" a line, # begins a comment."""
    edges = []
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].replace(",", " ").split()
        if not words:
            continue
        try:
            u, v = int(words[0]), int(words[1])
            weight = float(words[2]) if len(words) > 2 else 1.0
        except (ValueError, IndexError):
            u = -1
            v, weight = -1, 0.0
        if u < 0 or v < 0 or len(words) > 3 or not np.isfinite(weight):
            raise InputError(
                f"{source}, line {number}: an edge is 'u v' or 'u v weight', nodes from 0"
            )
        edges.append((u, v, weight))
    return edges
