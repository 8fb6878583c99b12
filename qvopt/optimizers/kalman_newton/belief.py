r"""The belief of where the minimum lies: x* ~ N(x, C), and what a measurement does to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_JITTER = 1e-12


class Update(NamedTuple):
    """What a measurement does: the mean of x* - x after it, the covariance, and the surprise.

    `surprise` is χ² of the innovations for each of them: about 1 where the model holds.
    """

    step: FloatArray
    covariance: FloatArray
    surprise: float


@dataclass(frozen=True, eq=False)
class Belief:
    """Covariance C of x* - x, shape (n, n)."""

    covariance: FloatArray

    def expected_error(self, curvature: FloatArray) -> float:
        """⟨E(x) - E*⟩ = ½ tr(P C) in Hartree."""
        return 0.5 * float(np.sum(curvature * self.covariance))

    def error_bound(self, curvature: FloatArray, confidence: float) -> float:
        """Return the error that the belief exceeds with probability 1 - confidence, in Hartree.

        ½ dᵀ P d is a sum of χ²; its distribution is taken as the gamma distribution of the same
        mean ½ tr(P C) and variance ½ tr(P C P C) (B. L. Welch, Biometrika 29, 350 (1938)).
        """
        from scipy.special import gammaincinv

        product = curvature @ self.covariance
        mean, variance = 0.5 * float(np.trace(product)), 0.5 * float(np.sum(product * product.T))
        if mean <= 0.0 or variance <= 0.0:
            return max(mean, 0.0)
        return float(gammaincinv(mean**2 / variance, confidence) * variance / mean)

    def observed(
        self,
        rows: FloatArray,
        gradient: FloatArray,
        variance: FloatArray,
        tolerated: float,
        most: float,
    ) -> Update:
        """Return the update by partial derivatives `gradient`, whose rows of P are `rows`.

        Where the surprise exceeds `tolerated`, the belief was too narrow: C is first widened by it,
        by at most `most`.
        """
        covariance = self.covariance
        signal = rows @ covariance @ rows.T
        jitter = _JITTER * max(float(np.trace(signal)) / max(len(rows), 1), 1e-300)
        noise = np.diag(variance + jitter)
        surprise = float(gradient @ np.linalg.solve(signal + noise, gradient)) / len(rows)
        if surprise > tolerated:
            factor = min(surprise, most)
            covariance, signal = factor * covariance, factor * signal
        gain = np.linalg.solve(signal + noise, rows @ covariance).T
        covariance = covariance - gain @ rows @ covariance
        return Update(-gain @ gradient, _symmetric(covariance), surprise)

    def widened(self, deviation: FloatArray, correlation: FloatArray) -> Belief:
        """Add independent errors of given deviations, with the prior's correlations."""
        return Belief(self.covariance + correlation * np.outer(deviation, deviation))


def _symmetric(matrix: FloatArray) -> FloatArray:
    return np.asarray(0.5 * (matrix + matrix.T))
