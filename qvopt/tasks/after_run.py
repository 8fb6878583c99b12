"""What is measured of an ended run: once, on its account, and kept in its journal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from qvopt.backends.protocol import SubmissionPolicy
from qvopt.engine.assembly import Assembly, assemble, grown
from qvopt.records.codec import decode_costs, encode_costs
from qvopt.records.events import History
from qvopt.records.journal import Event, Journal, damaged_line
from qvopt.records.ledger import Costs, Ledger
from qvopt.runs.approval import Approve, approve_measurement
from qvopt.runs.attaching import AttachedPrograms
from qvopt.runs.budget import make_budget
from qvopt.runs.folder import RunFolder
from qvopt.runs.result import Result
from qvopt.tasks.properties_result import Place
from qvopt_molecules.argument_checks import path_of
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError

Measure = Callable[[Assembly, int, "Account"], tuple[dict[str, Any], Costs]]
"""Measures on the run's circuit, as the n-th of its role, after asking the account; returns what is
kept, and what it cost."""


@dataclass(frozen=True, eq=False)
class Account:
    """Of a run that is measured after its end.

    Attributes:
        assembly: of the run.
        ledger: what it has spent, under its caps.
        purpose: of the measurement, in words.
        approve: see `agree`.
    """

    assembly: Assembly
    ledger: Ledger
    purpose: str
    approve: Approve | None

    def ask(self, costs: Costs, *, begun: bool = False) -> None:
        """Ask for what a measurement will cost, before its jobs.

        Args:
            costs: by purpose.
            begun: whether its jobs were submitted before, and so agreed to.

        Raises BudgetExceededError where it would pass a cap of the run, InputError where the answer
        is no.
        """
        self.ledger.check(costs)
        if not begun:
            approve_measurement(self.assembly, costs, self.purpose, self.approve)


def folder_of(run: str | Path | Result) -> Path:
    """Return the folder of a run. Raises InputError for a result that has none."""
    if not isinstance(run, Result):
        return path_of(run, "the run folder")
    if run.run is None:
        raise InputError("this result has no run folder; run with out=... or store=True")
    return Path(run.run)


def final_point(history: History, path: str | Path, at: Place | None) -> tuple[FloatArray, Place]:
    """Return the parameters that an ended run is measured at, and which iterate they are."""
    if at not in (None, "last", "average"):
        raise InputError(f"properties are taken at the last or the average iterate, got '{at}'")
    end = history.end
    if end is None:
        raise InputError(f"{path} has not ended; `qvopt resume {path}` continues it")
    average = end.average
    if average is not None and at != "last":
        return average.x, "average"
    if at == "average":
        raise InputError(f"{path} has no average iterate; exact runs end at their last one")
    return end.x, "last"


def kept_or_measured(
    folder: RunFolder,
    events: Sequence[Event],
    role: str,
    field: str,
    asked: dict[str, Any],
    jobs: SubmissionPolicy | None,
    approve: Approve | None,
    measure: Measure,
) -> dict[str, Any]:
    """Return the journal's answer to a question, or measure it and write it down.

    Args:
        folder: of the run.
        events: of its journal, as read so far.
        role: of the rounds that are measured so, and what they are charged as.
        field: of the event that has the answer.
        asked: the question; the same one is not measured again.
        jobs: what is to be done with jobs; None waits for them.
        approve: called before the first job on hardware, see `agree`.
        measure: measures it.

    Raises BudgetExceededError where it would pass a cap of the run, InputError where the answer is
    no.
    """
    kept = _kept(events, role, field, asked)
    if kept is not None:
        return kept
    with folder.open_journal() as journal:
        kept = _kept(journal.events, role, field, asked)  # another process may have measured it
        if kept is not None:
            return kept
        policy = jobs or SubmissionPolicy()
        number, answer, costs = _measured(folder, journal, role, policy, approve, measure)
        event = {"type": "round", "role": role, "round": number, "asked": asked, field: answer}
        journal.append({**event, "cost": encode_costs(costs)}, durable=True)
    return answer


def _kept(
    events: Sequence[Event], role: str, field: str, asked: dict[str, Any]
) -> dict[str, Any] | None:
    for event in events:
        if event["type"] != "round" or event["role"] != role:
            continue
        if not all(isinstance(event.get(key), dict) for key in ("asked", field)):
            # Not measured again: it may have been paid for.
            raise damaged_line(None, event.get("n", 0), f'its round has no "asked" or "{field}"')
        if event["asked"] == asked:
            return dict(event[field])
    return None


def _measured(
    folder: RunFolder,
    journal: Journal,
    role: str,
    policy: SubmissionPolicy,
    approve: Approve | None,
    measure: Measure,
) -> tuple[int, dict[str, Any], Costs]:
    """The number of the measurement among its role's, the answer and its costs."""
    experiment, events = folder.begun_experiment(), journal.events
    hamiltonian = folder.hamiltonian().orbitals()
    assembly = grown(assemble(experiment, hamiltonian), History.of(events).operators)
    attached = AttachedPrograms(journal, policy)
    assembly.compiler.attach = partial(attached.attach, folder=folder.path, main=False)
    ledger = Ledger(make_budget(experiment.budget, assembly.program, begun=True))
    ledger.charge({"lost": attached.lost})
    earlier = [e for e in events if e["type"] == "round"]
    for event in earlier:
        ledger.charge(decode_costs(event["cost"]))
    number = sum(e["role"] == role for e in earlier)
    try:
        account = Account(assembly, ledger, f"the {role} of {folder.path}", approve)
        answer, costs = measure(assembly, number, account)
    finally:
        attached.close()
    return number, answer, costs
