"""Programs of one run whose jobs are written down in its journal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qvopt.backends.cost import Cost
from qvopt.backends.protocol import DurableProgram, Program, SubmissionPolicy
from qvopt.records.jobs import job_records, lost_cost
from qvopt.records.journal import Event, Journal


class AttachedPrograms:
    """Attaches programs to a journal, each of which sees what the others have written there.

    So they are one run to the vendor, whichever of them was compiled first.

    Args:
        journal: of the run; None keeps nothing.
        policy: what is done with jobs.
    """

    def __init__(self, journal: Journal | None, policy: SubmissionPolicy) -> None:
        self._journal, self._policy = journal, policy
        self._events: list[Event] = [] if journal is None else list(journal.events)
        self._programs: list[DurableProgram] = []

    def attach(self, program: Program, folder: Path | None, *, main: bool) -> None:
        """Attach a program whose work is jobs; any other needs nothing.

        Args:
            program: compiled for the run.
            folder: where its lowered circuits and results are kept.
            main: whether its circuit is the one that the run began with.
        """
        if isinstance(program, DurableProgram):
            log = None if self._journal is None else self
            program.attach(folder, log, self._events, self._policy, main=main)
            self._programs.append(program)

    def append(self, event: Mapping[str, Any], *, durable: bool = False) -> None:
        """Write an event of a program."""
        assert self._journal is not None
        self._journal.append(event, durable=durable)
        self._events.append(dict(event))

    @property
    def lost(self) -> Cost:
        """What jobs took that ended without results, whatever program they were of."""
        return lost_cost(job_records(self._events).values())

    def close(self) -> None:
        """Close what is open at the vendor; jobs go on."""
        for program in self._programs:
            program.close()
