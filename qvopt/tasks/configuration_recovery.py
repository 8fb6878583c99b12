"""Determinants out of noisy samples: kept, repaired, and made into strings of either spin.

An outcome whose electron numbers are wrong has bits that noise has flipped. In each spin as many
bits as are needed are flipped back, those first that differ most from the mean occupation n_p of
their orbital: with a probability in proportion to w(|b_p - n_p|),

    w(y) = δ y / f for y ≤ f,   δ + (1 - δ) (y - f) / (1 - f) above,   δ = 0.01,

f the filling of the spin. The occupations are those of the lowest state in the span of the
determinants of the round before; the first are the averages of the outcomes that are right.
J. Robledo-Moreno et al., Science Advances 11, eadu9991 (2025), arXiv:2405.05068.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from qvopt_molecules.arrays import BoolArray, FloatArray, IntArray
from qvopt_molecules.errors import InputError

_CORNER: Final = 0.01


@dataclass(frozen=True, eq=False)
class Samples:
    """Outcomes as occupations.

    Attributes:
        bits: shape (outcomes, 2, norb), alpha and then beta.
        times: how often each was seen.
        numbers: the right numbers of alpha and beta electrons.
    """

    bits: IntArray
    times: IntArray
    numbers: tuple[int, int]

    @classmethod
    def of_counts(cls, counts: Mapping[int, int], norb: int, numbers: tuple[int, int]) -> Samples:
        """From counts by outcome in the Jordan-Wigner mapping: qubits below norb are alpha."""
        outcomes = np.array(sorted(counts), dtype=np.int64)
        times = np.array([counts[int(o)] for o in outcomes], dtype=np.int64)
        bits = (outcomes[:, None] >> np.arange(2 * norb)) & 1
        return cls(bits.reshape(-1, 2, norb), times, numbers)

    @property
    def right(self) -> BoolArray:
        """Whether each outcome has the right electron numbers."""
        return np.asarray((self.bits.sum(axis=2) == np.array(self.numbers)).all(axis=1))

    @property
    def kept(self) -> Samples:
        """The outcomes with the right electron numbers."""
        return Samples(self.bits[self.right], self.times[self.right], self.numbers)

    def occupations(self) -> FloatArray:
        """Average occupation of each orbital, shape (2, norb). Raises InputError for no outcome."""
        total = int(self.times.sum())
        if not total:
            raise InputError(
                "no outcome has the right electron numbers; take more shots, or a device with "
                "less noise"
            )
        return np.asarray(np.einsum("k,ksp->sp", self.times, self.bits) / total)

    def strings(self, largest: int) -> tuple[IntArray, IntArray]:
        """Return the strings of each spin, the commonest `largest` at most, ascending.

        With as many electrons of either spin both have the same strings, so that no spin is
        preferred.
        """
        weights = 1 << np.arange(self.bits.shape[2])
        alpha, beta = (self.bits[:, s] @ weights for s in (0, 1))
        if self.numbers[0] == self.numbers[1]:
            both = np.concatenate([alpha, beta]), np.concatenate([self.times, self.times])
            common = _commonest(*both, largest)
            return common, common
        return _commonest(alpha, self.times, largest), _commonest(beta, self.times, largest)


def recovered(samples: Samples, occupations: FloatArray, rng: np.random.Generator) -> Samples:
    """Return all outcomes with the right electron numbers, shot by shot where one is repaired."""
    wrong = np.flatnonzero(~samples.right)
    kept = samples.kept
    if not len(wrong):
        return kept
    bits = np.repeat(samples.bits[wrong], samples.times[wrong], axis=0)
    for s, n in enumerate(samples.numbers):
        filling = n / bits.shape[2]
        for row in bits[:, s]:
            excess = int(row.sum()) - n
            places = np.flatnonzero(row == (1 if excess > 0 else 0))
            if excess:
                weights = _weights(np.abs(row[places] - occupations[s, places]), filling)
                flipped = rng.choice(places, size=abs(excess), replace=False, p=weights)
                row[flipped] ^= 1
    ones = np.ones(len(bits), dtype=np.int64)
    return Samples(
        np.concatenate([kept.bits, bits]), np.concatenate([kept.times, ones]), samples.numbers
    )


def _weights(distance: FloatArray, filling: float) -> FloatArray:
    low = _CORNER * distance / max(filling, 1e-12)
    high = _CORNER + (1 - _CORNER) * (distance - filling) / max(1 - filling, 1e-12)
    weights = np.where(distance <= filling, low, high) + 1e-9  # none is impossible
    return np.asarray(weights / weights.sum())


def _commonest(strings: IntArray, times: IntArray, largest: int) -> IntArray:
    values, places = np.unique(strings, return_inverse=True)
    seen = np.bincount(places, weights=times.astype(np.float64))
    order = np.argsort(-seen, kind="stable")[:largest]
    return np.sort(values[order])
