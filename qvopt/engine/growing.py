"""Evaluators of circuits that grow: adaptive ansätze on any backend, under shots or exact."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from qvopt.backends.protocol import Program
from qvopt.engine.evaluator import Evaluator
from qvopt.engine.rounds import PreparedRound
from qvopt.optimizers.growth import growing
from qvopt.optimizers.protocol import Gradient, Optimizer, PoolGradient, Query
from qvopt_circuits.adapt import Adapt
from qvopt_circuits.circuit import Circuit
from qvopt_circuits.mapping import map_circuit
from qvopt_circuits.pools import PoolOperator, extended, probe
from qvopt_molecules.errors import InputError

if TYPE_CHECKING:
    from qvopt.backends.sector.pool import OperatorSlopes

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Growth:
    """What a growing evaluator needs beside an evaluator's parts.

    Attributes:
        ansatz: how to grow.
        pool: its operators.
        circuit: the circuit so far, on Jordan-Wigner qubits.
        mapping: the qubits that it runs on.
        slopes: the pool tabulated in the sector, where the backend is that and it fits.
        compile: makes a program of a mapped circuit.
    """

    ansatz: Adapt
    pool: tuple[PoolOperator, ...]
    circuit: Circuit
    mapping: str
    compile: Callable[[Circuit], Program]
    slopes: OperatorSlopes | None = None


@dataclass(kw_only=True)
class GrowingEvaluator(Evaluator):
    """An evaluator that also answers `PoolGradient`, and that grows.

    The gradient of the whole pool is that of one circuit, the present one with all operators after
    it at zero: one adjoint pass where it is exact, shift rules for each operator under shots. The
    sector backend tabulates the pool once and needs nothing but the present state.
    """

    growth: Growth

    def prepare(self, queries: Sequence[Query], *key: int) -> PreparedRound:
        """Expand a round; one that asks for the pool asks for nothing else."""
        if not any(isinstance(query, PoolGradient) for query in queries):
            return super().prepare(queries, *key)
        if len(queries) != 1:
            raise InputError("the gradient of the pool is asked for in a round of its own")
        (query,) = queries
        assert isinstance(query, PoolGradient)
        growth = self.growth
        zeros = np.zeros(len(growth.pool))
        at_zero = Gradient(zeros, query.shots, query.purpose)
        if self.shots is None and growth.slopes is not None:
            pool: Evaluator = _Tabulated(
                self.program, growth.slopes.circuit, None, None, self.seed, owner=self, x=query.x
            )
            return pool.prepare([at_zero], *key)
        circuit = map_circuit(probe(growth.circuit, query.x, growth.pool), growth.mapping)
        program = growth.compile(circuit)
        pool = Evaluator(program, circuit, self.plan, self.shots, self.seed)
        return pool.prepare([at_zero], *key)

    def labels(self, operators: Sequence[int]) -> tuple[str, ...]:
        """Return the operators' labels."""
        return tuple(self.growth.pool[k].label for k in operators)

    def grown(self, operators: Sequence[int]) -> GrowingEvaluator:
        """Return the evaluator of the circuit followed by more operators, at new parameters."""
        growth = self.growth
        circuit = extended(growth.circuit, [growth.pool[k] for k in operators])
        mapped = map_circuit(circuit, growth.mapping)
        new = replace(
            self,
            program=growth.compile(mapped),
            circuit=mapped,
            growth=replace(growth, circuit=circuit),
        )
        new.inherit(self)
        return new


@dataclass(kw_only=True)
class _Tabulated(Evaluator):
    """Answers the gradient of a tabulated pool after another evaluator's circuit at x."""

    owner: GrowingEvaluator
    x: FloatArray

    def _exact_gradient(self, x: FloatArray) -> tuple[float, FloatArray]:
        slopes = self.owner.growth.slopes
        assert slopes is not None
        return 0.0, slopes.at(self.program, self.x)


def growing_optimizer(optimizer: Optimizer, evaluator: Evaluator) -> Optimizer:
    """Return the optimizer; for a circuit that grows, inside the loop that grows it."""
    if not isinstance(evaluator, GrowingEvaluator):
        return optimizer
    growth = evaluator.growth
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
