"""Expected running time: what success costs, failures charged."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from qvopt.comparison.summary import Interval
from qvopt_molecules.arrays import BoolArray, FloatArray

from .bootstrap import Resampler, bootstrap_interval


def expected_running_time(spent: npt.ArrayLike, success: npt.ArrayLike) -> float:
    """Return ERT = Σ spent / number of successes; infinite without a success.

    Args:
        spent: shots until the target, or to the run's end where it was never reached, shape (n,).
        success: whether it was reached, shape (n,).

    It is the mean cost of restarting until a run succeeds: for runs that succeed with probability
    p, E[cost of a success] + (1 − p)/p · E[cost of a failure].

    Source: Hansen, Auger, Ros, Mersmann, Tušar, Brockhoff, COCO, arXiv:1603.08785.
    """
    cost, hit = np.asarray(spent, dtype=np.float64), np.asarray(success, dtype=bool)
    return float(_ert(cost, hit))


def ert_interval(
    spent: npt.ArrayLike, success: npt.ArrayLike, resampler: Resampler, confidence: float = 0.95
) -> Interval:
    """Return the BCa bootstrap interval of the expected running time over runs.

    Resamples without a success are infinite, so the upper end is infinite where success is rare.
    The lower end of runs that never succeeded is the total spent: had one more succeeded at the
    end, that would be the estimate.
    """
    cost, hit = np.asarray(spent, dtype=np.float64), np.asarray(success, dtype=bool)
    if not hit.any():
        return Interval(float(cost.sum()), np.inf)
    return bootstrap_interval(
        lambda rows: _ert(cost[rows], hit[rows]), len(cost), resampler, confidence, "bca"
    )


def _ert(cost: FloatArray, hit: BoolArray) -> FloatArray:
    total, successes = cost.sum(axis=-1), hit.sum(axis=-1)
    ratio: FloatArray = np.where(successes > 0, total / np.maximum(successes, 1), np.inf)
    return ratio
