"""The variance of one shot of each derivative, pooled from what was measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qvopt_molecules.arrays import FloatArray

from .derivatives import DerivativeReading

_PRIOR_SHOTS = 50.0
"""Weight of the mean over all derivatives in each one's own estimate, in shots."""

_MEMORY = 0.5


@dataclass(frozen=True, eq=False)
class ShotNoise:
    """Sums over rounds of variance × shots², and of shots, each fading as the iterate moves.

    A few shots can scatter less than they should by chance, and a belief that trusts them is
    overconfident: each derivative's variance is drawn towards the mean of all.
    """

    squares: FloatArray
    shots: FloatArray
    guess: float = 1.0

    @classmethod
    def unknown(cls, n: int) -> ShotNoise:
        """Nothing is measured yet."""
        return cls(np.zeros(n), np.zeros(n))

    @property
    def one_shot(self) -> FloatArray:
        """Variance of a derivative times its shots, shape (n,), in Hartree squared."""
        total = self.shots.sum()
        mean = self.squares.sum() / total if total > 0 else self.guess
        mean = max(float(mean), 1e-12)
        return np.asarray((self.squares + _PRIOR_SHOTS * mean) / (self.shots + _PRIOR_SHOTS))

    def learned(self, reading: DerivativeReading) -> ShotNoise:
        """Take in a round."""
        squares, shots = self.squares.copy(), self.shots.copy()
        k = reading.index
        squares[k] = _MEMORY * squares[k] + reading.gradient_variance * reading.shots**2
        shots[k] = _MEMORY * shots[k] + reading.shots
        return ShotNoise(squares, shots, self.guess)
