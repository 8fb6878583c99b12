"""What a stage of mitigation is: it asks for more, and makes better values of what comes back.

Stages stand around the call that samples a batch, the first one outermost. Each expands the request
that the one before it made, and each reduces the results that the one after it returns:

    request -> expand -> expand -> Program.run -> reduce -> reduce -> estimates

What a stage adds (amplified or reference settings, calibrations) is in the batch, and so in its
price. To add one: a module with these methods, and a line in `building`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from qvopt.backends.batch import CalibrationCounts
from qvopt.backends.protocol import Program
from qvopt.engine.learned import Learned
from qvopt.engine.rows import Row, RowResult, min_shots
from qvopt.measurement.plan import MeasurementPlan


@dataclass(frozen=True, eq=False)
class Request:
    """Energies, and what is to be sampled beside them.

    `counts`: the energies come back as counts. `calibration_shots`: of each circuit of a
    calibration of the readout; 0 for none. `renews`: that calibration replaces all earlier ones.
    """

    rows: Sequence[Row]
    counts: bool = False
    calibration_shots: int = 0
    renews: bool = False


@dataclass(frozen=True, eq=False)
class Context:
    """What a stage may ask about the round.

    Attributes:
        program, plan: where and how it is measured.
        learned: what earlier rounds have shown.
        optimizing: whether the round is the optimizer's.
        calibration: what the round itself calibrated; None before it has run.
    """

    program: Program
    plan: MeasurementPlan
    learned: Learned = field(default_factory=Learned)
    optimizing: bool = False
    calibration: CalibrationCounts | None = None

    def measured(self, calibration: CalibrationCounts | None) -> Context:
        """Return the context after the round has run."""
        return replace(self, calibration=calibration)

    def min_shots(self, row: Row) -> int:
        """The fewest shots that a row can do with."""
        return min_shots(row.spread, len(self.plan.groups))


class Stage(Protocol):
    """A way to mitigate errors.

    `level` is what it reduces: "counts" of each group, or "estimates" of energies; stages of
    estimates stand before those of counts.
    """

    @property
    def level(self) -> Literal["counts", "estimates"]:
        """What `reduce` works on."""
        ...

    @property
    def copies(self) -> int:
        """Rows that `expand` makes of each row."""
        ...

    def prepare(self, plan: MeasurementPlan) -> MeasurementPlan:
        """Return the plan as the stage needs it. Raises InputError where it cannot serve."""
        ...

    def expand(self, request: Request, context: Context) -> Request:
        """Return the request with what the stage adds."""
        ...

    def reduce(
        self, request: Request, results: Sequence[RowResult], context: Context
    ) -> Sequence[RowResult]:
        """Return one result for each row of `request`, which is the one before `expand`."""
        ...
