r"""First and second derivatives along one parameter, from energies at shifted points.

With frequencies Ω, 2Ω, … RΩ, the R pairs E(±s_μ), s_μ = (2μ - 1) π / (2 R Ω), and E(0) fix

    E'(0) = Σ_μ c_μ [E(s_μ) - E(-s_μ)],   c_μ = (-1)^{μ-1} Ω / (4 R sin²(Ω s_μ / 2)),
    E''(0) = Σ_μ w_μ [E(s_μ) + E(-s_μ)] + w₀ E(0):

the odd part of the series gives the first, and the same energies' even part, Σ_k a_k cos kΩs with
E'' = -Σ_k (kΩ)² a_k, the second. So curvature costs one energy more for all parameters together.
References: as in `qvopt.gradients.shift_rules`; A. Mari, T. R. Bromley, N. Killoran, PRA 103,
012405 (2021), arXiv:2008.06517.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from qvopt_molecules.arrays import FloatArray, IntArray

from ..coordinate import base_and_order
from ..protocol import Energy, Gradient, Scalar, Vector


@dataclass(frozen=True, eq=False)
class DerivativeRule:
    """Shifts s_μ > 0 and the coefficients c_μ, w_μ and w₀ of one parameter."""

    shifts: FloatArray
    first: FloatArray
    second: FloatArray
    second_at_zero: float

    @property
    def n_energies(self) -> int:
        """Shifted energies of a derivative."""
        return 2 * len(self.shifts)


@cache
def derivative_rule(frequencies: tuple[float, ...]) -> DerivativeRule:
    """Return the rule of a parameter. Raises InputError for frequencies without a base."""
    base, order = base_and_order(frequencies)
    mu = np.arange(1, order + 1)
    phases = (2 * mu - 1) * np.pi / (2 * order)
    first = (-1.0) ** (mu - 1) * base / (4 * order * np.sin(phases / 2) ** 2)
    k = np.arange(order + 1)
    cosines = np.cos(np.outer(np.concatenate([[0.0], phases]), k))
    weights = -((k * base) ** 2) @ np.linalg.inv(cosines)
    return DerivativeRule(phases / base, first, weights[1:] / 2, float(weights[0]))


@dataclass(frozen=True, eq=False)
class DerivativeReading:
    """What a round says: derivatives of the parameters `index`, each array of that length.

    `shots` are those that a derivative took; `center` is the energy at the point itself.
    """

    index: IntArray
    gradient: FloatArray
    gradient_variance: FloatArray
    second: FloatArray
    second_variance: FloatArray
    shots: FloatArray
    center: Scalar

    @property
    def exact(self) -> bool:
        """Whether there is no noise at all."""
        return not (np.any(self.gradient_variance) or self.center.variance)


@dataclass(frozen=True, eq=False)
class DerivativeRound:
    """The energies of one round: at x, and at shifted points of some parameters.

    Args:
        rules: one for each parameter; None for parameters that do nothing.
        index: the parameters whose derivatives are asked for.
        shots: for each of them, in total.
        least: shots that one energy needs.
    """

    x: FloatArray
    rules: Sequence[DerivativeRule | None]
    index: IntArray
    shots: IntArray
    center_shots: int
    least: int

    def queries(self) -> list[Energy]:
        """The energies, that of x first."""
        out = [Energy(self.x, self.center_shots)]
        for i, total in zip(self.index.tolist(), self.shots.tolist(), strict=True):
            rule = self._rule(i)
            for shift, shots in zip(rule.shifts, self._split(rule, total), strict=True):
                for sign in (1.0, -1.0):
                    point = self.x.copy()
                    point[i] += sign * shift
                    out.append(Energy(point, shots, purpose="gradient"))
        return out

    def read(self, answers: Sequence[Scalar]) -> DerivativeReading:
        """Combine the answers to `queries`."""
        center, size = answers[0], len(self.index)
        columns: FloatArray = np.zeros((5, size))
        place = 1
        for k, (i, total) in enumerate(zip(self.index.tolist(), self.shots.tolist(), strict=True)):
            rule = self._rule(i)
            part = answers[place : place + rule.n_energies]
            place += rule.n_energies
            value = np.array([a.value - center.value for a in part]).reshape(-1, 2)
            variance = np.array([a.variance for a in part]).reshape(-1, 2).sum(axis=1)
            columns[:, k] = (
                rule.first @ (value[:, 0] - value[:, 1]),
                rule.first**2 @ variance,
                # The coefficients sum to zero: the offset at x leaves w₀ E(0) out.
                rule.second @ value.sum(axis=1),
                rule.second**2 @ variance + rule.second_at_zero**2 * center.variance,
                2 * sum(self._split(rule, total)),
            )
        slope, slope_variance, bend, bend_variance, shots = columns
        return DerivativeReading(
            self.index, slope, slope_variance, bend, bend_variance, shots, center
        )

    def _rule(self, i: int) -> DerivativeRule:
        rule = self.rules[i]
        assert rule is not None
        return rule

    def _split(self, rule: DerivativeRule, total: int) -> list[int]:
        """Shots of each energy of a pair, in proportion to |c_μ|."""
        share = np.abs(rule.first) / (2 * np.abs(rule.first).sum())
        return [max(self.least, round(float(s * total))) for s in share]


@dataclass(frozen=True, eq=False)
class GradientRound:
    """The same for functions of unknown frequencies: a gradient, and no second derivatives."""

    x: FloatArray
    index: IntArray
    shots: IntArray

    def queries(self) -> list[Gradient]:
        """The gradient at x; components beside `index` get no shots."""
        shots = np.zeros(len(self.x), dtype=np.int64)
        shots[self.index] = self.shots
        return [Gradient(self.x, [int(n) for n in shots])]

    def read(self, answers: Sequence[Vector]) -> DerivativeReading:
        """Combine the answer to `queries`."""
        k, size = self.index, len(self.index)
        (answer,) = answers
        return DerivativeReading(
            k,
            answer.value[k],
            answer.variance[k],
            np.zeros(size),
            np.full(size, np.inf),
            self.shots.astype(np.float64),
            Scalar(math.nan),
        )
