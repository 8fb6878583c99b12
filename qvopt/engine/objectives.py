r"""What is minimised: the energy, or something else that an evaluator's circuit shows.

Deflated: E(x) + β Σ_i |⟨ψ(x)|ψ(x_i)⟩|² (VQD, O. Higgott, D. Wang, S. Brierley, arXiv:1805.08138);
the overlaps are fidelities, measured as the backend measures them. Weighted: Σ_k w_k E_k(x) of one
circuit on orthogonal references (SSVQE, K. Nakanishi, K. Mitarai, K. Fujii, arXiv:1810.09434).
Both have the circuit's own frequencies, so that every gradient rule for energies holds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from qvopt.backends.batch import Point
from qvopt.gradients.parameter_shift import expand_gradient
from qvopt.measurement.estimate import Estimate, combined_dof, scaled_sum
from qvopt.optimizers.protocol import Spread
from qvopt_molecules.arrays import FloatArray

if TYPE_CHECKING:
    from .evaluator import Evaluator
    from .round import PreparedRound

Values = Callable[[], Sequence[Estimate]]
"""Gives the estimate at each point, once the round has run."""


@dataclass(frozen=True, eq=False)
class Sampling:
    """Where a function is measured: points, shots of each, and how they are spread and charged.

    `differentiates`: the points are the shifted ones of a whole gradient, in the rule's order.
    """

    points: Sequence[Point]
    shots: Sequence[int]
    spread: Spread
    purpose: str
    shifted: bool = False
    differentiates: bool = False


class Objective(Protocol):
    """A function of the parameters, for exact and for measured values."""

    @property
    def has_metric(self) -> bool:
        """Whether the circuit's state has a metric and fidelities that belong to the function."""
        ...

    def exact_energy(self, evaluator: Evaluator, x: FloatArray) -> float:
        """The true value at x in Hartree."""
        ...

    def exact_gradient(self, evaluator: Evaluator, x: FloatArray) -> tuple[float, FloatArray]:
        """The true value and its gradient."""
        ...

    def measure(self, evaluator: Evaluator, round_: PreparedRound, sampling: Sampling) -> Values:
        """Ask for what the values at the points take; they are there once the round has run."""
        ...


@dataclass(frozen=True)
class EnergyObjective:
    """The energy ⟨ψ(x)|H|ψ(x)⟩."""

    has_metric = True

    def exact_energy(self, evaluator: Evaluator, x: FloatArray) -> float:
        """The energy."""
        return evaluator.exact.energy(x)

    def exact_gradient(self, evaluator: Evaluator, x: FloatArray) -> tuple[float, FloatArray]:
        """The energy and its gradient."""
        return evaluator.exact.gradient(x)

    def measure(self, evaluator: Evaluator, round_: PreparedRound, sampling: Sampling) -> Values:
        """Energies at the points."""
        return round_.energies(evaluator, sampling)


@dataclass(frozen=True, eq=False)
class DeflatedObjective:
    """The energy plus `beta` (Hartree) times the fidelity with the state at each `lower` point."""

    lower: tuple[FloatArray, ...]
    beta: float
    has_metric = True

    def exact_energy(self, evaluator: Evaluator, x: FloatArray) -> float:
        """The deflated energy."""
        return evaluator.exact.energy(x) + float(self._penalty(evaluator, [Point(x)])[0])

    def exact_gradient(self, evaluator: Evaluator, x: FloatArray) -> tuple[float, FloatArray]:
        """The deflated energy and its gradient; that of the fidelities by shift rules."""
        energy, gradient = evaluator.exact.gradient(x)
        expansion = expand_gradient(evaluator.circuit, x)
        penalty = self._penalty(evaluator, [Point(x), *expansion.points])
        return energy + float(penalty[0]), gradient + expansion.matrix @ penalty[1:]

    def measure(self, evaluator: Evaluator, round_: PreparedRound, sampling: Sampling) -> Values:
        """Energies, and fidelities with as many shots for each lower state."""
        energies = round_.energies(evaluator, sampling)
        if not self.lower:
            return energies
        pairs = [(point, Point(y)) for point in sampling.points for y in self.lower]
        pair_shots = np.repeat(np.asarray(sampling.shots, dtype=np.int64), len(self.lower))
        probabilities = round_.fidelities(evaluator, pairs, pair_shots, "overlap")

        def values() -> list[Estimate]:
            overlaps = iter(probabilities())
            return [self._deflated(e, [next(overlaps) for _ in self.lower]) for e in energies()]

        return values

    def _penalty(self, evaluator: Evaluator, points: Sequence[Point]) -> FloatArray:
        fidelities = evaluator.exact.fidelities(points, self.lower)
        return np.asarray(self.beta * fidelities.sum(axis=1))

    def _deflated(self, energy: Estimate, overlaps: Sequence[Estimate]) -> Estimate:
        terms = [(self.beta**2 * o.variance, o) for o in overlaps]
        variance = energy.variance + sum(v for v, _ in terms)
        assumed = energy.variance * energy.assumed + sum(v * o.assumed for v, o in terms)
        return Estimate(
            energy.value + self.beta * sum(o.value for o in overlaps),
            variance,
            energy.shots + sum(o.shots for o in overlaps),
            energy.shared,
            combined_dof(
                variance, [(energy.variance, energy.dof), *((v, o.dof) for v, o in terms)]
            ),
            assumed / variance if variance > 0.0 else 0.0,
        )


@dataclass(frozen=True, eq=False)
class WeightedObjective:
    """Σ_k weights[k] E_k of evaluators that share their parameters: one of each reference."""

    parts: tuple[Evaluator, ...]
    weights: tuple[float, ...]
    has_metric = False

    def exact_energy(self, evaluator: Evaluator, x: FloatArray) -> float:
        """The weighted energy."""
        return float(np.dot(self.weights, [part.exact_energy(x) for part in self.parts]))

    def exact_gradient(self, evaluator: Evaluator, x: FloatArray) -> tuple[float, FloatArray]:
        """The weighted energy and its gradient."""
        values, gradients = zip(*(part.exact.gradient(x) for part in self.parts), strict=True)
        weights = np.array(self.weights)
        return float(weights @ values), weights @ np.array(gradients)

    def measure(self, evaluator: Evaluator, round_: PreparedRound, sampling: Sampling) -> Values:
        """Energies of every part, each with all of the shots."""
        measured = [round_.energies(part, sampling) for part in self.parts]

        def values() -> list[Estimate]:
            return [self._sum(row) for row in zip(*(m() for m in measured), strict=True)]

        return values

    def _sum(self, row: Sequence[Estimate]) -> Estimate:
        # Calibrations of different circuits are different ones: no error is in common.
        parts = [(w**2 * e.variance, e) for w, e in zip(self.weights, row, strict=True)]
        variance = sum(v for v, _ in parts)
        return Estimate(
            sum(w * e.value for w, e in zip(self.weights, row, strict=True)),
            variance,
            sum(e.shots for e in row),
            scaled_sum([e.shared for e in row], self.weights) if len(row) == 1 else (),
            combined_dof(variance, [(v, e.dof) for v, e in parts]),
            sum(v * e.assumed for v, e in parts) / variance if variance > 0.0 else 0.0,
        )
