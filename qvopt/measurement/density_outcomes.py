r"""Occupations that a setting of the density matrices gave: their means, errors and mitigation.

Every shot gives y = (N_k, N_k N_l with k ≤ l), N_k = n_kα + n_kβ. All of it is linear in the
strings Z_q and Z_q Z_r of the outcome, n_q = (1 - Z_q) / 2:

    N_k N_l = Σ_{σ, τ} n_kσ n_lτ,   N_k² = n_kα + n_kβ + 2 n_kα n_kβ.

With independent readings each string has an unbiased estimator ζ_q ζ_r that is a function of single
outcomes (`readout`), and so has y. Post-selection keeps the outcomes with the right electron
numbers; after a correction of the readout it is a ratio of two such sums (`selection.selected`).
Extrapolations by fixed weights are sums over amplifications of the noise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from qvopt_molecules.arrays import FloatArray, MaskArray
from qvopt_molecules.errors import BackendError

from .plan import Diagonal
from .readout import Calibration, inverse
from .selection import Selection, kept_weight, selected

_STEP = 1e-6  # of error rates, for derivatives
_LEAST_KEPT = 1e-3  # share of the shots below which nothing is left to divide by


@dataclass(frozen=True, eq=False)
class DensityOutcomes:
    """What a setting gave: shots, and mean and covariance of y = (N_k, N_k N_l with k ≤ l).

    `covariance` over `shots` is that of the mean. `shared` holds what one standard error of each
    rate of a calibration would change in the mean, shape (rates, len(mean)): an error in common
    with other settings, outside the covariance.
    """

    shots: int
    mean: FloatArray
    covariance: FloatArray
    shared: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))

    @classmethod
    def from_counts(
        cls,
        counts: Mapping[int, int],
        norb: int,
        selection: Selection | None = None,
    ) -> DensityOutcomes:
        """Summarise counts by outcome, bit q of an outcome being qubit q, alpha first.

        `selection` throws outcomes away that contradict the electron numbers. Raises BackendError
        where fewer than two shots are left.
        """
        bits = np.array(list(counts), dtype=np.uint64)
        times = np.array(list(counts.values()), dtype=np.float64)
        if selection:
            kept = selection.keeps(bits)
            bits, times = bits[kept], times[kept]
        if times.sum() < 2:
            raise _nothing_left()
        shift = np.arange(2 * norb, dtype=np.uint64)
        spin = ((bits[:, None] >> shift) & np.uint64(1)).astype(np.float64)
        return cls.from_occupations(spin[:, :norb] + spin[:, norb:], times)

    @classmethod
    def from_occupations(cls, numbers: FloatArray, times: FloatArray) -> DensityOutcomes:
        """Summarise occupations (outcomes, norb) seen `times` times."""
        k, l = np.triu_indices(numbers.shape[1])
        y = np.concatenate([numbers, numbers[:, k] * numbers[:, l]], axis=1)
        shots = float(times.sum())
        mean = times @ y / shots
        centred = y - mean
        covariance = (centred * times[:, None]).T @ centred / max(shots - 1.0, 1.0)
        return cls(int(shots), mean, covariance)

    @classmethod
    def corrected(
        cls,
        counts: Mapping[int, int],
        norb: int,
        calibration: Calibration,
        qubits: Sequence[int],
        selection: Selection | None = None,
    ) -> DensityOutcomes:
        """Summarise counts with the readout errors taken out, then the selection applied.

        Args:
            counts: by outcome.
            norb: orbitals.
            calibration: of the device's qubits, "tensored".
            qubits: the device's qubit that bit k of an outcome was read on.
            selection: which outcomes are kept; None keeps all.

        Raises BackendError where next to nothing is kept.
        """
        outcomes = np.array(list(counts), dtype=np.uint64)
        times = np.array(list(counts.values()), dtype=np.float64)
        rows = calibration.rows(qubits)
        rates, deviations = calibration.rates[rows], calibration.deviations[rows]
        shots = float(times.sum())
        if shots < 2:
            raise _nothing_left()
        values, weights = _estimators(outcomes, rates, norb, selection)
        kept = float(weights @ times) / shots
        if not kept > _LEAST_KEPT:
            raise _nothing_left()
        mean = (times @ values) / shots / kept
        residual = (values - weights[:, None] * mean) / kept
        covariance = (residual * times[:, None]).T @ residual / (shots - 1.0)
        shared = np.zeros((2 * len(calibration.qubits), len(mean)))
        for k, row in enumerate(rows.tolist()):
            for side in (0, 1):
                moved = rates.copy()
                moved[k, side] += _STEP
                there, still = _estimators(outcomes, moved, norb, selection)
                slope = ((times @ there) / float(still @ times) - mean) / _STEP
                shared[2 * row + side] += slope * deviations[k, side]
        return cls(int(shots), mean, covariance, shared)

    @classmethod
    def extrapolated(
        cls, measured: Sequence[DensityOutcomes], weights: Sequence[float]
    ) -> DensityOutcomes:
        """Σ_i weights[i] measured[i]: the same setting at several amplifications of the noise."""
        shots = sum(o.shots for o in measured)
        pairs = list(zip(measured, weights, strict=True))
        mean = np.sum([w * o.mean for o, w in pairs], axis=0)
        covariance = np.sum([w * w * o.covariance / o.shots for o, w in pairs], axis=0)
        shared = np.sum([w * o.shared for o, w in pairs], axis=0)
        return cls(shots, mean, shots * covariance, shared)


def _estimators(
    outcomes: MaskArray, rates: FloatArray, norb: int, selection: Selection | None
) -> tuple[FloatArray, FloatArray]:
    """Return y of every outcome, (outcomes, len(y)), and its kept weight."""
    n = 2 * norb
    back = inverse(rates)
    shifts = np.arange(n, dtype=np.uint64)[:, None]
    bits = ((outcomes[None, :] >> shifts) & np.uint64(1)).astype(np.int64)
    factors = np.stack([back[np.arange(n)[:, None], s, bits] for s in (0, 1)], axis=1)
    if not selection:
        occupied = factors[:, 1]
        pairs = occupied[:, None] * occupied[None, :]
        return _numbers(occupied, pairs), np.ones(len(outcomes))
    single = np.array([_string(1 << q, selection, factors) for q in range(n)])
    double = np.empty((n, n, len(outcomes)))
    weight = kept_weight(selection, factors)
    for q in range(n):
        for r in range(q, n):
            z = weight if q == r else _string((1 << q) | (1 << r), selection, factors)
            double[q, r] = double[r, q] = (weight - single[q] - single[r] + z) / 4
    return _numbers((weight - single) / 2, double), weight


def _string(mask: int, selection: Selection, factors: FloatArray) -> FloatArray:
    string = Diagonal(np.array([mask], dtype=np.uint64), np.ones(1))
    return selected(string, selection, factors)


def _numbers(occupied: FloatArray, pairs: FloatArray) -> FloatArray:
    """y of every outcome from those of n_q, (2 norb, outcomes), and of n_q n_r, q ≠ r."""
    norb = len(occupied) // 2
    numbers = occupied[:norb] + occupied[norb:]
    k, l = np.triu_indices(norb)
    products = pairs[k, l] + pairs[k, l + norb] + pairs[k + norb, l] + pairs[k + norb, l + norb]
    same = k == l
    # n_kσ² = n_kσ, where a product of two estimators would be another value.
    products[same] = numbers + 2.0 * pairs[np.arange(norb), np.arange(norb) + norb]
    return np.concatenate([numbers, products]).T


def _nothing_left() -> BackendError:
    return BackendError(
        "a setting of the density matrices came back without shots; under post-selection none was "
        "left: take more shots, or less noise"
    )
