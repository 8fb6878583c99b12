"""From the moments of each group to the estimate of an energy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from qvopt_molecules.errors import BackendError

from .estimate import Estimate, Moments, scaled_sum
from .plan import Diagonal, MeasurementGroup, MeasurementPlan
from .readout import Calibration, corrected_moments
from .selection import Selection


def combine_moments(plan: MeasurementPlan, moments: Sequence[Moments]) -> Estimate:
    """E = constant + Σ_g mean_g, Var E = Σ_g s_g² / n_g.

    Each shot gives the value of its whole group, so covariances between the terms of a group are
    in s_g²; different groups are independent, but for the error of a calibration that they share:
    its contributions are added before they are squared. Raises BackendError if a group has no
    result.
    """
    if len(moments) != len(plan.groups):
        raise BackendError(f"{len(moments)} results came back for {len(plan.groups)} groups")
    if any(m.shots == 0 for m in moments):
        raise BackendError(
            "a measurement group came back without shots; under post-selection none was left: "
            "take more shots, or less noise"
        )
    value = plan.constant + sum(m.mean for m in moments)
    variance = sum(m.variance_of_mean for m in moments)
    shared = scaled_sum([m.shared for m in moments], [1.0] * len(moments))
    variance += sum(s * s for s in shared)
    return Estimate(float(value), float(variance), sum(m.shots for m in moments), shared)


def combine_random(
    plan: MeasurementPlan,
    moments: Sequence[Moments],
    weights: npt.NDArray[np.float64],
    block: int = 1,
) -> Estimate:
    """E and its variance where each shot drew its group g with probability p_g = weights[g].

    Every shot is an independent sample of X = constant + value_g / p_g, whose mean is the energy:
    unbiased for any number of shots, with groups that were never drawn too. The variance is the
    sample variance of X, the spread between the groups included.

    With a `block`, so many shots at a time drew their group together, as on devices whose jobs have
    one number of shots: the means of the blocks are then the independent samples.
    Reference: A. Arrasmith et al., arXiv:2004.06252.
    """
    if len(moments) != len(plan.groups):
        raise BackendError(f"{len(moments)} results came back for {len(plan.groups)} groups")
    whole = Moments(0, 0.0, 0.0)
    for m, p in zip(moments, weights.tolist(), strict=True):
        whole += Moments(m.shots, m.mean / p, m.m2 / p**2, tuple(s / p for s in m.shared))
    if whole.shots < 2 * block:
        what = "shots" if block == 1 else f"blocks of {block} shots"
        raise BackendError(f"a randomly measured energy needs two {what} for its variance")
    spread = whole.variance_of_mean
    if block > 1:
        spread = _variance_of_blocks(whole, moments, weights, block)
    variance = spread + sum(s * s for s in whole.shared)
    return Estimate(plan.constant + whole.mean, variance, whole.shots, whole.shared)


def _variance_of_blocks(
    whole: Moments, moments: Sequence[Moments], weights: npt.NDArray[np.float64], block: int
) -> float:
    """Variance of the mean of blocks: Σ_b (X_b - X̄)² / (B (B - 1)).

    Of k_g blocks of one group the spread is taken from that of its shots, (k_g - 1) σ_g² / block.
    """
    between, within = whole.m2, 0.0
    for m, p in zip(moments, weights.tolist(), strict=True):
        between -= m.m2 / p**2
        if m.shots > block:
            within += (m.shots / block - 1) * m.m2 / p**2 / (m.shots - 1)
    n_blocks = whole.shots / block
    return max(between + within, 0.0) / block / (n_blocks * (n_blocks - 1))


def moments_of_counts(
    diagonal: Diagonal, counts: Mapping[int, int], sector: tuple[int, int, int] | None = None
) -> Moments:
    """Moments of a diagonal from counts by outcome, bit q of an outcome being qubit q.

    With a `sector` (norb, n_alpha, n_beta), outcomes with other electron numbers are thrown away:
    the moments are those of the shots that are left, and so is the variance.
    """
    return _kept_moments(diagonal, counts, Selection(sector))


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
