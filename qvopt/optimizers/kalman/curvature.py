r"""The curvature P: what is known of it, scaled to the second derivatives that are measured.

P = D P₀ D with D_i = √(h_i / P₀_ii): P₀ gives the correlations, and h_i, the curvature along each
parameter, is a scalar Kalman filter over its measured values. A wrong P₀ costs shots, not the
minimum.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from qvopt_molecules.arrays import FloatArray

from .derivatives import DerivativeReading

_DRIFT = 0.05
"""Relative change of a curvature from one round to the next."""


@dataclass(frozen=True, eq=False)
class Curvature:
    """P₀, and the mean and variance of each h_i; `least` bounds the h_i that P is made with.

    `ties` are correlations between parameters (of partners ±, else 0): an unmeasured partner's
    curvature follows.
    """

    base: FloatArray
    diagonal: FloatArray
    variance: FloatArray
    least: FloatArray
    ties: FloatArray

    @classmethod
    def of(cls, base: FloatArray, spread: float, ties: FloatArray, least: float = 0.1) -> Curvature:
        """Start from P₀ with relative deviations `spread` of its diagonal."""
        diagonal = np.diag(base).copy()
        return cls(base, diagonal, (spread * diagonal) ** 2, least * diagonal, ties)

    @property
    def matrix(self) -> FloatArray:
        """P, positive definite."""
        scale = np.sqrt(np.maximum(self.diagonal, self.least) / np.diag(self.base))
        return np.asarray(self.base * np.outer(scale, scale))

    def learned(self, reading: DerivativeReading) -> Curvature:
        """Take in measured second derivatives."""
        diagonal, variance = self.diagonal.copy(), self.variance.copy()
        k = reading.index
        prior = variance[k] + (_DRIFT * diagonal[k]) ** 2
        gain = prior / np.maximum(prior + reading.second_variance, 1e-300)
        diagonal[k] += gain * (reading.second - diagonal[k])
        variance[k] = (1 - gain) * prior
        ratio = diagonal / np.diag(self.base)
        measured = np.zeros(len(diagonal), dtype=np.bool_)
        measured[k] = True
        for i in k.tolist():
            for j in np.flatnonzero((np.abs(self.ties[i]) > 0.9) & ~measured).tolist():
                diagonal[j] = ratio[i] * self.base[j, j]
                variance[j] = variance[i]
        return replace(self, diagonal=diagonal, variance=variance)

    def after_step(self, step: FloatArray, change: FloatArray, damping: float = 0.2) -> Curvature:
        """Take in an exact change y of the gradient over a step: the BFGS update.

        P' = P - P s sᵀ P / sᵀPs + y yᵀ / sᵀy, with Powell's damping: y <- θ y + (1 - θ) P s where
        sᵀy < 0.2 sᵀPs. (Noise would ruin it; `scaled_along` is what a noisy step can teach.)

        References: J. Nocedal, S. J. Wright, Numerical Optimization, procedure 18.2; M. J. D.
        Powell, Lecture Notes in Mathematics 630, 144 (1978).
        """
        matrix = self.matrix
        product = matrix @ step
        old, new = float(step @ product), float(step @ change)
        if old <= 0.0:
            return self
        if new < damping * old:
            theta = (1 - damping) * old / (old - new)
            change = theta * change + (1 - theta) * product
            new = float(step @ change)
        updated = matrix - np.outer(product, product) / old + np.outer(change, change) / new
        return self._replaced(updated)

    def scaled_along(self, step: FloatArray, factor: float) -> Curvature:
        """Change the curvature along a step alone: P' = P + (factor - 1) P s sᵀ P / sᵀPs."""
        matrix = self.matrix
        product = matrix @ step
        updated = matrix + (factor - 1) * np.outer(product, product) / float(step @ product)
        return self._replaced(updated)

    def _replaced(self, matrix: FloatArray) -> Curvature:
        """The same with another P, of which the measured curvatures are the diagonal."""
        diagonal = np.diag(matrix).copy()
        share = np.minimum(self.least / np.diag(self.base), 0.5)
        return replace(self, base=matrix, diagonal=diagonal, least=share * diagonal)
