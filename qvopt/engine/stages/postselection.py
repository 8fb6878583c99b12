"""Post-selection: outcomes with impossible electron numbers are thrown away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from qvopt.engine.rows import RowResult
from qvopt.measurement.plan import MeasurementPlan
from qvopt.measurement.selection import select
from qvopt_molecules.errors import InputError

from .stage import Context, Request


@dataclass(frozen=True)
class PostSelection:
    """Keeps the outcomes of each group that show the right electron numbers.

    The selection is part of the groups of the plan, so that moments are taken of what is kept;
    with a correction of the readout it comes after that. Outcomes that are thrown away are paid.
    """

    norb: int
    n_alpha: int
    n_beta: int
    level: Literal["counts"] = "counts"
    copies: int = 1

    def prepare(self, plan: MeasurementPlan) -> MeasurementPlan:
        """Give each group the selection that it shows; raises InputError where none does."""
        selected = select(plan, (self.norb, self.n_alpha, self.n_beta))
        if not any(group.selection for group in selected.groups):
            raise InputError(
                f"none of these {plan.name} groups shows the electron numbers that post-selection "
                f"goes by; use basis rotations"
            )
        return selected

    def expand(self, request: Request, context: Context) -> Request:
        """Nothing is added."""
        return request

    def reduce(
        self, request: Request, results: Sequence[RowResult], context: Context
    ) -> Sequence[RowResult]:
        """The selection is in the moments already."""
        return results
