"""From the moments of each group to the estimate of an energy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from qvopt_molecules.arrays import FloatArray, IntArray
from qvopt_molecules.errors import BackendError

from .estimate import Estimate, Moments, combined_dof, scaled_sum
from .estimate_table import EstimateTable
from .moment_table import MomentRow, MomentTable
from .plan import Diagonal, MeasurementGroup, MeasurementPlan
from .prior import GroupPrior, proportion_variance
from .readout import Calibration, corrected_moments
from .selection import Selection


def combine_moments(plan: MeasurementPlan, moments: Sequence[Moments]) -> Estimate:
    """E = constant + Σ_g mean_g, Var E = Σ_g σ_g² / n_g.

    Each shot gives the value of its whole group, so covariances between the terms of a group are
    in σ_g², which is s_g² unless too few shots were taken (see `prior`). Different groups are
    independent, but for the error of a calibration that they share: its contributions are added
    before they are squared.

    A group that post-selection has left without shots has its mean in the determinant, and the
    prior's variance of a single shot; `assumed` says how much of the variance that is. Raises
    BackendError where no group has any, or such means are not known.
    """
    if isinstance(moments, MomentRow):
        return _row_of_table(plan, moments)
    _check_groups(plan, len(moments))
    table = np.array([(m.shots, m.mean, m.m2) for m in moments], dtype=np.float64).reshape(-1, 3)
    shots, means, squares = table.T
    estimate = combine_table(plan, shots[None], means[None], squares[None])[0]
    shared = scaled_sum([m.shared for m in moments], [1.0] * len(moments))
    return _with_shared(replace(estimate, shared=shared)) if shared else estimate


def _row_of_table(plan: MeasurementPlan, row: MomentRow) -> Estimate:
    """The estimate of one row; those of all are made at once, and kept in the table."""
    table, k = row.table, row.row
    if table.estimates is None or table.estimates[0] is not plan:
        table.estimates = plan, _complete(plan, table.shots, table.means, table.m2s)
    estimates = table.estimates[1]
    if estimates is None:  # of a randomly spread energy, which others share the table with
        one = slice(k, k + 1)
        return combine_table(plan, table.shots[one], table.means[one], table.m2s[one])[0]
    return estimates[k]


def estimates_of(plan: MeasurementPlan, table: MomentTable) -> EstimateTable:
    """Return the energies of all settings of a table."""
    return combine_table(plan, table.shots, table.means, table.m2s)


def combine_table(
    plan: MeasurementPlan, shots: IntArray | FloatArray, means: FloatArray, squares: FloatArray
) -> EstimateTable:
    """Return the energies of many settings at once; see `combine_moments`.

    Args:
        plan: whose groups were measured.
        shots: of each setting and group, shape (settings, groups).
        means: in Hartree, same shape.
        squares: sums of squared deviations in Hartree², same shape.
    """
    found = _complete(plan, shots, means, squares)
    if found is None:
        whole = np.asarray(shots, dtype=np.float64)
        found = _complete(plan, *_with_lost_groups(plan, whole, means), squares)
        assert found is not None
        found = replace(found, shots=whole.sum(axis=-1).astype(np.int64))
    return found


def _complete(
    plan: MeasurementPlan, shots: IntArray | FloatArray, means: FloatArray, squares: FloatArray
) -> EstimateTable | None:
    """The energies of many settings; None where a group has no shots."""
    _check_groups(plan, np.shape(shots)[-1])
    found = plan.prior.of_sums(shots, means, squares)
    if found is None:
        return None
    value = plan.constant + found.sums
    return EstimateTable(value, found.variance, found.shots, found.dof, found.assumed)


def _with_lost_groups(
    plan: MeasurementPlan, shots: FloatArray, means: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Let one shot of the determinant stand for a group of which nothing is left."""
    lost = shots < 1.0
    if plan.determinant_means is None or np.any(lost.all(axis=-1)):
        raise BackendError(
            "a measurement group came back without shots; under post-selection none was left: "
            "take more shots, or less noise"
        )
    return np.where(lost, 1.0, shots), np.where(lost, plan.determinant_means, means)


def _with_shared(estimate: Estimate) -> Estimate:
    """Add the variance of a calibration to that of the outcomes."""
    extra = sum(s * s for s in estimate.shared)
    if extra == 0.0:
        return estimate
    variance = estimate.variance + extra
    dof = combined_dof(variance, [(estimate.variance, estimate.dof)])
    assumed = estimate.assumed * estimate.variance / variance
    return replace(estimate, variance=variance, dof=dof, assumed=assumed)


