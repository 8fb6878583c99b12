"""When readout is calibrated, what it costs, and how a calibration is journaled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from qvopt.backends.protocol import Bill, CountingProgram, MeteredProgram, Program
from qvopt.experiment.mitigation import ReadoutSpec
from qvopt.measurement.readout import Calibration
from qvopt.records.codec import encode_costs
from qvopt.records.ledger import Cost, Costs, hardware_costs

PURPOSE: Final = "readout-calibration"
"""What it is charged as."""

CALIBRATION_CIRCUITS: Final = 2
"""All qubits in 0, all qubits in 1."""


@dataclass
class CalibrationClock:
    """Says when a calibration is due: before the first round, and then every so many."""

    readout: ReadoutSpec | None
    _number: int = 0
    _rounds: int = 0

    def due(self, role: str) -> int | None:
        """The number of the calibration to make before a round of this role; None for none."""
        if self.readout is None:
            return None
        optimizing = role == "optimizer"
        every = self.readout.every
        if self._number and not (optimizing and every is not None and self._rounds >= every):
            self._rounds += optimizing
            return None
        self._number, self._rounds = self._number + 1, int(optimizing)
        return self._number - 1


def calibrate(program: Program, readout: ReadoutSpec, seed: np.random.SeedSequence) -> Calibration:
    """Run the calibration circuits and return the error rates."""
    return decode_calibration(_counts(program, readout, seed), readout)


def calibration_round(
    program: Program, readout: ReadoutSpec, seed: np.random.SeedSequence, number: int
) -> dict[str, Any]:
    """Run the calibration circuits and return the journal's event of it."""
    return {
        "type": "round",
        "role": "calibration",
        "round": number,
        "queries": [],
        "answers": [],
        "calibration": _counts(program, readout, seed),
        "cost": encode_costs(_measured_costs(readout, program)),
    }


def _counts(program: Program, readout: ReadoutSpec, seed: np.random.SeedSequence) -> dict[str, Any]:
    assert isinstance(program, CountingProgram)
    qubits, zeros, ones = program.sample_calibration(readout.shots, seed)
    return {
        "qubits": list(qubits),
        "zeros": [list(pair) for pair in sorted(zeros.items())],
        "ones": [list(pair) for pair in sorted(ones.items())],
    }


def decode_calibration(document: dict[str, Any], readout: ReadoutSpec) -> Calibration:
    """Return the error rates that journaled counts give."""
    zeros, ones = dict(document["zeros"]), dict(document["ones"])
    return Calibration.of_counts(tuple(document["qubits"]), zeros, ones, readout.method)


def calibration_costs(readout: ReadoutSpec, program: Program | None = None) -> Costs:
    """What one calibration will cost."""
    bill = Bill()
    if isinstance(program, MeteredProgram):
        bill = program.forecast_calibration(readout.shots)
    return _costs(readout) | hardware_costs(bill)


def _measured_costs(readout: ReadoutSpec, program: Program) -> Costs:
    """What the calibration that has just run did cost."""
    bill = program.take_bill() if isinstance(program, MeteredProgram) else Bill()
    return _costs(readout) | hardware_costs(bill)


def _costs(readout: ReadoutSpec) -> Costs:
    shots = CALIBRATION_CIRCUITS * readout.shots
    return {PURPOSE: Cost(circuits=CALIBRATION_CIRCUITS, shots=shots)}
