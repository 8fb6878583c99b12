"""Mean ranks over problems and seeds, and which of them can be told apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, stdtrit

from .bootstrap import Resampler
from .paired import average_ranks
from .quantiles import quantile

FloatArray = npt.NDArray[np.float64]

FEWEST_BLOCKS = 6
"""With fewer pairs no two-sided rank test reaches 5 %: 2 / 2⁵ is 0.06."""


@dataclass(frozen=True, eq=False)
class Ranking:
    """Mean ranks (1 is best) of m solvers, in the order given.

    Attributes:
        mean: shape (m,).
        low, high: bootstrap intervals, shape (m,).
        apart: whether two are told apart, shape (m, m).
        blocks: how many pairs of problem and seed were ranked.
    """

    mean: FloatArray
    low: FloatArray
    high: FloatArray
    apart: npt.NDArray[np.bool_]
    blocks: int


def rank_solvers(
    scores: Sequence[npt.ArrayLike], resampler: Resampler, confidence: float = 0.95
) -> Ranking:
    """Rank solvers over blocks, problems weighing equally.

    Args:
        scores: for each problem the scores (lower is better, infinite for failures), shape
            (seeds, m), one row a seed.

    Each row is ranked. Seeds are resampled within each problem, whole rows at a time. Two solvers
    are told apart if their mean ranks differ by more than c standard errors of the difference,
    where c is the `confidence` quantile of the largest studentised deviation over all pairs: one
    bootstrap that holds for all pairs together (max-t). c is widened from the normal to Student's t
    with as many degrees of freedom as the blocks leave. Fewer than six blocks tell none apart.
    Of equal solvers any two were told apart in 5 % of 500 trials with 90 blocks, 7 % with 30 and
    12 % with 10.

    Source: Romano, Wolf, J. Am. Stat. Assoc. 100, 94 (2005).
    """
    ranked = [average_ranks(np.asarray(s, dtype=np.float64)) for s in scores]
    ranked = [r for r in ranked if len(r)]
    m = ranked[0].shape[1] if ranked else 0
    blocks = sum(len(r) for r in ranked)
    if not ranked:
        empty = np.zeros(0)
        return Ranking(empty, empty, empty, np.zeros((0, 0), dtype=bool), 0)
    mean = np.mean([r.mean(axis=0) for r in ranked], axis=0)
    drawn = np.zeros((resampler.resamples, m))
    for number, r in enumerate(ranked):
        n = len(r)
        rows = resampler.indices(n)
        weights = np.zeros((resampler.resamples, n))
        # Each problem its own resamples: roll the shared ones by the problem's number.
        np.add.at(weights, (np.arange(len(rows))[:, None], np.roll(rows, number, axis=0)), 1 / n)
        spread = np.sqrt(n / max(n - 1, 1))  # a resampled mean varies too little by (n − 1)/n
        drawn += (r.mean(axis=0) + spread * (weights @ (r - r.mean(axis=0)))) / len(ranked)
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    low, high = quantile(drawn, tails, axis=0)
    freedom = max(blocks - len(ranked), 1)
    enough = blocks >= FEWEST_BLOCKS
    apart = _apart(mean, drawn, confidence, freedom) if enough else np.eye(m) > 1
    return Ranking(mean, low, high, apart, blocks)


def _apart(
    mean: FloatArray, drawn: FloatArray, confidence: float, freedom: int
) -> npt.NDArray[np.bool_]:
    centred = drawn - mean
    covariance = centred.T @ centred / len(drawn)
    variance = np.diag(covariance)
    error = np.sqrt(np.maximum(variance[:, None] + variance - 2 * covariance, 0.0))
    error[error < 1e-9] = 0.0
    largest = np.zeros(len(drawn))
    for k in range(len(mean) - 1):  # a row of pairs at a time, to bound memory
        scale = error[k, k + 1 :]
        moved = np.abs(centred[:, k : k + 1] - centred[:, k + 1 :])[:, scale > 0]
        if moved.size:
            np.maximum(largest, (moved / scale[scale > 0]).max(axis=1), out=largest)
    critical = float(-stdtrit(freedom, ndtr(-quantile(largest, confidence))))
    apart: npt.NDArray[np.bool_] = np.abs(mean[:, None] - mean) > critical * error + 1e-9
    return apart
