"""How a number of shots is split over groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, get_args

import numpy as np

from qvopt_molecules.arrays import FloatArray, IntArray
from qvopt_molecules.errors import InputError, unknown_name
from qvopt_molecules.spins import Hamiltonian

from .estimate import Estimate, Moments
from .estimate_table import EstimateTable
from .moment_table import MomentRow
from .plan import MeasurementPlan
from .variance import reference_deviations, reference_means

AllocationRule = Literal["uniform", "weighted", "variance", "measured"]


def allocate(weights: FloatArray, total: int, minimum: int = 2) -> IntArray:
    """Split `total` shots in proportion to `weights`, by largest remainders.

    The parts sum to exactly `total` and every one is at least `minimum`: two, so that each group
    has a variance. Weights that are all zero count as equal. Raises InputError where a weight is
    negative or not finite, and, with the least possible total, where the total is too small.

    >>> allocate(np.array([3.0, 1.0]), 10).tolist()
    [8, 2]
    """
    return _allocated(np.asarray(weights, dtype=np.float64).tobytes(), total, minimum).copy()


@lru_cache(maxsize=64)
def _allocated(weights: bytes, total: int, minimum: int) -> IntArray:
    """`allocate`: most rounds of a run split the same shots by the same weights."""
    share = np.frombuffer(weights)
    n = len(share)
    if not np.all(np.isfinite(share)) or np.any(share < 0):
        raise InputError("weights of measurement groups must be finite and not negative")
    if n == 0:
        return np.zeros(0, dtype=np.int64)
    if total < n * minimum:
        raise InputError(
            f"{total} shots are too few for {n} measurement groups; give at least {n * minimum}"
        )
    spare = total - n * minimum
    if share.sum() == 0.0:
        share = np.ones(n)
    # What a group is owed beyond its minimum, so that the whole follows the weights.
    owed = np.maximum(share / share.sum() * total - minimum, 0.0)
    if owed.sum() == 0.0:
        owed = np.ones(n)
    exact = owed / owed.sum() * spare
    parts = np.floor(exact).astype(np.int64)
    left = spare - int(parts.sum())
    parts[np.argsort(parts - exact, kind="stable")[:left]] += 1
    return np.asarray(parts + minimum)


def with_allocation(
    plan: MeasurementPlan,
    rule: AllocationRule,
    *,
    hamiltonian: Hamiltonian,
    mapping: str = "jordan-wigner",
) -> MeasurementPlan:
    """Return the plan with weights by a rule, and with the determinant's deviations.

    - "uniform": every group the same.
    - "weighted": by Σ|c| of the group's terms.
    - "variance": by the deviations that the plan was made for, if it has any. Else half by the
      standard deviation of the group's outcomes in the reference (Hartree-Fock) state, half by
      "weighted". A share in proportion to the standard deviation is optimal where the state is
      the determinant; the other half serves groups whose variance vanishes there but not in a
      correlated state.
    - "measured": starts as "variance"; `learned_weights` then takes over from what was measured.

    Raises InputError for an unknown rule.
    """
    if rule not in get_args(AllocationRule):
        raise unknown_name("allocation rule", str(rule), get_args(AllocationRule))
    sizes = np.array([float(np.abs(g.diagonal.coefficients).sum()) for g in plan.groups])
    deviations = None
    if plan.deviations is None:
        deviations = reference_deviations(plan, hamiltonian, mapping)
    if rule == "uniform":
        weights: FloatArray = np.ones(len(plan.groups))
    elif rule == "weighted":
        weights = sizes
    elif deviations is None:
        assert plan.deviations is not None
        weights = _by_deviation(plan.deviations)
    else:
        weights = 0.5 * sizes / max(sizes.sum(), 1e-300)
        weights += 0.5 * deviations / max(deviations.sum(), 1e-300)
    if weights.sum() <= 0.0:
        weights = np.ones(len(plan.groups))
    weights = np.maximum(weights / weights.sum(), 1e-12)
    shifted = None
    if rule in ("variance", "measured") and plan.shifted_deviations is not None:
        shifted = _by_deviation(plan.shifted_deviations)
        shifted = shifted / shifted.sum()
    return replace(
        plan,
        weights=weights / weights.sum(),
        shifted_weights=shifted,
        determinant_deviations=deviations,
        determinant_means=reference_means(plan, hamiltonian, mapping),
    )


def _by_deviation(deviations: FloatArray) -> FloatArray:
    """A tenth is spread evenly, for states in which other groups scatter than in the plan's."""
    return 0.9 * deviations + 0.1 * max(float(deviations.mean()), 1e-12)


@dataclass(frozen=True, eq=False)
class Scatter:
    """What shots have told of each group's variance: sums of squared deviations, and freedoms."""

    squares: FloatArray
    freedoms: FloatArray

    @classmethod
    def of(cls, moments: Sequence[Sequence[Moments]]) -> Scatter:
        """Pool over settings; each has a mean of its own."""
        rows = [
            (row.table.m2s[row.row], row.table.shots[row.row])
            if isinstance(row, MomentRow)
            else ([m.m2 for m in row], [m.shots for m in row])
            for row in moments
        ]
        squares = np.array([m2s for m2s, _ in rows])
        shots = np.array([shots for _, shots in rows], dtype=np.float64)
        return cls(squares.sum(axis=0), np.maximum(shots - 1, 0).sum(axis=0))

    @classmethod
    def of_points(cls, estimates: Sequence[Estimate], n_groups: int) -> Scatter:
        """Variance × shots of whole energies, one for each setting."""
        table = EstimateTable.of(estimates)
        shots, variance = table.shots.astype(np.float64), table.variances
        known = np.isfinite(variance) & (shots > n_groups)
        freedoms = np.where(known, shots - n_groups, 0.0)
        return cls(np.where(known, variance, 0.0) * shots * freedoms, freedoms)

    def __add__(self, other: Scatter) -> Scatter:
        return Scatter(self.squares + other.squares, self.freedoms + other.freedoms)

    def after(self, newer: Scatter, memory: float = 0.8) -> Scatter:
        """This one fading, and a newer one: the state moves as the optimizer does."""
        return Scatter(
            memory * self.squares + newer.squares, memory * self.freedoms + newer.freedoms
        )


def learned_weights(scatter: Scatter, prior: FloatArray | None) -> FloatArray:
    """Shares in proportion to measured standard deviations.

    A prior deviation counts like ten shots, so that a group is not starved for a lucky few. A tenth
    is spread evenly for the same reason.
    """
    known = 10.0 if prior is not None else 0.0
    squares = scatter.squares + known * (0.0 if prior is None else np.square(prior))
    return shares_by_deviation(np.sqrt(squares / np.maximum(scatter.freedoms + known, 1.0)))


def shares_by_deviation(deviations: FloatArray) -> FloatArray:
    """Shares in proportion to standard deviations, but for a tenth that is spread evenly."""
    weights = _by_deviation(deviations)
    return np.asarray(weights / weights.sum())


def learned_deviations(scatter: Scatter) -> FloatArray:
    """Relative deviations of settings that no prior tells apart: all start at their mean."""
    mean = np.sqrt(float(scatter.squares.sum()) / max(float(scatter.freedoms.sum()), 1.0))
    return learned_weights(scatter, np.full(len(scatter.squares), mean))
