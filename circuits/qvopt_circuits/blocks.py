"""Which gates act side by side or commute, and which parameters a block-diagonal metric couples."""

from __future__ import annotations

import numpy as np

from qvopt_molecules.pauli import commute

from .circuit import Circuit
from .paulis import generator_strings


def layers(circuit: Circuit) -> tuple[tuple[int, ...], ...]:
    """Split a circuit into maximal runs of consecutive gates on pairwise disjoint qubits.

    Gates with a parameter and gates without one do not mix, so that a wall of entanglers parts
    two layers of rotations. Returns the positions in `circuit.gates` of each run. Gates of one run
    commute (fermionic excitations too: they are even in the ladder operators).
    """
    runs: list[list[int]] = []
    used: set[int] = set()
    was_parametric = False
    parametric = set(circuit.parametric)
    for position, gate in enumerate(circuit.gates):
        is_parametric = position in parametric
        if not runs or is_parametric != was_parametric or used.intersection(gate.qubits):
            runs.append([])
            used = set()
        was_parametric = is_parametric
        runs[-1].append(position)
        used.update(gate.qubits)
    return tuple(tuple(run) for run in runs)


def parameter_blocks(circuit: Circuit) -> tuple[tuple[int, ...], ...]:
    """Partition the parameter indices for the block-diagonal metric.

    Parameters with gates in a common layer share a block; so do, transitively, parameters that
    are linked through others. A parameter of no gate is a block by itself. Blocks are sorted
    inside and by their first index.

    Source: the layered metric of Stokes et al., arXiv:1909.02108.
    """
    parent = list(range(circuit.n_parameters))

    def root(k: int) -> int:
        while parent[k] != k:
            parent[k] = parent[parent[k]]
            k = parent[k]
        return k

    for layer in layers(circuit):
        angles = (circuit.gates[position].angle for position in layer)
        indices = [a.index for a in angles if a is not None and a.index is not None]
        for k in indices[1:]:
            low, high = sorted((root(indices[0]), root(k)))
            parent[high] = low
    blocks: dict[int, list[int]] = {}
    for k in range(circuit.n_parameters):
        blocks.setdefault(root(k), []).append(k)
    return tuple(tuple(block) for block in blocks.values())


def commuting_runs(circuit: Circuit) -> tuple[tuple[int, ...], ...]:
    """Partition the parametric gates into runs whose generators are read in one basis.

    Runs hold numbers along `circuit.parametric`: consecutive gates with nothing in between, all
    Pauli strings of whose generators commute. They hold layers whole, and where they can all gates
    of one parameter that stand side by side (an excitation in another mapping is such a series).
    """
    number = {position: k for k, position in enumerate(circuit.parametric)}
    index = circuit.affine[0]
    strings = []
    for position in circuit.parametric:
        strings_here = generator_strings(circuit.gates[position])
        strings.append(np.array([(x, z) for x, z, _ in strings_here], dtype=np.uint64))

    def fit(gates: list[int]) -> bool:
        x, z = np.concatenate([strings[k] for k in gates]).T
        return bool(commute(x[:, None], z[:, None], x, z).all())

    pieces: list[list[int]] = []
    for layer in layers(circuit):
        gates = [number[position] for position in layer if position in number]
        # An excitation's string may pass through a rotation's qubit: side by side is not enough.
        pieces += [gates] if gates and fit(gates) else [[k] for k in gates]

    def joined(pieces: list[list[int]], same_parameter: bool) -> list[list[int]]:
        out: list[list[int]] = []
        for piece in pieces:
            last = out[-1][-1] if out else -2
            near = circuit.parametric[piece[0]] == circuit.parametric[last] + 1 if out else False
            wanted = near and (not same_parameter or index[piece[0]] == index[last])
            if wanted and fit([*out[-1], *piece]):
                out[-1] = out[-1] + piece
            else:
                out.append(list(piece))
        return out

    return tuple(tuple(run) for run in joined(joined(pieces, True), False))
