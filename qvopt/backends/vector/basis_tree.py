"""Changes of basis of all groups of a plan, sharing what they have in common.

Changes to Pauli bases are gates on single qubits, in any order: groups that read a qubit in the
same letter share that gate. A tree of choices (most common gate first: groups with it, groups
without) is walked depth first over a stack of states.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qvopt.measurement.basis_change import basis_change_circuit
from qvopt.measurement.plan import MeasurementGroup, PauliBasis
from qvopt_circuits.gates import Angle, Gate
from qvopt_molecules.arrays import IntArray

from .operations import Operations


@dataclass(frozen=True)
class Node:
    """Take the state of stack place `source` to place `target` by `gates`, and read groups."""

    source: int
    target: int
    gates: tuple[Gate, ...]
    groups: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class BasisTree:
    """Nodes in the order of their walk, as arrays.

    Attributes:
        operations: of all nodes, one after the other.
        steps: source, target, first operation, end of operations, first group, end of groups.
        groups: numbers of groups in the order of the nodes that read them.
        depth: places of the stack; place 0 holds the state itself and is overwritten.
    """

    operations: Operations
    steps: IntArray
    groups: IntArray
    depth: int

    @classmethod
    def of(cls, groups: Sequence[MeasurementGroup], n_qubits: int) -> BasisTree:
        """Plan the changes of basis of all groups."""
        return cls.of_nodes(basis_nodes([measuring_gates(g, n_qubits) for g in groups], groups))

    @classmethod
    def of_nodes(cls, nodes: Sequence[Node]) -> BasisTree:
        """Tabulate nodes."""
        steps = np.zeros((len(nodes), 6), dtype=np.int64)
        gates: list[Gate] = []
        groups: list[int] = []
        for row, node in zip(steps, nodes, strict=True):
            row[:] = (
                node.source, node.target, len(gates), len(gates) + len(node.gates),
                len(groups), len(groups) + len(node.groups),
            )  # fmt: skip
            gates.extend(node.gates)
            groups.extend(node.groups)
        depth = 1 + max((node.target for node in nodes), default=0)
        return cls(Operations.of(gates), steps, np.array(groups, dtype=np.int64), depth)


_READ_IN = {"X": ("h", None), "Y": ("rx", Angle(offset=np.pi / 2))}
"""RX(π/2) reads Y as S† and H do; the two differ by a phase of each outcome."""


def measuring_gates(group: MeasurementGroup, n_qubits: int) -> tuple[Gate, ...]:
    """Return gates after which outcomes have the probabilities of the group's basis."""
    if not isinstance(group.basis, PauliBasis):
        return basis_change_circuit(group, n_qubits).gates
    return tuple(
        Gate(_READ_IN[letter][0], (q,), _READ_IN[letter][1])
        for q, letter in enumerate(group.basis.letters)
        if letter in _READ_IN
    )


def basis_nodes(
    changes: Sequence[tuple[Gate, ...]], groups: Sequence[MeasurementGroup]
) -> list[Node]:
    """Return the nodes of a walk that takes the state through every group's gates."""
    nodes: list[Node] = []
    pauli = [k for k, group in enumerate(groups) if isinstance(group.basis, PauliBasis)]
    for k, gates in enumerate(changes):
        if k not in pauli:
            nodes.append(Node(0, 1, gates, (k,)) if gates else Node(0, 0, (), (k,)))
    if pauli:
        _branch({k: frozenset(changes[k]) for k in pauli}, 0, nodes)
    return nodes


def _branch(left: dict[int, frozenset[Gate]], place: int, nodes: list[Node]) -> None:
    """Append the nodes of groups whose state is at `place`; nothing else needs it afterwards."""
    done = tuple(k for k, gates in left.items() if not gates)
    if done:
        nodes.append(Node(place, place, (), done))
    left = {k: gates for k, gates in left.items() if gates}
    while left:
        if len(left) == 1:
            ((k, gates),) = left.items()
            nodes.append(Node(place, place, tuple(sorted(gates, key=_order)), (k,)))
            return
        counts = Counter(gate for gates in left.values() for gate in gates)
        most = max(counts.values())
        gate = min((g for g, n in counts.items() if n == most), key=_order)
        sharing = {k: gates - {gate} for k, gates in left.items() if gate in gates}
        left = {k: gates for k, gates in left.items() if gate not in gates}
        if left:
            nodes.append(Node(place, place + 1, (gate,), ()))
            _branch(sharing, place + 1, nodes)
        else:
            nodes.append(Node(place, place, (gate,), ()))
            _branch(sharing, place, nodes)


def _order(gate: Gate) -> tuple[tuple[int, ...], str]:
    return gate.qubits, gate.name
