"""How far a step may go: a trust region whose radius the measured energies set.

A quadratic model promises the change m = gᵀs + ½ sᵀPs of the energy over a step s. Where the energy
measured at the new point exceeds the promise by more than its standard error, and has not fallen,
the radius becomes half the length of the step; else it grows by 1.4. Where the measured gradient
says that the energy falls on beyond the step, that step was too short, whatever a noisy energy
says, and the radius is doubled; an informed model's word is taken for that. Lengths are Euclidean,
each parameter in radians of its highest frequency.
Reference: J. Nocedal, S. J. Wright, Numerical Optimization, algorithm 4.1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from qvopt_molecules.arrays import FloatArray

from ..protocol import Scalar

_GROWTH: Final = 1.4
_GROWTH_WHERE_FALLING: Final = 2.0
_LEAST: Final = 0.02
UNINFORMED_RADIUS: Final = 0.3
"""Of the first step where nothing is classically known."""

_LARGEST_UNINFORMED: Final = 2.0


@dataclass(frozen=True)
class TrustRegion:
    """The radius, the largest that it may become, and what the last step promised.

    `before` is the energy where the last step began; None where no step is to be judged.
    """

    radius: float
    largest: float
    before: Scalar | None = None
    promised: float = 0.0
    length: float = 0.0

    @classmethod
    def first(cls, informed: bool) -> TrustRegion:
        """Steps of an informed model are bounded once they have failed."""
        if informed:
            return cls(math.inf, math.inf)
        return cls(UNINFORMED_RADIUS, _LARGEST_UNINFORMED)

    def bounded(self, step: FloatArray, unit: FloatArray) -> FloatArray:
        """The step, shortened to the radius."""
        length = float(np.linalg.norm(step / unit))
        return step if length <= self.radius else step * (self.radius / length)

    def stepped(
        self, before: Scalar, slope: FloatArray, curvature: FloatArray, step: FloatArray,
        unit: FloatArray,
    ) -> TrustRegion:  # fmt: skip
        """Remember a step from a point of gradient `slope` by the model, to be judged."""
        promised = float(slope @ step + 0.5 * step @ curvature @ step)
        length = float(np.linalg.norm(step / unit))
        return replace(self, before=before, promised=promised, length=length)

    def judged(self, after: Scalar, falling: bool) -> TrustRegion:
        """Take in the energy measured at the end of the step, and whether it falls on beyond it."""
        if self.before is None or math.isnan(after.value):
            return self
        change = after.value - self.before.value
        error = math.sqrt(after.variance + self.before.variance)
        if change > max(0.0, self.promised + error) and not falling:
            return self.failed()
        growth = _GROWTH_WHERE_FALLING if falling else _GROWTH
        return replace(self, radius=min(growth * self.radius, self.largest))

    def failed(self) -> TrustRegion:
        """Half the last step, which led uphill."""
        radius = max(0.5 * min(self.radius, self.length), _LEAST)
        return replace(self, radius=radius, before=None)
