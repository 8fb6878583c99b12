"""Moments of many settings and groups as arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np
import numpy.typing as npt
from numba import njit

from .estimate import Moments

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


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
        return list(self)[index]

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
    """

    def __init__(self, shots: IntArray, means: FloatArray, m2s: FloatArray) -> None:
        self.shots, self.means, self.m2s = shots, means, m2s
        self._sums: tuple[list[float], list[float], list[int], list[int]] | None = None

    def __len__(self) -> int:
        """Number of settings."""
        return len(self.shots)

    @overload
    def __getitem__(self, index: int) -> MomentRow: ...

    @overload
    def __getitem__(self, index: slice) -> list[MomentRow]: ...

    def __getitem__(self, index: int | slice) -> MomentRow | list[MomentRow]:
        """The moments of one setting, or of some."""
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

    def sums(self, row: int) -> tuple[float, float, int, int]:
        """Of a row: Σ_g mean_g, Σ_g s_g² / n_g, all shots, and the fewest of a group.

        The variance is infinite where a group has a single shot. All rows are summed when the
        first is asked for, groups in order.
        """
        if self._sums is None:
            sums = np.zeros((2, len(self)))
            numbers = np.zeros((2, len(self)), dtype=np.int64)
            _sum_rows(self.shots, self.means, self.m2s, sums, numbers)
            mean, variance = sums.tolist()
            shots, fewest = numbers.tolist()
            self._sums = (mean, variance, shots, fewest)
        of_rows = self._sums
        return of_rows[0][row], of_rows[1][row], of_rows[2][row], of_rows[3][row]


@njit(cache=True)
def _sum_rows(shots, means, m2s, sums, numbers):  # type: ignore[no-untyped-def]
    """sums <- (Σ mean, Σ s² / n) and numbers <- (Σ n, the least n) of every row, in order."""
    for k in range(shots.shape[0]):
        fewest = np.iinfo(np.int64).max
        for g in range(shots.shape[1]):
            n = shots[k, g]
            fewest = min(fewest, n)
            numbers[0, k] += n
            sums[0, k] += means[k, g]
            sums[1, k] += m2s[k, g] / (n - 1) / n if n > 1 else np.inf
        numbers[1, k] = fewest
