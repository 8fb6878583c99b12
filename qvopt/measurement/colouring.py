"""Groups of compatible Pauli strings by colouring the graph of the incompatible ones.

Strings are nodes, and an edge joins two that cannot share a group. A proper colouring gives each
group one colour; few colours are few circuits, though not necessarily few shots. References:
V. Verteletskyi, T.-C. Yen, A. F. Izmaylov, J. Chem. Phys. 152, 124114 (2020), arXiv:1907.03358
(qubit-wise); T.-C. Yen, V. Verteletskyi, A. F. Izmaylov, J. Chem. Theory Comput. 16, 2400 (2020),
arXiv:1907.09386 (fully commuting).
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from qvopt_molecules.errors import unknown_name
from qvopt_molecules.pauli import PauliSum, commute, commute_qubit_wise

from . import fully_commuting, qubit_wise
from .plan import MeasurementPlan

IntArray = npt.NDArray[np.int64]
MaskArray = npt.NDArray[np.uint64]

Kind = Literal["qubit-wise", "fully-commuting"]

_ROWS = 512  # of the adjacency matrix at a time, to bound memory


def coloured_plan(observable: PauliSum, kind: Kind) -> MeasurementPlan:
    """Return the plan "qubit-wise-coloring" or "fully-commuting-coloring".

    Raises InputError for an unknown kind.
    """
    members = coloured_members(observable, kind)
    if kind == "qubit-wise":
        return qubit_wise.plan_of_members(observable, members, "qubit-wise-coloring")
    return fully_commuting.plan_of_members(observable, members, "fully-commuting-coloring")


def coloured_members(observable: PauliSum, kind: Kind) -> list[list[int]]:
    """Return the indices of each group's strings; the identity is in none.

    Colours by saturation (DSATUR: D. Brélaz, Commun. ACM 22, 251 (1979)) and by decreasing degree,
    and takes the fewer; both are heuristics. Groups are ordered by their largest |c|, and strings
    within a group too. Raises InputError for an unknown kind.
    """
    import rustworkx

    if kind not in get_args(Kind):
        raise unknown_name("kind of commuting groups", str(kind), get_args(Kind))
    order = np.argsort(-np.abs(observable.coefficients), kind="stable")
    order = order[(observable.x[order] | observable.z[order]) != 0]
    edges = incompatible_pairs(observable.x[order], observable.z[order], kind)
    graph: rustworkx.PyGraph[None, None] = rustworkx.PyGraph()
    graph.add_nodes_from([None] * len(order))
    graph.extend_from_edge_list(list(zip(edges[0].tolist(), edges[1].tolist(), strict=True)))
    best: dict[int, list[int]] | None = None
    strategies = rustworkx.ColoringStrategy
    for strategy in (strategies.Saturation, strategies.Degree):
        colours = rustworkx.graph_greedy_color(graph, strategy=strategy)
        groups: dict[int, list[int]] = {}
        for node in range(len(order)):
            groups.setdefault(colours[node], []).append(int(order[node]))
        if best is None or len(groups) < len(best):
            best = groups
    assert best is not None
    return list(best.values())


def incompatible_pairs(
    x: MaskArray, z: MaskArray, kind: Kind
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return all j < k whose strings cannot share a group.

    Qubit-wise: on some qubit both act, with different letters. Fully commuting: they anticommute,
    |x_j & z_k| + |z_j & x_k| odd.
    """
    fit = commute_qubit_wise if kind == "qubit-wise" else commute
    first: list[IntArray] = [np.zeros(0, dtype=np.int64)]
    second: list[IntArray] = [np.zeros(0, dtype=np.int64)]
    for start in range(0, len(x), _ROWS):
        a, b = x[start : start + _ROWS, None], z[start : start + _ROWS, None]
        j, k = np.nonzero(np.triu(~fit(a, b, x, z), start + 1))
        first.append((j + start).astype(np.int64))
        second.append(k.astype(np.int64))
    return np.concatenate(first), np.concatenate(second)
