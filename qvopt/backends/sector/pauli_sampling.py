"""Outcomes of Pauli groups in states of the sector: all groups of a state in one kernel."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from qvopt.measurement.estimate import Moments
from qvopt.measurement.pauli_outcomes import PauliSampler
from qvopt.measurement.plan import MeasurementGroup
from qvopt_molecules.arrays import BoolArray, FloatArray, IntArray
from qvopt_molecules.hamiltonian import MolecularHamiltonian

from .draws import by_multinomial, draw_counts, flat_planes
from .lanes import WIDTH
from .pauli_draws import draw_groups
from .xoshiro import WordArray

_MOST_VALUES = 1 << 24
"""Values over all outcomes and groups up to which they are tabulated, 128 MiB."""


class PauliGroupSampler:
    """Groups of Pauli strings; the values of all outcomes are tabulated once, where they fit."""

    def __init__(
        self, groups: Sequence[MeasurementGroup], hamiltonian: MolecularHamiltonian
    ) -> None:
        self._single = PauliSampler(groups, hamiltonian)
        self._size: int = 2**hamiltonian.n_qubits
        self.in_one_kernel = self._size >= WIDTH and len(groups) * self._size <= _MOST_VALUES

    @property
    def n_outcomes(self) -> int:
        """Outcomes of each group."""
        return self._size

    def distribution(self, psi: npt.NDArray[Any], group: int) -> tuple[FloatArray, FloatArray]:
        """Probabilities of the outcomes of one group that occur, and their values."""
        return self._single.distribution(psi, group)

    @cached_property
    def _values(self) -> FloatArray:
        bits, groups = self._single.bits, self._single.groups
        return np.array([group.diagonal.values(bits) for group in groups])

    def together(self, shots: IntArray) -> BoolArray:
        """Which groups `draw` is for; others have so many shots that each is faster alone."""
        return np.asarray(~by_multinomial(shots, self.n_outcomes))

    def draw(
        self, psi: npt.NDArray[Any], shots: IntArray, key: WordArray, number: int
    ) -> tuple[FloatArray, FloatArray]:
        """Means and sums of squared deviations by group; `number` names the first's stream."""
        means, m2s = np.zeros((2, len(shots)))
        if not self.in_one_kernel:
            for g in np.flatnonzero(shots).tolist():
                moments = self.draw_group(psi, g, int(shots[g]), key, number + g)
                means[g], m2s[g] = moments.mean, moments.m2
            return means, m2s
        flat, planes = flat_planes(psi)
        draw_groups(
            flat, planes, self._single.positions, *self._single.changes, self._values,
            np.asarray(shots, dtype=np.int64), key, number, means, m2s,
        )  # fmt: skip
        return means, m2s

    def draw_group(
        self, psi: npt.NDArray[Any], group: int, shots: int, key: WordArray, number: int
    ) -> Moments:
        """Moments of one group on its own, of as many shots as one likes."""
        p, bits = self._single.outcomes(psi, group)
        counts = draw_counts(p, shots, key, number)
        drawn = np.flatnonzero(counts)
        values = self._single.groups[group].diagonal.values(bits[drawn])
        return Moments.from_counts(values, counts[drawn])
