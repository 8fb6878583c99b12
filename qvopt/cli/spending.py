"""What a run on hardware will take and has taken, as people read it; and their approval."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final

from qvopt.runs.approval import Approve, CostStatement
from qvopt.runs.folder import RunFolder
from qvopt_molecules.errors import InputError

from .cadence import Cadence

_FIRST_LINES: Final = 24


def status_printer(quiet: bool) -> Callable[[str], None] | None:
    """Return what prints a line about jobs on standard error, the same one once; None if quiet.

    In a file the first lines come, and then less and less of them (`Cadence`): the journal has all,
    and `qvopt status` shows them.
    """
    last, count, live, cadence = "", 0, sys.stderr.isatty(), Cadence()

    def show(text: str) -> None:
        nonlocal last, count
        if text != last:
            count += 1
            if live or count <= _FIRST_LINES or cadence.due():
                print(text, file=sys.stderr, flush=True)
                cadence.shown()
        last = text

    return None if quiet else show


def terminal(*, yes: bool, quiet: bool, question: str = "submit it?") -> Approve:
    """Return what states costs on standard error and asks there.

    Runs that are simulated here, or cost nothing, are not asked about. A budget or `yes` answers.

    Args:
        yes: whether the answer is given.
        quiet: silences what costs nothing.
        question: what is asked.
    """

    def approve(statement: CostStatement) -> bool:
        if not statement.simulated or not quiet:
            print(statement, file=sys.stderr, flush=True)
        if not statement.simulated and not yes and not statement.caps:
            ask(question)
        return True

    return approve


def ask(question: str) -> None:
    """Ask on the terminal. Raises InputError unless the answer is yes."""
    try:
        print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
        answer = input()
    except EOFError:
        answer = ""
    if answer.strip().lower() not in ("y", "yes"):
        raise InputError(
            "not agreed to, and nothing was submitted; answer y, or give --yes or a --budget"
        )


def spent_rows(folder: RunFolder) -> list[tuple[str, str, str]]:
    """Rows (name, value, unit) of a closing table: what the vendor counts, failed jobs included."""
    if not _has_device(folder):
        return []
    from qvopt.cloud.status import run_status

    status = run_status(folder.path)
    if status is None:
        return []
    spent = status.spent
    rows = [("jobs", f"{spent.jobs:,}", "")]
    if spent.qpu_seconds:
        rows.append(("QPU time", f"{spent.qpu_seconds:,.2f}", "s"))
    if not status.priced:
        rows.append(("money", "not priced", ""))
    elif spent.money:
        rows.append(("money", f"{spent.money:,.2f}", status.currency))
    return rows


def left_behind(folder: RunFolder) -> str:
    """What is at the provider after an interruption, in words; empty where nothing is."""
    if not _has_device(folder):
        return ""
    from qvopt.cloud.status import run_status

    status = run_status(folder.path)
    jobs = [] if status is None else [j.id or j.key[:12] for j in status.jobs if j.open]
    if status is None or not jobs or not status.durable:
        return ""
    which = f"job {jobs[0]} stays" if len(jobs) == 1 else f"jobs {', '.join(jobs)} stay"
    return f"{which} at {status.device}; `qvopt cancel {folder.path}` cancels what is there"


def _has_device(folder: RunFolder) -> bool:
    """Whether a device is in the journal; without one nothing of the clients is imported."""
    return any(event["type"] == "hardware" for event in folder.events())
