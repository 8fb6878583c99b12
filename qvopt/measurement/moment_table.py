"""Moments of many settings and groups as arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

from qvopt_molecules.arrays import FloatArray, IntArray

from .estimate import Moments
from .estimate_table import EstimateTable
from .plan import MeasurementPlan


class MomentRow(Sequence[Moments]):
    """The moments of all groups in one setting, a row of a table; reads like a list of them."""

    __slots__ = ("row", "table")

    def __init__(self, table: MomentTable, row: int) -> None:
        self.table, self.row = table, row

    def __len__(self) -> int:
        """Number of groups."""
        return int(self.table.shots.shape[1])

    @overload
    def __getitem__(self, index: int) -> Moments: ...

    @overload
    def __getitem__(self, index: slice) -> list[Moments]: ...

    def __getitem__(self, index: int | slice) -> Moments | list[Moments]:
        """The moments of one group, or of some."""
        if isinstance(index, slice):
            return list(self)[index]
        t, place = self.table, (self.row, index)
        return Moments(int(t.shots[place]), float(t.means[place]), float(t.m2s[place]))

    def __iter__(self) -> Iterator[Moments]:
        """Groups in order."""
        t, k = self.table, self.row
        return map(Moments, t.shots[k].tolist(), t.means[k].tolist(), t.m2s[k].tolist())

    def __eq__(self, other: object) -> bool:
        """Whether another sequence holds the same moments."""
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment]


class MomentTable(Sequence[MomentRow]):
    """One row a setting and one column a group, held as arrays.

    Attributes:
        shots: shots of each, shape (settings, groups).
        means: their means, the same shape; 0 without shots.
        m2s: sums of squared deviations, the same shape.
        estimates: the energies of all settings for a plan, once they are made; None instead where
            a group has no shots.
    """

    def __init__(self, shots: IntArray, means: FloatArray, m2s: FloatArray) -> None:
        self.shots, self.means, self.m2s = shots, means, m2s
        self.estimates: tuple[MeasurementPlan, EstimateTable | None] | None = None

    def __len__(self) -> int:
        """Number of settings."""
        return len(self.shots)

    @overload
    def __getitem__(self, index: int) -> MomentRow: ...

    @overload
    def __getitem__(self, index: slice) -> list[MomentRow]: ...

    def __getitem__(self, index: int | slice) -> MomentRow | list[MomentRow]:
        """The moments of one setting, or of some."""
        if index == 0 and len(self.shots):  # most tables have one row
            return MomentRow(self, 0)
        rows = range(len(self))[index]
        if isinstance(rows, int):
            return MomentRow(self, rows)
        return [MomentRow(self, k) for k in rows]

    def __iter__(self) -> Iterator[MomentRow]:
        """Rows in order."""
        return (MomentRow(self, k) for k in range(len(self)))

    def __eq__(self, other: object) -> bool:
        """Whether another sequence of rows holds the same moments."""
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment]
