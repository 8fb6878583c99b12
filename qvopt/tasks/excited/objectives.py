r"""What excited-state runs minimise, as evaluators that a driver asks.

Deflation: E(x) + β Σ_i |⟨ψ(x)|ψ(x_i)⟩|² (VQD, O. Higgott, D. Wang, S. Brierley, arXiv:1805.08138);
the overlaps are fidelities, measured as the backend measures them. Weighted: Σ_k w_k E_k(x) of one
circuit on orthogonal references (SSVQE, K. Nakanishi, K. Mitarai, K. Fujii, arXiv:1810.09434).
Both have the circuit's own frequencies, so that every gradient rule for energies holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from qvopt.backends.protocol import Point
from qvopt.evaluation import Evaluator, left_out_components
from qvopt.gradients.parameter_shift import expand_gradient, measured_points
from qvopt.ledger import Cost, Costs
from qvopt.measurement.allocation import Scatter
from qvopt.measurement.estimate import Estimate
from qvopt.optimizers.protocol import (
    Answer,
    Energy,
    Gradient,
    Landscape,
    Query,
    Scalar,
    Vector,
)
from qvopt.rounds import Finish, Job, Results
from qvopt_molecules.errors import InputError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class DeflatedEvaluator(Evaluator):
    """Energies plus β times the fidelity with each of the `lower` states' points."""

    beta: float = 0.0
    lower: Sequence[FloatArray] = ()

    @classmethod
    def of(cls, base: Evaluator, lower: Sequence[FloatArray], beta: float) -> DeflatedEvaluator:
        """Return the deflated evaluator of a plain one."""
        out = cls(base.program, base.circuit, base.plan, base.shots, base.seed,
                  base.gradient_rule, base.adaptive)  # fmt: skip
        out.beta, out.lower = beta, tuple(lower)
        return out

    def exact_energy(self, x: FloatArray) -> float:
        """The true value of the deflated energy."""
        return super().exact_energy(x) + float(self._penalty([Point(x)])[0])

    def _penalty(self, points: Sequence[Point]) -> FloatArray:
        if not self.lower:
            return np.zeros(len(points))
        pairs = [(point, Point(y)) for point in points for y in self.lower]
        fidelities = self.program.fidelities(pairs).reshape(len(points), -1)
        return np.asarray(self.beta * fidelities.sum(axis=1))

    def _exact(self, query: Query, differentiated: Sequence[FloatArray]) -> Finish:
        plain = super()._exact(query, differentiated)

        def finish(results: Results) -> Answer:
            answer = plain(results)
            if isinstance(query, Energy) and isinstance(answer, Scalar):
                # `exact_energy` is ours and has the penalty already, a gradient's energy has not.
                if not any(np.array_equal(query.x, x) for x in differentiated):
                    return answer
                return Scalar(answer.value + float(self._penalty([Point(query.x)])[0]))
            if isinstance(query, Gradient) and isinstance(answer, Vector):
                expansion = expand_gradient(self.circuit, query.x)
                slope = expansion.matrix @ self._penalty(expansion.points)
                return Vector(answer.value + slope, answer.variance, answer.shots)
            return answer

        return finish

    def _sampled_energy(self, query: Energy, job: Job) -> Finish:
        plain = super()._sampled_energy(query, job)
        if not self.lower:
            return plain
        shots = self._shots_of(query)
        pairs = [(Point(query.x), Point(y)) for y in self.lower]
        where = job.add_pairs("overlap", pairs, shots)

        def finish(results: Results) -> Answer:
            answer = plain(results)
            assert isinstance(answer, Scalar)
            value, variance = self._sum(results.fidelities[where], np.full(len(pairs), shots))
            spent = answer.shots + shots * len(pairs)
            return Scalar(answer.value + value, answer.variance + variance, spent)

        return finish

    def _sampled_gradient(self, query: Gradient, job: Job) -> Finish:
        if not self.lower:
            return super()._sampled_gradient(query, job)
        full = self.gradient_rule(self.circuit, query.x, lambda: job.rng)
        expansion, totals = measured_points(full, self._gradient_shots(query, full))
        left_out = left_out_components(query)
        shots, drawn = self._spread(totals, query.spread, job, shifted=True)
        where = job.add_points(query.purpose, expansion.points, shots, drawn, shifted=True)
        slots = []
        for point, total in zip(expansion.points, totals, strict=True):
            slots.append(job.add_pairs("overlap", [(point, Point(y)) for y in self.lower], total))

        def finish(results: Results) -> Answer:
            combined = []
            sampled = zip(results.energies[where], slots, totals, strict=True)
            for estimate, slot, total in sampled:
                value, variance = self._sum(
                    results.fidelities[slot], np.full(len(self.lower), total)
                )
                combined.append(
                    Estimate(estimate.value + value, estimate.variance + variance, estimate.shots)
                )
            slope, variances = expansion.combine(combined)
            variances[left_out] = np.inf
            spent = sum(e.shots for e in combined) + sum(totals) * len(self.lower)
            return Vector(slope, variances, spent)

        return finish

    def _sum(self, counts: IntArray, shots: IntArray) -> tuple[float, float]:
        """β Σ p̂ and its variance from counts of the reference outcome."""
        p = counts / shots
        variance = p * (1 - p) / np.maximum(shots - 1, 1)
        return float(self.beta * p.sum()), float(self.beta**2 * variance.sum())


