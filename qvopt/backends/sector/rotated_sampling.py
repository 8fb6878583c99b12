"""Basis rotations of large sectors: the state is rotated by Givens rotations, then drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from qvopt.measurement.estimate import Moments
from qvopt.measurement.plan import MeasurementGroup, OrbitalBasis
from qvopt_molecules.arrays import FloatArray, IntArray
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.states import spin_strings

from .draws import by_multinomial, draw_counts, flat_planes, places_in_rows, rows_of_draws
from .lanes import WIDTH
from .neighbours import (
    NeighbourTables,
    RotationSteps,
    rotate_columns,
    rotate_rows,
    row_weights,
)
from .workers import Workers
from .xoshiro import WordArray

_PAIR = 2.0
"""Nanoseconds of rotating a pair of eight lanes, roughly."""


class GivensSampler:
    """Outcomes of orbital bases, for one more state of memory.

    The rotation of a group is at most norb (norb - 1) / 2 Givens rotations between neighbouring
    orbitals of each spin. An outcome is drawn in two steps, P(I, K) = P(I) P(K | I): rotating the
    orbitals of beta electrons does not change how often an alpha string I is read, so that it is
    done for the rows only that were drawn. Values are worked out for the outcomes drawn.
    """

    def __init__(
        self,
        groups: Sequence[MeasurementGroup],
        hamiltonian: MolecularHamiltonian,
        workers: Workers | None = None,
    ) -> None:
        self.groups = groups
        self._norb = hamiltonian.norb
        self._strings = spin_strings(hamiltonian)
        self.shape = (len(self._strings[0]), len(self._strings[1]))
        self._workers = Workers() if workers is None else workers
        self._tables = [NeighbourTables.of(strings, self._norb) for strings in self._strings]
        self._steps: dict[int, RotationSteps] = {}
        self._z = np.zeros(0)

    def probabilities(self, psi: npt.NDArray[Any], group: int) -> FloatArray:
        """Probability of every determinant in the group's orbitals, flat."""
        z, planes = self._with_alpha_rotated(psi, group)
        self._rotate_beta(z, planes, group, np.arange(self.shape[0]))
        return np.asarray(np.square(z).reshape(planes, -1).sum(axis=0))

    def distribution(self, psi: npt.NDArray[Any], group: int) -> tuple[FloatArray, FloatArray]:
        """Probabilities of the outcomes of one group, and their values."""
        p = self.probabilities(psi, group)
        return p, self._values(np.arange(len(p)), group)

    def draw_group(
        self, psi: npt.NDArray[Any], group: int, shots: int, key: WordArray, number: int
    ) -> Moments:
        """Moments of one group's outcomes; `number` names the random stream."""
        if shots == 0:
            return Moments(0, 0.0, 0.0)
        if by_multinomial(shots, psi.size):
            counts = draw_counts(self.probabilities(psi, group), shots, key, number)
            places = np.flatnonzero(counts)
            return Moments.from_counts(self._values(places, group), counts[places])
        places, counts = self._draw(psi, group, shots, key, number)
        return Moments.from_counts(self._values(places, group), counts)

    def _draw(
        self, psi: npt.NDArray[Any], group: int, shots: int, key: WordArray, number: int
    ) -> tuple[IntArray, IntArray]:
        """Draw determinants; return their places and how often each came up."""
        z, planes = self._with_alpha_rotated(psi, group)
        n_rows = self.shape[0]
        weights = np.zeros(-(-n_rows // WIDTH) * WIDTH)
        self._workers.run(row_weights, n_rows, z, planes, self.shape, weights, work=0.2 * len(z))
        of_rows, state = np.zeros(len(weights), dtype=np.int64), np.zeros(4, dtype=np.uint64)
        rows_of_draws(weights, shots, key, number, state, of_rows)
        rows = np.flatnonzero(of_rows)
        self._rotate_beta(z, planes, group, rows)
        places = np.empty(shots, dtype=np.int64)
        places_in_rows(z, planes, self.shape, rows, of_rows[rows], state, places)
        drawn, counts = np.unique(places, return_counts=True)
        return drawn, counts.astype(np.int64)

    def _with_alpha_rotated(self, psi: npt.NDArray[Any], group: int) -> tuple[FloatArray, int]:
        """Return the planes of the state after the alpha rotations, flat, and their number."""
        source, planes = flat_planes(psi)
        if len(self._z) != len(source):
            self._z = np.empty(len(source))
        self._rotate(rotate_columns, 0, group, planes, self.shape[1], source, self._z)
        return self._z, planes

    def _rotate_beta(self, z: FloatArray, planes: int, group: int, rows: IntArray) -> None:
        """Rotate the beta orbitals in some rows, in place."""
        self._rotate(rotate_rows, 1, group, planes, len(rows), z, rows=rows)

    def _rotate(
        self, kernel: Any, spin: int, group: int, planes: int, n_lines: int, *states: FloatArray,
        rows: IntArray | None = None,
    ) -> None:  # fmt: skip
        steps, tables = self._rotation(group), self._tables[spin]
        tiles = planes * -(-n_lines // WIDTH)
        lines = () if rows is None else (rows,)
        self._workers.run(
            kernel, tiles, *states, planes, self.shape, *lines, steps.runs, steps.turns, tables,
            work=_PAIR * tiles * tables.turned(steps),
        )  # fmt: skip

    def _rotation(self, group: int) -> RotationSteps:
        """The Givens rotations of a group, worked out when it is measured first."""
        if group not in self._steps:
            basis = self.groups[group].basis
            assert isinstance(basis, OrbitalBasis)
            self._steps[group] = RotationSteps.of(basis.rotation)
        return self._steps[group]

    def _values(self, positions: IntArray, group: int) -> FloatArray:
        rows, columns = np.divmod(positions, self.shape[1])
        bits = self._strings[0][rows] | self._strings[1][columns] << self._norb
        return self.groups[group].diagonal.values(bits.astype(np.uint64))
