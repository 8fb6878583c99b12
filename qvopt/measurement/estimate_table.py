"""Estimates of many settings as arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np

from qvopt_molecules.arrays import FloatArray, IntArray

from .estimate import Estimate


@dataclass(frozen=True, eq=False)
class EstimateTable(Sequence[Estimate]):
    """Estimates that share no error of a calibration; reads like a list of them.

    Attributes:
        values: in Hartree, shape (settings,).
        variances: of the values in Hartree², the same shape.
        shots: that each took.
        dofs: degrees of freedom of the variances.
        assumed: share of each variance that rests on what is known beforehand.
    """

    values: FloatArray
    variances: FloatArray
    shots: IntArray
    dofs: FloatArray
    assumed: FloatArray

    @classmethod
    def of(cls, estimates: Sequence[Estimate]) -> EstimateTable:
        """The estimates as arrays, without the errors that they share."""
        if isinstance(estimates, EstimateTable):
            return estimates
        columns = [(e.value, e.variance, e.dof, e.assumed) for e in estimates]
        values, variances, dofs, assumed = np.array(columns).reshape(-1, 4).T
        shots = np.array([e.shots for e in estimates], dtype=np.int64)
        return cls(values, variances, shots, dofs, assumed)

    def __len__(self) -> int:
        """Number of settings."""
        return len(self.values)

    @overload
    def __getitem__(self, index: int) -> Estimate: ...

    @overload
    def __getitem__(self, index: slice) -> EstimateTable: ...

    def __getitem__(self, index: int | slice) -> Estimate | EstimateTable:
        """The estimate of one setting, or the table of some."""
        if isinstance(index, slice):
            if index == slice(0, len(self.values)):
                return self
            return EstimateTable(
                self.values[index],
                self.variances[index],
                self.shots[index],
                self.dofs[index],
                self.assumed[index],
            )
        return Estimate(
            self.values.item(index),
            self.variances.item(index),
            self.shots.item(index),
            (),
            self.dofs.item(index),
            self.assumed.item(index),
        )

    def __iter__(self) -> Iterator[Estimate]:
        """Settings in order."""
        if len(self.values) == 1:
            yield self[0]
            return
        columns = (self.values, self.variances, self.shots, self.dofs, self.assumed)
        for value, variance, shots, dof, assumed in zip(
            *(c.tolist() for c in columns), strict=True
        ):
            yield Estimate(value, variance, shots, (), dof, assumed)

    def __eq__(self, other: object) -> bool:
        """Whether another sequence holds the same estimates."""
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment]
