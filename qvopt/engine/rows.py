"""Energies that a round asks for, on their way to the program and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from qvopt.backends.batch import Counts, Point
from qvopt.measurement.estimate import Estimate, Moments
from qvopt.measurement.plan import MeasurementPlan
from qvopt.measurement.statistics import combine_moments, combine_random, moments_of_group
from qvopt.optimizers.protocol import Spread
from qvopt_molecules.arrays import FloatArray


def min_shots(spread: Spread, n_groups: int) -> int:
    """Return the fewest shots that an energy can do with: two of each group, for a variance.

    Randomly spread shots need two in all.
    """
    return 2 if spread == "random" else 2 * n_groups


class Row(NamedTuple):
    """One energy at one setting.

    Attributes:
        point: where.
        shots: in total over all groups.
        query: number of the request that it belongs to; the shots of a request are rounded
            together where a device takes them in blocks.
        spread: how shots fall on the groups.
        shifted: whether it is a shifted energy of a gradient.
        purpose: what its cost is charged as.
        differentiates: whether it is one of all the shifted energies of a gradient, whose weights
            add up to zero: an error in common cancels.
    """

    point: Point
    shots: int
    query: int
    spread: Spread
    shifted: bool
    purpose: str
    differentiates: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class RowResult:
    """What came back for a row: counts of each group, or their moments, or the estimate.

    `weights` are the probabilities that a random spread drew groups with, `block` shots at a time.
    """

    counts: Sequence[Counts] | None = None
    moments: Sequence[Moments] | None = None
    estimate: Estimate | None = None
    weights: FloatArray | None = None
    block: int = 1

    def with_moments(self, plan: MeasurementPlan) -> RowResult:
        """Return the result with the moments of its counts, where it has counts alone."""
        if self.counts is None or self.moments is not None:
            return self
        pairs = zip(plan.groups, self.counts, strict=True)
        return replace(self, counts=None, moments=[moments_of_group(g, c) for g, c in pairs])

    def value(self, plan: MeasurementPlan) -> Estimate:
        """Return the energy's estimate."""
        if self.estimate is not None:
            return self.estimate
        assert self.moments is not None
        if self.weights is None:
            return combine_moments(plan, self.moments)
        return combine_random(plan, self.moments, self.weights, self.block)
