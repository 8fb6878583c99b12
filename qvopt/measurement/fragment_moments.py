"""Moments of a fragment and of the occupations that it is made of, and what follows from them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from qvopt_molecules.arrays import FloatArray

from .basis_rotation import Factor


@dataclass(frozen=True, eq=False)
class FragmentMoments:
    """Of a fragment q = ½ λ (ε·N)² under a reference, N the orbitals' occupations.

    Attributes:
        covariance: Cov(N_k, N_l).
        cross: Cov(N_k, q) in Hartree.
        variance: Var q in Hartree².
    """

    covariance: FloatArray
    cross: FloatArray
    variance: float

    def deviation(self, c: FloatArray) -> float:
        """Standard deviation of q + c·N."""
        square = float(c @ self.covariance @ c + 2 * c @ self.cross) + self.variance
        return math.sqrt(max(square, 0.0))

    def mixed(self, other: FragmentMoments, weight: float) -> FragmentMoments:
        """The averages where `other` has that weight."""
        return FragmentMoments(
            (1 - weight) * self.covariance + weight * other.covariance,
            (1 - weight) * self.cross + weight * other.cross,
            (1 - weight) * self.variance + weight * other.variance,
        )


class ReferenceMoments(Protocol):
    """What is known of a reference state."""

    @property
    def one_electron(self) -> FloatArray:
        """Cov(E_pq, E_rs) as an (n², n²) matrix, symmetrised."""
        ...

    def moments(self, factor: Factor) -> FragmentMoments:
        """Exact moments of a fragment."""
        ...


class AveragedMoments:
    """Averages over several states."""

    def __init__(self, states: Sequence[ReferenceMoments]) -> None:
        self._states = states
        self.one_electron: FloatArray = np.mean([s.one_electron for s in states], axis=0)

    def moments(self, factor: Factor) -> FragmentMoments:
        """Average the moments of a fragment."""
        moments = [state.moments(factor) for state in self._states]
        return FragmentMoments(
            np.mean([m.covariance for m in moments], axis=0),
            np.mean([m.cross for m in moments], axis=0),
            float(np.mean([m.variance for m in moments])),
        )
