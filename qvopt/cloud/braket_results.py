"""The programs of a Braket result: their shots, or why they failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from .provider import ProviderError


class MeasuredProgram(NamedTuple):
    """Shots of a program, shape (shots, columns), and the qubit of each column."""

    measurements: Any
    qubits: Any


@dataclass(frozen=True)
class FailedProgram:
    """A program of a set that failed while others ran; `final` where it would fail again."""

    reason: str
    final: bool


def programs_of(answer: Any) -> list[MeasuredProgram | FailedProgram]:
    """Return the programs of the SDK's result, in the order that they were sent.

    Raises ProviderError for a single program without measurements.
    """
    entries = getattr(answer, "entries", None)
    if entries is not None:
        return [_program_of(entry) for program in entries for entry in program.entries]
    if getattr(answer, "measurements", None) is None:
        raise ProviderError("Braket: a result without measurements")
    return [MeasuredProgram(answer.measurements, answer.measured_qubits)]


def _program_of(entry: Any) -> MeasuredProgram | FailedProgram:
    if getattr(entry, "measurements", None) is not None:
        return MeasuredProgram(entry.measurements, entry.measured_qubits)
    failure = getattr(entry, "failureMetadata", None)
    reason = str(getattr(failure, "failureReason", "") or "failed or cancelled")
    return FailedProgram(
        " ".join(reason.split())[:120], getattr(failure, "retryable", True) is False
    )
