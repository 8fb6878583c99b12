"""What a run on hardware will take and has taken, as people read it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace

from qvopt.cloud.program import HardwareProgram
from qvopt.runs.folder import RunFolder
from qvopt.runs.session import Session
from qvopt_molecules.errors import InputError


def caps_line(caps: Mapping[str, float], currency: str) -> str:
    """The caps of a budget in one line."""
    units = {"qpu_seconds": "QPU seconds", "money": currency}
    amounts = ", ".join(f"{v:,.10g} {units.get(k, k)}" for k, v in caps.items())
    return f"the run stops before it passes {amounts}"


def announce(session: Session, *, quiet: bool) -> None:
    """Say on standard error what a new run on hardware may take; nothing has been sent yet."""
    program = session.assembly.program
    if quiet or not isinstance(program, HardwareProgram):
        return
    from qvopt.cloud.forecast import forecast_run

    # Played on an evaluator of its own, which the run's learns nothing from.
    assembly = session.assembly
    try:
        forecast = forecast_run(replace(assembly, evaluator=replace(assembly.evaluator)))
    except InputError as error:
        print(f"{program.device.full_name}: {error}", file=sys.stderr)
        return
    whole = forecast.whole
    parts = [f"{whole.jobs:,} jobs", f"{whole.shots:,} shots"]
    if program.device.durable:
        parts.append(f"about {whole.qpu_seconds:,.0f} QPU seconds")
        money = f"{whole.money:,.2f} {forecast.currency}" if forecast.priced else "not priced"
        parts.append(money)
    print(
        f"{forecast.device}: {', '.join(parts)} for {forecast.steps:,} "
        f"{'step' if forecast.steps == 1 else 'steps'} and the final check",
        file=sys.stderr,
    )
    for line in forecast.warnings():
        print(line, file=sys.stderr)
    caps = dict(forecast.budget.caps())
    if caps:
        print(caps_line(caps, forecast.budget.currency), file=sys.stderr)


def spent_rows(folder: RunFolder) -> list[tuple[str, str, str]]:
    """Rows (name, value, unit) of a closing table: what the vendor counts, failed jobs included."""
    from qvopt.cloud.status import run_status

    found = run_status(folder.path)
    if found is None:
        return []
    spent = found.spent
    rows = [("jobs", f"{spent.jobs:,}", "")]
    if spent.qpu_seconds:
        rows.append(("QPU time", f"{spent.qpu_seconds:,.2f}", "s"))
    if not found.priced:
        rows.append(("money", "not priced", ""))
    elif spent.money:
        rows.append(("money", f"{spent.money:,.2f}", found.currency))
    return rows


def left_behind(folder: RunFolder) -> str:
    """What is at the provider after an interruption, in words; empty where nothing is."""
    from qvopt.cloud.status import run_status

    found = run_status(folder.path)
    jobs = [] if found is None else [j.id or j.key[:12] for j in found.jobs if j.open]
    if found is None or not jobs or not found.durable:
        return ""
    which = f"job {jobs[0]} stays" if len(jobs) == 1 else f"jobs {', '.join(jobs)} stay"
    return f"{which} at {found.device}; `qvopt cancel {folder.path}` cancels what is there"
