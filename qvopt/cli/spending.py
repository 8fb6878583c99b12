"""What a run on hardware will take and has taken, as people read it; and their approval."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeGuard

from qvopt.backends.cost import Cost
from qvopt.backends.protocol import DurableProgram, Pricing
from qvopt.experiment.specification import Experiment
from qvopt.runs.folder import RunFolder
from qvopt.runs.session import Session
from qvopt_molecules.errors import InputError

from .cadence import Cadence

if TYPE_CHECKING:
    from qvopt.cloud.program import HardwareProgram

_SUGGESTED_STEPS: Final = 20
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


def caps_line(caps: Mapping[str, float], currency: str) -> str:
    """The caps of a budget in one line."""
    units = {"qpu_seconds": "QPU seconds", "money": currency}
    amounts = ", ".join(f"{v:,.10g} {units.get(k, k)}" for k, v in caps.items())
    return f"the run stops before it passes {amounts}"


@contextmanager
def approved(
    session: Session, *, yes: bool, quiet: bool, new: Experiment | None = None
) -> Iterator[None]:
    """Say what a run on hardware may take, and ask before its first job.

    Runs that are simulated here, or cost nothing, are not asked about. A budget or `yes` answers.
    Where the answer is no, nothing was submitted, and the folder of a new run is removed.

    Args:
        session: a run that has submitted nothing yet; one that has was agreed to.
        yes: whether the answer is given.
        quiet: silences what costs nothing.
        new: what a new run was asked for; None for one that is resumed.

    Raises InputError where the answer is no, or the run has no bound.
    """
    program = session.assembly.program
    if is_hardware(program) and not program.jobs.records:
        free = is_free(program)
        try:
            unbounded = new is not None and "max_steps" not in new.model_fields_set
            if unbounded and not free and not _caps(session):
                device, steps = program.device.full_name, session.experiment.max_steps
                raise _unbounded(f"this run on {device} may be (it", steps)
            if not free or not quiet:
                for line in statement(session):
                    print(line, file=sys.stderr, flush=True)
            if not free and not yes and not _caps(session):
                ask("submit it?")
        except BaseException:
            session.close()
            if new is not None and session.folder is not None:
                shutil.rmtree(session.folder.path)
            raise
    yield


def approve_runs(experiment: Experiment, n_runs: int, *, yes: bool, quiet: bool) -> None:
    """The same of a task of several runs, before the first of them has a folder.

    Args:
        experiment: of every run, but for what the task changes.
        n_runs: how many there are at most.
        yes: whether the answer is given.
        quiet: silences what costs nothing.

    Raises InputError where the answer is no, or a run has no bound.
    """
    from qvopt.backends.catalogue import is_provider
    from qvopt.cloud.forecast import forecast_run
    from qvopt.engine.assembly import assemble
    from qvopt.runs.defaults import with_final_aim

    if not is_provider(experiment.backend.name):
        return
    assembly = with_final_aim(assemble(experiment))
    program = assembly.program
    if not is_hardware(program) or (is_free(program) and quiet):
        return
    free, name = is_free(program), program.device.full_name
    forecast = forecast_run(assembly)
    caps = dict(forecast.budget.caps())
    if "max_steps" not in experiment.model_fields_set and not free and not caps:
        raise _unbounded(f"the {n_runs} runs on {name} may be (each", experiment.max_steps)
    total = sum((forecast.total for _ in range(n_runs)), Cost())
    line = cost_line(program.pricing, total)
    print(f"{line} for {n_runs} runs", file=sys.stderr, flush=True)
    if caps:
        each = caps_line(caps, forecast.budget.currency).replace("the run", "each run")
        print(each, file=sys.stderr, flush=True)
    elif not free and not yes:
        ask("submit them?")


def is_hardware(program: object) -> TypeGuard[HardwareProgram]:
    """Whether a program's work is jobs of ours; clients are imported only where it may be."""
    if not isinstance(program, DurableProgram):
        return False
    from qvopt.cloud.program import HardwareProgram

    return isinstance(program, HardwareProgram)


def is_free(program: HardwareProgram) -> bool:
    """Whether its jobs cost nothing: simulated here, or by a vendor for nothing."""
    return program.device.simulator and (program.pricing.free or not program.durable)


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


def _unbounded(runs: str, steps: int) -> InputError:
    return InputError(
        f"nothing limits how long {runs} would take up to {steps} steps): add --max-steps "
        f"{_SUGGESTED_STEPS}, or a cap such as --budget '20 QPU-min' or '100 jobs'"
    )


def _caps(session: Session) -> dict[str, float]:
    return dict(session.driver.ledger.budget.caps())


def statement(session: Session) -> Sequence[str]:
    """What a run on hardware may take, in lines; nothing is sent."""
    from qvopt.cloud.forecast import forecast_run

    program = session.assembly.program
    assert is_hardware(program)
    # Played on an evaluator of its own, which the run's learns nothing from.
    assembly = session.assembly
    name = program.device.full_name
    try:
        forecast = forecast_run(replace(assembly, evaluator=replace(assembly.evaluator)))
    except InputError as error:
        return [f"{name}: {error}"]
    total = forecast.total
    parts = [f"{total.jobs:,} jobs", f"{total.shots:,} shots"]
    if program.durable:
        parts.append(f"about {total.qpu_seconds:,.0f} QPU seconds")
        money = f"{total.money:,.2f} {forecast.currency}" if forecast.priced else "not priced"
        parts.append(money)
    steps = f"{forecast.steps:,} {'step' if forecast.steps == 1 else 'steps'}"
    lines = [f"{name}: {', '.join(parts)} for {steps} and the final check", *forecast.warnings()]
    caps = dict(forecast.budget.caps())
    return [*lines, caps_line(caps, forecast.budget.currency)] if caps else lines


def cost_line(pricing: Pricing, cost: Cost) -> str:
    """What jobs will take, in a line."""
    money = f"{cost.money:,.2f} {pricing.currency}" if pricing.known else "not priced"
    return (
        f"{pricing.device}: {cost.jobs:,} jobs, {cost.shots:,} shots, about "
        f"{cost.qpu_seconds:,.0f} QPU seconds, {money}"
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
