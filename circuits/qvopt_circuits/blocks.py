"""Which gates act side by side, and which parameters a block-diagonal metric couples."""

from __future__ import annotations

from .circuit import Circuit


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
