"""Zero-noise extrapolation: energies at amplified noise, taken back to none.

Each energy is measured with its noise amplified by factors λ_i ≥ 1 (`backends.folding`); a model
E(λ) is fitted and read at 0:

- "linear": least squares of a + b λ;
- "richardson": the polynomial through all points;
- "exponential": a + b e^{-cλ}, a being the energy of the completely depolarised state, which is
  known; a straight line through log |E - a|. Where measured energies are on both sides of a,
  there is no such curve, and the linear value is taken.

The first two are weighted sums Σ w_i E_i; the shots of an energy are split as |w_i|, which gives
the least variance. Derivatives give the variance of the third. References: K. Temme et al.,
PRL 119, 180509 (2017), arXiv:1612.02058; A. Kandala et al., Nature 567, 491 (2019),
arXiv:1805.04492; T. Giurgica-Tiron et al., QCE 2020, 306, arXiv:2005.10921.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError

from .estimate import Estimate, combined_dof, scaled_sum
from .plan import MeasurementPlan
from .selection import Selection, mean_in_selection

Fit = Literal["linear", "richardson", "exponential"]


@dataclass(frozen=True)
class Extrapolation:
    """How energies at noise factors `scales` become one at none.

    `limit` is the energy in Hartree that "exponential" tends to under infinite noise.
    """

    scales: tuple[float, ...]
    fit: Fit = "linear"
    limit: float = 0.0

    def __post_init__(self) -> None:
        if len(set(self.scales)) < 2 or len(set(self.scales)) != len(self.scales):
            raise InputError(f"extrapolation needs two or more different scales, got {self.scales}")
        if min(self.scales) < 1:
            raise InputError(f"noise can only be amplified: scales start at 1, got {self.scales}")

    @cached_property
    def weights(self) -> FloatArray:
        """w with E(0) = Σ w_i E_i: of the linear fit, or of the polynomial through all points."""
        x = np.array(self.scales)
        if self.fit == "richardson":
            others = ~np.eye(len(x), dtype=bool)
            return np.array([np.prod(x[o] / (x[o] - x[i])) for i, o in enumerate(others)])
        centred = x - x.mean()
        return np.asarray(1.0 / len(x) - x.mean() * centred / (centred @ centred))

    @property
    def share(self) -> FloatArray:
        """Shots of each scale, relative."""
        weights = np.abs(self.weights)
        return np.asarray(np.maximum(weights, 0.02 * weights.max()))

    def combine(self, estimates: Sequence[Estimate]) -> Estimate:
        """Return the energy at no noise and its variance."""
        value, slopes = self._value(np.array([e.value for e in estimates]))
        shared = scaled_sum([e.shared for e in estimates], slopes.tolist())
        common = [sum(s * s for s in e.shared) for e in estimates]
        parts = [
            slope**2 * (e.variance - c)
            for slope, e, c in zip(slopes.tolist(), estimates, common, strict=True)
        ]
        variance = sum(parts) + sum(s * s for s in shared)
        # The prior and few outcomes leave doubt in the parts alone, not in what they share.
        doubts = [
            (slope**2 * e.variance, e.dof) for slope, e in zip(slopes, estimates, strict=True)
        ]
        guessed = sum(e.assumed * v for e, (v, _) in zip(estimates, doubts, strict=True))
        return Estimate(
            value,
            variance,
            sum(e.shots for e in estimates),
            shared,
            combined_dof(variance, doubts),
            min(guessed / variance, 1.0) if variance > 0.0 else 0.0,
        )

    def _value(self, energies: FloatArray) -> tuple[float, FloatArray]:
        """Return the value and its derivatives."""
        away = energies - self.limit
        if self.fit == "exponential" and (np.all(away > 0) or np.all(away < 0)):
            sign = 1.0 if away[0] > 0 else -1.0
            distance = sign * float(np.exp(self.weights @ np.log(np.abs(away))))
            return self.limit + distance, np.asarray(distance * self.weights / away)
        return float(self.weights @ energies), self.weights


def depolarized_energy(plan: MeasurementPlan) -> float:
    """Energy in Hartree that a plan measures in the completely depolarised state.

    Without post-selection all of its Z strings vanish; with it they are averaged over the outcomes
    that are kept.
    """
    total = plan.constant
    for group in plan.groups:
        selection = group.selection or Selection()
        total += mean_in_selection(group.diagonal, selection, plan.n_qubits)
    return float(total)
