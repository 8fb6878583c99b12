"""What a circuit's structure says of its energy, in the words of the optimizers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from functools import partial

import numpy as np

from qvopt.engine.classical_model import classical_model
from qvopt.gradients.rules import GradientRule, get_gradient_rule
from qvopt.measurement.plan import MeasurementPlan
from qvopt.optimizers.protocol import Landscape, Partition
from qvopt_circuits.blocks import parameter_blocks
from qvopt_circuits.circuit import Circuit
from qvopt_circuits.gates import EXCITATIONS, Gate
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.pauli import PauliSum


def describe_landscape(
    circuit: Circuit,
    observable: PauliSum,
    plan: MeasurementPlan | None,
    rule: GradientRule | None = None,
    hamiltonian: MolecularHamiltonian | None = None,
    copies: int = 1,
) -> Landscape:
    """Return frequencies, curvature bound and groups of the energy of a circuit.

    The curvature bound is f² Σ|c|, f the largest frequency of a parameter and c the coefficients
    of the observable without its constant. `rule` expands gradients; None shifts gate by gate.
    `hamiltonian` is the observable over orbitals, if it has any: it makes the classical model.
    `copies` is the number of noise scales that every energy is measured at.
    """
    gates = _gates_by_parameter(circuit)
    frequencies = circuit.frequencies
    largest = max((max(f) for f in frequencies if f), default=0.0)
    size = sum(abs(c) for label, c in observable if set(label) - {"I"})
    return Landscape(
        circuit.n_parameters,
        frequencies,
        largest**2 * size,
        _groups(circuit, gates),
        None if plan is None else _least_shots(circuit, copies * len(plan.groups), rule),
        1 if plan is None else 2 * copies * len(plan.groups),
        None if hamiltonian is None else partial(classical_model, circuit, hamiltonian),
    )


def _gates_by_parameter(circuit: Circuit) -> list[list[tuple[Gate, float]]]:
    """For each parameter the gates that it turns, with their coefficients."""
    out: list[list[tuple[Gate, float]]] = [[] for _ in range(circuit.n_parameters)]
    index, coefficient, _ = circuit.affine
    for position, i, c in zip(circuit.parametric, index, coefficient, strict=True):
        out[i].append((circuit.gates[position], float(c)))
    return out


def _groups(circuit: Circuit, gates: list[list[tuple[Gate, float]]]) -> dict[str, Partition]:
    """Partitions of the parameters, by their first gate."""
    seen: dict[Hashable, int] = defaultdict(int)
    kinds: list[Hashable] = []
    rows: list[Hashable] = []
    columns: list[Hashable] = []
    for own in gates:
        if not own:
            for names in (kinds, rows, columns):
                names.append("none")
            continue
        gate = own[0][0]
        kinds.append(gate.name + gate.paulis)
        if gate.name in EXCITATIONS:
            half = len(gate.qubits) // 2
            rows.append(gate.qubits[:half])
            columns.append(gate.qubits[half:])
        else:
            # The k-th rotation on these qubits: a row is a layer of the ansatz.
            where = (gate.name, gate.paulis, gate.qubits)
            rows.append(seen[where])
            columns.append(where)
            seen[where] += 1
    return {
        "layer": parameter_blocks(circuit),
        "class": _partition(kinds),
        "row": _partition(rows),
        "column": _partition(columns),
    }


def _partition(names: list[Hashable]) -> Partition:
    groups: dict[Hashable, list[int]] = {}
    for i, name in enumerate(names):
        groups.setdefault(name, []).append(i)
    return tuple(tuple(group) for group in groups.values())


def _least_shots(circuit: Circuit, n_groups: int, rule: GradientRule | None) -> tuple[int, ...]:
    """Two shots for each group at each shifted energy of a parameter."""
    expand = rule or get_gradient_rule()
    expansion = expand(circuit, np.zeros(circuit.n_parameters), lambda: np.random.default_rng(0))
    points = (expansion.matrix != 0).sum(axis=1)
    return tuple(2 * n_groups * int(p) for p in np.asarray(points).reshape(-1))
