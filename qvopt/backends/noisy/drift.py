r"""Noise that drifts: error rates that change from job to job, as calibrations do with time.

The errors of gates on each set of qubits, and of each qubit's readout, have a rate of their own,
r(n) = r₀ exp(σ z(n) - σ²/2) in the n-th job: ⟨r⟩ = r₀. z is a Gaussian process with ⟨z²⟩ = 1 and
⟨z(n) z(m)⟩ = exp(-|n - m| / τ), a sum of waves of random phases, whose frequencies are distributed
as its spectrum is; so any job can be looked at alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from qvopt_molecules.arrays import FloatArray

from .channels import Channels

_WAVES: Final = 64
_MOST: Final = 0.5
"""Largest probability that a bit is misread."""

_READOUT, _GATES = 0, 1


class DriftingNoise:
    """Error rates that drift about those of a calibration.

    Args:
        strength: σ, standard deviation of the logarithm of each rate.
        jobs: τ, in jobs.
        seed: of the history; the same one drifts alike in every run.
    """

    def __init__(self, strength: float, jobs: float, seed: int = 0) -> None:
        self._strength, self._jobs, self._seed = strength, jobs, seed
        self._waves: dict[tuple[int, ...], tuple[FloatArray, FloatArray]] = {}

    def factor(self, kind: int, qubits: tuple[int, ...], number: int) -> float:
        """What a rate is multiplied by in the job of this number; `kind`: 0 readout, 1 gates."""
        key = (kind, *qubits)
        if key not in self._waves:
            rng = np.random.default_rng(np.random.SeedSequence(self._seed, spawn_key=key))
            # exp(-|t| / τ) has a Cauchy distribution of angular frequencies, of width 1 / τ.
            self._waves[key] = (
                rng.standard_cauchy(_WAVES) / self._jobs,
                rng.uniform(0.0, 2.0 * np.pi, _WAVES),
            )
        frequencies, phases = self._waves[key]
        z = float(np.cos(frequencies * number + phases).sum()) * (2.0 / _WAVES) ** 0.5
        return float(np.exp(self._strength * z - self._strength**2 / 2))

    def at(self, number: int, channels: Channels, qubits: Sequence[int]) -> Channels:
        """The noise in the job of this number.

        Args:
            number: of the job, or of its round: time in jobs.
            channels: the calibration, on the qubits of the circuits.
            qubits: of the device, in the order in which the circuits number them.
        """
        return _Drifted(self, channels, number, qubits)


class _Drifted(Channels):
    """A calibration's errors with other rates; qubits are those of the circuits."""

    def __init__(
        self, drift: DriftingNoise, channels: Channels, number: int, qubits: Sequence[int]
    ) -> None:
        self._drift, self._channels, self._number = drift, channels, number
        self._qubits = qubits
        self._made: dict[tuple[str, tuple[int, ...]], FloatArray | None] = {}

    def confusion(self, qubit: int) -> FloatArray:
        """Return P[read, true] of a qubit."""
        factor = self._drift.factor(_READOUT, (self._qubits[qubit],), self._number)
        matrix = self._channels.confusion(qubit)
        wrong = np.minimum(factor * np.array([matrix[1, 0], matrix[0, 1]]), _MOST)
        return np.array([[1 - wrong[0], wrong[1]], [wrong[0], 1 - wrong[1]]])

    def error(self, name: str, qubits: tuple[int, ...]) -> FloatArray | None:
        """Return the transfer matrix of what follows a gate: its probability is multiplied."""
        if (name, qubits) not in self._made:
            matrix = self._channels.error(name, qubits)
            if matrix is not None:
                places = tuple(sorted(self._qubits[q] for q in qubits))
                factor = self._drift.factor(_GATES, places, self._number)
                one = np.eye(len(matrix))
                matrix = one + factor * (matrix - one)
            self._made[name, qubits] = matrix
        return self._made[name, qubits]
