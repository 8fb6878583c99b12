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

from qvopt_molecules.errors import unknown_name
from qvopt_molecules.pauli import PauliSum

from . import fully_commuting, qubit_wise
from .greedy_colours import degrees, greedy_colours
from .plan import MeasurementPlan

Kind = Literal["qubit-wise", "fully-commuting"]


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
    if kind not in get_args(Kind):
        raise unknown_name("kind of commuting groups", str(kind), get_args(Kind))
    order = np.argsort(-np.abs(observable.coefficients), kind="stable")
    order = order[(observable.x[order] | observable.z[order]) != 0]
    x, z = observable.x[order].astype(np.uint64), observable.z[order].astype(np.uint64)
    is_qubit_wise = kind == "qubit-wise"
    by_degree = np.argsort(-degrees(x, z, is_qubit_wise), kind="stable")
    best: dict[int, list[int]] | None = None
    for by_saturation in (True, False):
        colours = np.empty(len(order), dtype=np.int64)
        colours[by_degree] = greedy_colours(
            x[by_degree], z[by_degree], is_qubit_wise, by_saturation
        )
        groups: dict[int, list[int]] = {}
        for node, colour in zip(order.tolist(), colours.tolist(), strict=True):
            groups.setdefault(colour, []).append(node)
        if best is None or len(groups) < len(best):
            best = groups
    assert best is not None
    return list(best.values())
