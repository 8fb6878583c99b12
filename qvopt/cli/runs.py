"""`qvopt run`, `resume` and `show`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qvopt.backends.catalogue import is_provider
from qvopt.backends.protocol import DurableProgram, SubmissionPolicy
from qvopt.engine.assembly import assemble
from qvopt.experiment.specification import make_experiment
from qvopt.runs.advice import mitigation_advice
from qvopt.runs.defaults import with_defaults
from qvopt.runs.distinction import details_of, document_of
from qvopt.runs.folder import RunFolder
from qvopt.runs.interruption import ends_after_round
from qvopt.runs.problem_description import (
    describe_problem,
    description_line,
    description_rows,
)
from qvopt.runs.reach import reach_line
from qvopt.runs.references import References
from qvopt.runs.result import Result, Trace
from qvopt.runs.session import Session
from qvopt.runs.stored import ended_result, stored_result
from qvopt.runs.wording import exact_name, wording_of
from qvopt_molecules.errors import BackendError, InputError

from .ending import INTERRUPTED, REQUEUE, Terminated, terminable
from .output import print_choice, print_json, print_result, print_rows, print_table
from .progress import Foreseen, ProgressDisplay
from .spending import left_behind, spent_rows, status_printer, terminal


def run_command(
    data: Mapping[str, Any], out: Path | None, as_json: bool, quiet: bool, yes: bool = False
) -> int:
    """Run an experiment from its plain data; return the exit code."""
    experiment = make_experiment(data)
    command = ["qvopt", *sys.argv[1:]]
    jobs = _jobs(quiet)
    with (
        terminable(),
        Session.begin(experiment, out=out, command=command, jobs=jobs) as session,
    ):
        session.approve(terminal(yes=yes, quiet=quiet), new=True)
        return work(session, as_json, quiet)


def price_command(data: Mapping[str, Any], as_json: bool) -> int:
    """Print what queries of an experiment cost; nothing runs."""
    from qvopt.tasks.pricing import assembled_prices

    experiment = make_experiment(data)
    if is_provider(experiment.backend.name):
        from .forecast import forecast_command

        return forecast_command(data, as_json)
    assembly = with_defaults(assemble(experiment))
    program = assembly.program
    if isinstance(program, Foreseen) and program.forecast is not None:
        print(program.forecast, file=sys.stderr)
    rows = [row.document() for row in assembled_prices(assembly)]
    problem = describe_problem(assembly, References(0.0, None))
    if as_json:
        print_json({"problem": problem, "queries": rows})
        return 0
    print_rows(description_rows(problem), justify="left")
    columns = ("query", "energies", "circuits", "shots")
    table = [{k: row[k] if k == "query" else f"{row[k]:,}" for k in columns} for row in rows]
    print_table(table)
    return 0


def _jobs(quiet: bool, resubmit: bool = False) -> SubmissionPolicy:
    return SubmissionPolicy(resubmit=resubmit, on_progress=status_printer(quiet))


def resume_command(
    path: Path,
    max_steps: int | None,
    as_json: bool,
    quiet: bool,
    resubmit: bool = False,
    yes: bool = False,
) -> int:
    """Go on with a run; one that has ended is shown."""
    if max_steps is not None and max_steps < 0:
        raise InputError(f"--max-steps must be >= 0, got {max_steps}")
    from qvopt.tasks.validation_rounds import stored_validation

    from .validation import resume_validation

    if stored_validation(path) is not None:
        return resume_validation(path, as_json, yes, resubmit)
    ended = ended_result(path, max_steps)
    if ended is not None:
        return report(ended, RunFolder(path), as_json)
    jobs = _jobs(quiet, resubmit)
    with (
        terminable(),
        Session.resume(path, max_steps=max_steps, jobs=jobs) as session,
    ):
        session.approve(terminal(yes=yes, quiet=quiet))
        if session.changes:
            print(f"note: {session.changes}", file=sys.stderr)
        return work(session, as_json, quiet)


def show_command(path: Path, picture: Path | None, as_json: bool) -> int:
    """Print what a run folder holds."""
    folder = RunFolder.open(path)
    result = stored_result(folder)
    if picture is not None:
        from qvopt.runs.picture import draw_convergence

        draw_convergence(Trace.from_events(folder.events()), result, picture)
    experiment = folder.experiment()
    if as_json:
        print_json({**result.document(), "molecule_settings": document_of(experiment)})
    else:
        names = {**result.names, "seed": f"seed {result.names['seed']}"}
        details = details_of(experiment)
        elsewhere = {"basis", "active space", "mapping", "seed"}
        if experiment.molecule.set:
            elsewhere.add("geometry")
        shown = [v for k, v in details.items() if k not in elsewhere]
        usual = ("charge +0", "spin 0", "canonical")
        more = [v for v in shown if v not in usual]
        print(" · ".join([*(str(v) for k, v in names.items() if k != "kind"), *more]))
        print_result(result, spent_rows(folder), description_rows(result.problem))
        print(f"run      {path}")
    return 0


def work(session: Session, as_json: bool, quiet: bool) -> int:
    """Loop over the steps, show them, and report the end; return the exit code."""
    assert session.folder is not None
    try:
        return _work(session, as_json, quiet)
    except OSError as error:
        raise BackendError(
            f"{error.strerror or error}; what {session.folder.journal_path} holds is safe: make "
            f"space or repair it, and `qvopt resume {session.folder.path}` continues"
        ) from error
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Terminated:  # while the result is written or drawn
        code = REQUEUE
    print(f"interrupted; `qvopt resume {session.folder.path}` continues", file=sys.stderr)
    return code


def _work(session: Session, as_json: bool, quiet: bool) -> int:
    code: int | None = None
    try:
        program = session.assembly.program
        words = wording_of(session.names, exact_name(session.problem))
        if not quiet:
            print(description_line(session.problem), file=sys.stderr)
            print_choice(session.assembly)
            short = "" if session.driver.history.steps else reach_line(session.experiment)
            if short and not isinstance(program, DurableProgram):  # stated already
                print(short, file=sys.stderr)
            if kept := _kept_back(session):
                print(kept, file=sys.stderr)
        progress = ProgressDisplay(session.references.get("fci"), quiet=quiet, words=words)
        with ends_after_round(session), progress:
            if isinstance(program, Foreseen):
                progress.announce(program)
            for step in session:
                progress.show(step)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Terminated:
        code = REQUEUE
    result = session.result(interrupted=code is not None)
    session.close()
    folder = session.folder
    assert folder is not None
    advice = "" if as_json or code is not None else mitigation_advice(session, result)
    reported = report(result, folder, as_json, advice)
    if code is not None or result.status == "interrupted":
        print(f"interrupted; `qvopt resume {folder.path}` continues", file=sys.stderr)
        if left := left_behind(folder):
            print(left, file=sys.stderr)
    return reported if code is None else code


def _kept_back(session: Session) -> str:
    """What the budget keeps for the end, in words; empty without a budget, or shots."""
    driver = session.driver
    shots = driver.reserve.shots
    if not shots or not dict(driver.ledger.budget.caps()):
        return ""
    return f"kept back from the budget for the final estimate: {shots:,} shots"


def report(result: Result, folder: RunFolder, as_json: bool, advice: str = "") -> int:
    """Print a result and draw its picture; return the exit code.

    `advice` is a line on mitigation, for the table.
    """
    from qvopt.runs.picture import draw_convergence

    picture = folder.path / "convergence.png"
    try:
        draw_convergence(Trace.from_events(folder.events()), result, picture)
    except InputError as error:  # a full disk: the run has ended, and its result stands
        print(f"note: {error}", file=sys.stderr)
    if as_json:
        print_json(result.document())
    else:
        print()
        more = [("mitigation", "none", advice)] if advice else []
        print_result(result, [*more, *spent_rows(folder)], description_rows(result.problem))
        print(f"run      {folder.path}")
        print(f"picture  {picture}")
    return result.exit_code