def _check_groups(plan: MeasurementPlan, n_results: int) -> None:
    if n_results != len(plan.groups):
        raise BackendError(f"{n_results} results came back for {len(plan.groups)} groups")


def combine_random(
    plan: MeasurementPlan,
    moments: Sequence[Moments],
    weights: FloatArray,
    block: int = 1,
) -> Estimate:
    """E and its variance where each shot drew its group g with probability p_g = weights[g].

    Every shot is an independent sample of X = constant + Σ_h c_h + (value_g - c_g) / p_g, whose
    mean is the energy: unbiased for any number of shots, with groups that were never drawn too, and
    for any c. The plan's means in the determinant are taken, so that groups scatter by how far the
    state is from it, and not by how large they are. The variance is the sample variance of X, the
    spread between the groups included; Σ_g τ_g²/p_g and Σ_g δ_g²/p_g are its prior where few shots
    were taken.

    With a `block`, so many shots at a time drew their group together, as on devices whose jobs have
    one number of shots: the means of the blocks are then the independent samples.
    Reference: A. Arrasmith et al., arXiv:2004.06252.
    """
    _check_groups(plan, len(moments))
    whole = Moments(0, 0.0, 0.0)
    centers = np.zeros(len(moments)) if plan.determinant_means is None else plan.determinant_means
    for m, p, c in zip(moments, weights.tolist(), centers.tolist(), strict=True):
        whole += Moments(m.shots, (m.mean - c) / p, m.m2 / p**2, tuple(s / p for s in m.shared))
    if whole.shots < 2 * block:
        what = "shots" if block == 1 else f"blocks of {block} shots"
        raise BackendError(f"a randomly measured energy needs two {what} for its variance")
    squares = whole.m2 if block == 1 else _squares_of_blocks(whole, moments, weights, block)
    prior = GroupPrior(
        np.array([plan.prior.variances @ (1.0 / weights)]) / block,
        np.array([plan.prior.jumps @ (1.0 / weights)]) / block**2,
    )
    one = np.array([[whole.shots / block]]), np.zeros((1, 1)), np.array([[squares]])
    summed = prior.of_sums(*one)
    assert summed is not None
    variance, dof, assumed = (float(c[0]) for c in (summed.variance, summed.dof, summed.assumed))
    value = plan.constant + float(centers.sum()) + whole.mean
    return _with_shared(Estimate(value, variance, whole.shots, whole.shared, dof, assumed))


def _squares_of_blocks(
    whole: Moments, moments: Sequence[Moments], weights: FloatArray, block: int
) -> float:
    """Sum of the squared deviations of the blocks' means, Σ_b (X_b - X̄)².

    Of k_g blocks of one group the spread is taken from that of its shots, (k_g - 1) σ_g² / block.
    """
    between, within = whole.m2, 0.0
    for m, p in zip(moments, weights.tolist(), strict=True):
        between -= m.m2 / p**2
        if m.shots > block:
            within += (m.shots / block - 1) * m.m2 / p**2 / (m.shots - 1)
    return max(between + within, 0.0) / block


def estimate_of_proportion(count: int, shots: int) -> Estimate:
    """Return count / shots, as of a fidelity, with its variance where all or none were counted too.

    >>> print(estimate_of_proportion(0, 100))
    0.0000(86)
    """
    variance, dof = proportion_variance(np.array([float(count)]), np.array([float(shots)]))
    sampled = count * (shots - count) / (shots**2 * max(shots - 1, 1))
    assumed = 1.0 - sampled / float(variance[0])
    return Estimate(count / shots, float(variance[0]), shots, (), float(dof[0]), assumed)


def moments_of_group(
    group: MeasurementGroup,
    counts: Mapping[int, int],
    calibration: Calibration | None = None,
    qubits: Sequence[int] = (),
) -> Moments:
    """Moments of a group from its counts: the readout corrected, then its selection applied.

    `calibration` is that of the device's `qubits`, bit k of an outcome being read on qubits[k];
    None corrects nothing. See `readout` and `selection`.
    """
    if calibration is not None:
        return corrected_moments(group, counts, calibration, qubits)
    return _kept_moments(group.diagonal, counts, group.selection or Selection())


def _kept_moments(diagonal: Diagonal, counts: Mapping[int, int], selection: Selection) -> Moments:
    outcomes = np.array(list(counts), dtype=np.uint64)
    times = np.array(list(counts.values()), dtype=np.int64)
    if selection:
        kept = selection.keeps(outcomes)
        outcomes, times = outcomes[kept], times[kept]
    return Moments.from_counts(diagonal.values(outcomes), times)
