"""Moments of many settings and groups as arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np
import numpy.typing as npt

from .estimate import Moments

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class MomentTable(Sequence[Sequence[Moments]]):
    """A list of lists of `Moments`, one row a setting and one column a group, held as arrays.

    Attributes:
        shots: shots of each, shape (settings, groups).
        means: their means, the same shape; 0 without shots.
        m2s: sums of squared deviations, the same shape.
    """

    def __init__(self, shots: IntArray, means: FloatArray, m2s: FloatArray) -> None:
        self.shots, self.means, self.m2s = shots, means, m2s

    def __len__(self) -> int:
        """Number of settings."""
        return len(self.shots)

    @overload
    def __getitem__(self, index: int) -> list[Moments]: ...

    @overload
    def __getitem__(self, index: slice) -> MomentTable: ...

    def __getitem__(self, index: int | slice) -> list[Moments] | MomentTable:
        """The moments of one setting, or a table of some."""
        rows = (self.shots[index], self.means[index], self.m2s[index])
        if isinstance(index, slice):
            return MomentTable(*rows)
        return [Moments(*m) for m in zip(*(row.tolist() for row in rows), strict=True)]

    def __iter__(self) -> Iterator[list[Moments]]:
        """Rows in order."""
        for k in range(len(self)):
            yield self[k]

    def __eq__(self, other: object) -> bool:
        """Whether another sequence of rows holds the same moments."""
        if not isinstance(other, Sequence):
            return NotImplemented
        return list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]
