"""Circuits that grow: adaptive ansätze on any backend, under shots or exact."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qvopt.backends.protocol import PoolSlopes, Program
from qvopt.optimizers.growth import growing
from qvopt.optimizers.protocol import Optimizer
from qvopt_circuits.adapt import Adapt
from qvopt_circuits.circuit import Circuit
from qvopt_circuits.mapping import map_circuit
from qvopt_circuits.pools import PoolOperator, extended, probe
from qvopt_molecules.arrays import FloatArray

if TYPE_CHECKING:
    from .evaluator import Evaluator


@dataclass(frozen=True, eq=False)
class Growth:
    """How a circuit grows.

    Attributes:
        ansatz: how operators are chosen.
        pool: its operators.
        circuit: the circuit so far, on Jordan-Wigner qubits.
        mapping: the qubits that it runs on.
        compile: makes a program of a mapped circuit.
        slopes: the pool tabulated, where the backend does and it fits.
    """

    ansatz: Adapt
    pool: tuple[PoolOperator, ...]
    circuit: Circuit
    mapping: str
    compile: Callable[[Circuit], Program]
    slopes: PoolSlopes | None = None

    def labels(self, operators: Sequence[int]) -> tuple[str, ...]:
        """Return the operators' labels."""
        return tuple(self.pool[k].label for k in operators)


def grown_evaluator(evaluator: Evaluator, operators: Sequence[int]) -> Evaluator:
    """Return the evaluator of the circuit followed by operators of the pool, at new parameters."""
    growth = evaluator.growth
    assert growth is not None
    circuit = extended(growth.circuit, [growth.pool[k] for k in operators])
    mapped = map_circuit(circuit, growth.mapping)
    program = growth.compile(mapped)
    return replace(
        evaluator, program=program, circuit=mapped, growth=replace(growth, circuit=circuit)
    )


def probe_evaluator(evaluator: Evaluator, x: FloatArray) -> Evaluator:
    """Return the evaluator of the circuit fixed at x, with the whole pool after it at parameters.

    Its shifted energies are other ones than the circuit's own: nothing is learned of them.
    """
    growth = evaluator.growth
    assert growth is not None
    circuit = map_circuit(probe(growth.circuit, x, growth.pool), growth.mapping)
    program = growth.compile(circuit)
    return replace(evaluator, program=program, circuit=circuit, growth=None, learns_points=False)


def growing_optimizer(optimizer: Optimizer, evaluator: Evaluator) -> Optimizer:
    """Return the optimizer; for a circuit that grows, inside the loop that grows it."""
    growth = evaluator.growth
    if growth is None:
        return optimizer
    ansatz = growth.ansatz
    return growing(
        optimizer,
        [operator.qubits for operator in growth.pool],
        tolerance=ansatz.tolerance,
        energy_tolerance=ansatz.energy_tolerance,
        max_operators=ansatz.max_operators,
        per_step=ansatz.per_step,
        disjoint=ansatz.disjoint,
        inner_steps=ansatz.inner_steps,
    )
