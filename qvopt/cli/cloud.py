"""`qvopt submit`, `status`, `fetch`, `cancel` and `doctor`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from qvopt.backends.protocol import SubmissionPolicy
from qvopt.cloud.job_manager import JobsPendingError
from qvopt.cloud.program import HardwareProgram
from qvopt.cloud.provider import JobState
from qvopt.experiment.specification import make_experiment
from qvopt.runs.session import Session
from qvopt.runs.stored import ended_result
from qvopt_molecules.errors import InputError

from .ending import terminable
from .output import print_json, print_table
from .runs import report, work
from .spending import status_printer, terminal


def submit_command(
    data: Mapping[str, Any] | None, path: Path | None, as_json: bool, quiet: bool, yes: bool
) -> int:
    """Submit the next step of a new run, or of the run in `path`."""
    handling = SubmissionPolicy("submit", on_progress=status_printer(quiet))
    if data is None:
        assert path is not None
        return _step(path, handling, as_json, quiet, yes)
    experiment = make_experiment(data)
    with (
        terminable(),
        Session.begin(
            experiment, out=path, command=["qvopt", *sys.argv[1:]], jobs=handling
        ) as session,
        _hardware(session),
    ):
        session.approve(terminal(yes=yes, quiet=quiet), new=True)
        return _follow(session, as_json, quiet, 0)


def fetch_command(path: Path, as_json: bool, quiet: bool) -> int:
    """Store what is done, and go on until something would have to be submitted."""
    handling = SubmissionPolicy("fetch", on_progress=status_printer(quiet))
    return _step(path, handling, as_json, quiet, yes=True)  # it submits nothing


def _step(path: Path, handling: SubmissionPolicy, as_json: bool, quiet: bool, yes: bool) -> int:
    from qvopt.runs.folder import RunFolder

    ended = ended_result(path)
    if ended is not None:
        return report(ended, RunFolder(path), as_json)
    with (
        terminable(),
        Session.resume(path, jobs=handling) as session,
        _hardware(session),
    ):
        session.approve(terminal(yes=yes, quiet=quiet))
        code = 0 if handling.mode == "submit" else JobsPendingError.exit_code
        return _follow(session, as_json, quiet, code)


def _follow(session: Session, as_json: bool, quiet: bool, pending: int) -> int:
    try:
        return work(session, as_json, quiet)
    except JobsPendingError as error:
        from qvopt.cloud.status import run_status

        assert session.folder is not None
        now = run_status(session.folder.path)
        open_jobs = now is not None and any(job.open for job in now.jobs)
        if not open_jobs:
            pending = 0
        if as_json:
            print_json(None if now is None else now.document())
        else:
            path = session.folder.path
            print(f"{error}\nrun      {path}")
            if open_jobs:
                print(f"next     `qvopt fetch {path}` stores what is done, `qvopt resume {path}` "
                      f"waits and continues")  # fmt: skip
        return pending


@contextmanager
def _hardware(session: Session) -> Iterator[None]:
    """Refuse a run that is on no hardware."""
    if not isinstance(session.assembly.program, HardwareProgram):
        raise InputError("only runs on hardware are submitted; `qvopt run` runs simulators")
    yield


def status_command(path: Path | None, offline: bool, as_json: bool) -> int:
    """Print where jobs stand, and the budgets."""
    from qvopt.cloud.status import run_status, states_now

    paths = [path] if path is not None else sorted(
        p.parent for p in Path("runs").glob("*/journal.jsonl")
    )  # fmt: skip
    runs = [s for s in map(run_status, paths) if s is not None]
    if path is not None and not runs:
        raise InputError(f"{path} is not a run on hardware; `qvopt show` shows it")
    documents = []
    for run in runs:
        document = run.document()
        now = {} if offline else states_now(run)
        for job in document["open"]:
            job["now"] = now.get(str(job["id"]), "not asked" if offline else "not submitted yet")
        documents.append(document)
    if as_json:
        print_json(documents)
        return 0
    if not documents:
        print("no runs on hardware in runs/")
    for document in documents:
        _print_status(document)
    return 0


def _print_status(document: dict[str, Any]) -> None:
    end = document["ended"] or "not ended"
    print(f"{document['run']}  {document['device']}  step {document['steps']}  {end}")
    for job in document["open"]:
        print(f"  job {job['id'] or job['key'][:12]}: {job['now']} (journal: {job['state']})")
    for job in document["failed"]:
        reason = f": {job['reason']}" if job["reason"] else ""
        print(f"  job {job['id'] or job['key'][:12]}: {job['state']}{reason}")
    names = {"qpu_seconds": "QPU seconds", "money": document["currency"] or "money"}
    rows = [
        {
            "": names.get(name, name),
            "spent": "not priced" if v["spent"] is None else f"{v['spent']:,.10g}",
            "reserved": "-" if v["reserved"] is None else f"{v['reserved']:,.10g}",
            "cap": "-" if v["cap"] is None else f"{v['cap']:,.10g}",
        }
        for name, v in document["budget"].items()
    ]
    print_table(rows)


def cancel_command(path: Path, as_json: bool) -> int:
    """Cancel open jobs."""
    from qvopt.cloud.status import cancel_jobs

    cancelled = cancel_jobs(path)
    if as_json:
        print_json([{"id": job, "state": str(state)} for job, state in cancelled])
        return 0
    if not cancelled:
        print("no job of this run is at the provider")
    for job, state in cancelled:
        if state is JobState.DONE:
            print(f"{job} was done already; `qvopt fetch {path}` stores its result")
        elif state is JobState.CANCELLED or not state.final:
            print(f"cancelled {job}")
        else:
            print(f"{job} had ended already: {state}")
    return 0


def doctor_command(backend: str | None, live: bool, yes: bool, as_json: bool) -> int:
    """Print the checks; with --live send one tiny job."""
    from qvopt.cloud import doctor
    from qvopt.cloud.provider import JobForecast

    rows = doctor.checks()
    code = 0
    if backend is not None:
        reached, code = doctor.trouble(lambda: doctor.reach(backend), backend)
        rows += reached
    if not as_json:
        print_table(rows)
        print(doctor.HONESTY)
    if live and not code:
        if backend is None:
            raise InputError("--live needs a device: --backend PROVIDER:DEVICE")

        def agree(price: JobForecast) -> bool:
            money = "not priced" if price.money is None else f"{price.money:.4f} {price.currency}"
            print(
                f"one job of {price.shots} shots: about {price.qpu_seconds:.1f} QPU seconds, "
                f"{money}",
                file=sys.stderr,
            )
            return yes or input("send it? [y/N] ").strip().lower() == "y"

        counts = doctor.live(backend, agree)
        text = "not sent" if counts is None else f"counts {dict(sorted(counts.items()))}"
        rows.append({"check": f"{backend}, one Bell circuit", "found": text})
        if not as_json:
            print_table(rows[-1:])
    if as_json:
        print_json({"checks": rows, "note": doctor.HONESTY})
    return code
