"""Correction of readout errors, by calibrations that are requests like any other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from qvopt.backends.protocol import NoisyProgram, Program
from qvopt.engine.rows import RowResult
from qvopt.experiment.mitigation import ReadoutSpec
from qvopt.measurement.plan import MeasurementPlan
from qvopt.measurement.readout import Calibration
from qvopt.measurement.statistics import moments_of_group
from qvopt_molecules.errors import BackendError

from .stage import Context, Request


@dataclass(frozen=True)
class ReadoutCorrection:
    """Counts become moments with the readout errors of each qubit taken out.

    A calibration is made with the first energies, again every `spec.every` rounds of the optimizer,
    and wherever a circuit reads qubits that none has covered (as one that has grown may).
    """

    spec: ReadoutSpec
    level: Literal["counts"] = "counts"
    copies: int = 1

    def prepare(self, plan: MeasurementPlan) -> MeasurementPlan:
        """The plan as it is."""
        return plan

    def expand(self, request: Request, context: Context) -> Request:
        """Ask for counts, and for a calibration where one is due."""
        learned, every = context.learned, self.spec.every
        renews = not learned.calibrations or (
            context.optimizing and every is not None and learned.rounds >= every
        )
        due = renews or learned.covering(_qubits(context.program, context.plan)) is None
        shots = self.spec.shots if due and request.rows else 0
        return replace(request, counts=True, calibration_shots=shots, renews=renews and shots > 0)

    def reduce(
        self, request: Request, results: Sequence[RowResult], context: Context
    ) -> Sequence[RowResult]:
        """Moments from counts; the error of the calibration is propagated."""
        program, groups = context.program, context.plan.groups
        assert isinstance(program, NoisyProgram)
        qubits = [program.readout_qubits(g) for g in range(len(groups))]
        measured = context.calibration
        if measured is None:
            measured = context.learned.covering(_qubits(program, context.plan))
        if measured is None:
            raise BackendError("the readout was to be corrected, and no calibration came back")
        calibration = Calibration.of_counts(
            measured.qubits, measured.zeros, measured.ones, self.spec.method
        )
        corrected = []
        for result in results:
            assert result.counts is not None
            moments = [
                moments_of_group(group, counts, calibration, read)
                for group, counts, read in zip(groups, result.counts, qubits, strict=True)
            ]
            corrected.append(replace(result, counts=None, moments=moments))
        return corrected


def _qubits(program: Program, plan: MeasurementPlan) -> list[int]:
    """The device's qubits that any group reads."""
    assert isinstance(program, NoisyProgram)
    return sorted({q for g in range(len(plan.groups)) for q in program.readout_qubits(g)})
