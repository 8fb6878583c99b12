"""Mean ranks over problems and seeds, with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qvopt_molecules.arrays import FloatArray

from .bootstrap import Resampler
from .paired import average_ranks
from .quantiles import quantile


@dataclass(frozen=True, eq=False)
class Ranking:
    """Mean ranks (1 is best) of m solvers, in the order given.

    Attributes:
        mean: shape (m,).
        low, high: bootstrap intervals, shape (m,).
        blocks: how many pairs of problem and seed were ranked.
    """

    mean: FloatArray
    low: FloatArray
    high: FloatArray
    blocks: int


def rank_solvers(
    scores: Sequence[npt.ArrayLike], resampler: Resampler, confidence: float = 0.95
) -> Ranking:
    """Rank solvers over blocks, problems weighing equally.

    Args:
        scores: for each problem the scores (lower is better, infinite for failures), shape
            (seeds, m), one row a seed.

    Each row is ranked. Seeds are resampled within each problem, whole rows at a time. Which
    solvers differ is not read off these intervals but tested, see `signed_rank`.
    """
    ranked = [average_ranks(np.asarray(s, dtype=np.float64)) for s in scores]
    ranked = [r for r in ranked if len(r)]
    m = ranked[0].shape[1] if ranked else 0
    blocks = sum(len(r) for r in ranked)
    if not ranked:
        empty = np.zeros(0)
        return Ranking(empty, empty, empty, 0)
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
    return Ranking(mean, low, high, blocks)
