"""The orbital rotations of measurement groups, made on lines of a state."""

from __future__ import annotations

from collections.abc import Sequence

from qvopt.measurement.plan import MeasurementGroup, OrbitalBasis
from qvopt_molecules.arrays import FloatArray, IntArray

from .lanes import WIDTH
from .neighbours import NeighbourTables, RotationSteps, rotate_columns, rotate_rows
from .workers import Workers

PAIR = 2.0
"""Nanoseconds of rotating a pair of eight lanes, roughly."""


class GroupRotations:
    """The rotation of each group as at most norb (norb - 1) / 2 Givens rotations of neighbours.

    Args:
        groups: whose bases are rotations of orbitals.
        strings: occupation strings of alpha and of beta electrons, ascending.
        norb: number of orbitals.
        workers: threads.
    """

    def __init__(
        self,
        groups: Sequence[MeasurementGroup],
        strings: tuple[IntArray, IntArray],
        norb: int,
        workers: Workers,
    ) -> None:
        self.shape = (len(strings[0]), len(strings[1]))
        self.workers = workers
        self._groups, self._norb = groups, norb
        self._tables = [NeighbourTables.of(of_spin, norb) for of_spin in strings]
        self._steps: dict[int, RotationSteps] = {}

    @property
    def most_turned(self) -> int:
        """Pairs of alpha strings that a rotation of all orbitals turns."""
        return self._tables[0].turned(self._norb * (self._norb - 1) // 2)

    def steps(self, group: int) -> RotationSteps:
        """The Givens rotations of a group, worked out when it is measured first."""
        if group not in self._steps:
            basis = self._groups[group].basis
            assert isinstance(basis, OrbitalBasis)
            self._steps[group] = RotationSteps.of(basis.rotation)
        return self._steps[group]

    def rotate_alpha(self, group: int, source: FloatArray, planes: int, z: FloatArray) -> None:
        """z <- the planes of a state with the orbitals of alpha electrons rotated, flat."""
        steps, tables = self.steps(group), self._tables[0]
        tiles = planes * -(-self.shape[1] // WIDTH)
        self.workers.run(
            rotate_columns, tiles, source, z, self.shape, steps.runs, steps.turns, tables,
            work=PAIR * tiles * tables.turned(len(steps.orbitals)),
        )  # fmt: skip

    def rotate_lines(
        self, spin: int, steps: RotationSteps, lines: FloatArray, planes: int, rows: IntArray
    ) -> None:
        """Rotate the orbitals of one spin in some rows over its strings, in place.

        Args:
            spin: 0 for alpha.
            steps: the rotations.
            lines: flat, of shape (planes, lines, strings).
            planes: one for real numbers, two for complex ones.
            rows: the lines to rotate.
        """
        tables, n_strings = self._tables[spin], self.shape[spin]
        shape = (len(lines) // (planes * n_strings), n_strings)
        tiles = planes * -(-len(rows) // WIDTH)
        self.workers.run(
            rotate_rows, tiles, lines, planes, shape, rows, steps.runs, steps.turns, tables,
            work=PAIR * tiles * tables.turned(len(steps.orbitals)),
        )  # fmt: skip