class WeightedEvaluator:
    """Σ_k w_k E_k of evaluators that share their parameters; for energies and gradients."""

    readout = None

    def __init__(self, parts: Sequence[Evaluator], weights: Sequence[float]) -> None:
        self.parts, self.weights = list(parts), [float(w) for w in weights]
        self.shots, self.plan = parts[0].shots, parts[0].plan

    @property
    def landscape(self) -> Landscape:
        """That of the first reference."""
        return self.parts[0].landscape

    def exact_energy(self, x: FloatArray) -> float:
        """The true weighted energy."""
        values = [part.exact_energy(x) for part in self.parts]
        return float(np.dot(self.weights, values))

    def learn(self, found: Sequence[Scatter | None]) -> None:
        """Nothing is learned: the references scatter differently."""

    def prepare(self, queries: Sequence[Query], *key: int) -> _WeightedRound:
        """Expand a round for every reference."""
        for query in queries:
            if not isinstance(query, Energy | Gradient):
                raise InputError(
                    "subspace search takes optimizers that ask for energies and gradients; "
                    "natural gradients are of one state"
                )
        # A stream of its own for each reference.
        rounds = [part.prepare(queries, *key, k) for k, part in enumerate(self.parts)]
        return _WeightedRound(rounds, self.weights)


class _WeightedRound:
    found = None

    def __init__(self, rounds: Sequence[Any], weights: Sequence[float]) -> None:
        self._rounds, self._weights = rounds, weights

    @property
    def costs(self) -> Costs:
        """The costs of all references."""
        total: Costs = {}
        for prepared in self._rounds:
            for purpose, cost in prepared.costs.items():
                total[purpose] = total.get(purpose, Cost()) + cost
        return total

    def run(self) -> list[Answer]:
        """Run all and add up."""
        answers = [prepared.run() for prepared in self._rounds]
        return [self._sum(list(column)) for column in zip(*answers, strict=True)]

    def _sum(self, column: list[Any]) -> Answer:
        w = self._weights
        value: Any = sum(a.value * c for a, c in zip(column, w, strict=True))
        variance: Any = sum(a.variance * c**2 for a, c in zip(column, w, strict=True))
        shots = sum(a.shots for a in column)
        if isinstance(column[0], Scalar):
            return Scalar(float(value), float(variance), shots)
        return Vector(value, variance, shots)
