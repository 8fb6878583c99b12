"""`run` and `resume`: one experiment, from its description or its folder to its result."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Unpack

from qvopt.experiment.resolving import resolve
from qvopt.experiment.settings import OtherSettings, refuses_unknown_keywords, takes_settings
from qvopt.runs.approval import Approve
from qvopt.runs.bar import shows_progress, step_bar
from qvopt.runs.interruption import ends_after_round
from qvopt.runs.result import Result
from qvopt.runs.session import Session
from qvopt.runs.steps import Step


@takes_settings
def run(
    problem: Any,
    ansatz: Any = None,
    optimizer: Any = None,
    *,
    out: str | Path | None = None,
    store: bool = False,
    callback: Callable[[Step], object] | None = None,
    progress: bool | None = None,
    approve: Approve | None = None,
    **settings: Unpack[OtherSettings],
) -> Result:
    """Run one experiment to its end and return the result.

        run("h2", "uccsd", "adam", shots=1000, seed=1).energy

    Args:
        problem: a molecule by name, file or geometry (Ångström), a table, an experiment that the
            settings change, or an object: see docs/objects.md.
        ansatz: a name (`qvopt list ansatze`), a table with options, or an object; None takes uccsd
            for electrons, and for qubits what suits the operator.
        optimizer: a name (`qvopt list optimizers`), a table with hyper-parameters, or an object;
            None takes l-bfgs for exact energies (recycled-bfgs where the circuit grows),
            kalman-newton under shots, and adam on hardware without a budget.
        out: the run folder, which must not exist.
        store: keep a numbered run folder below runs/ where `out` names none.
        callback: called with each step; it ends the run by returning True. A folder goes on from
            there.
        progress: whether to show a bar; None shows one in notebooks.
        approve: called before the first job on hardware with a `CostStatement` of jobs, shots, QPU
            seconds and money; the run is refused if it returns False. None writes the statement to
            the log, as a warning, where jobs are paid or queued.

    On hardware where jobs are paid or queued, a run needs `max_steps` or a `budget`.

    Ctrl-C, or the interrupt of a notebook, ends the optimisation after the round in flight: the
    result has the final estimate and the status "interrupted". A second one raises
    KeyboardInterrupt at once, as the first does where it would send jobs to a vendor.

    Raises InputError for what cannot run.
    """
    parts = {"ansatz": ansatz, "optimizer": optimizer}
    experiment, backend = resolve(problem, {**parts, **settings})
    store = store or out is not None
    with Session.begin(experiment, out=out, store=store, backend=backend) as session:
        session.approve(approve, new=True)
        return _finished(session, callback, progress)


@refuses_unknown_keywords
def resume(
    path: str | Path,
    *,
    max_steps: int | None = None,
    backend: Any = None,
    optimizer: Any = None,
    ansatz: Any = None,
    callback: Callable[[Step], object] | None = None,
    progress: bool | None = None,
    approve: Approve | None = None,
) -> Result:
    """Go on with a run from its folder, to its end, and return the result.

        resume("runs/h2-uccsd-adam-1000shots-1", max_steps=500).energy

    What its journal holds is not run again. The end is that of a run that was never interrupted.

    Args:
        path: the run folder.
        max_steps: go on to this many steps in all; None keeps the run's.
        backend, optimizer, ansatz: what came in as an object and cannot be rebuilt from the folder,
            handed over again.
        callback, progress, approve: as of `run`; a run that has submitted a job was approved.

    Raises InputError for a folder of something else, and for another object than the run began
    with.
    """
    with Session.resume(
        path, max_steps=max_steps, backend=backend, optimizer=optimizer, ansatz=ansatz
    ) as session:
        session.approve(approve)
        return _finished(session, callback, progress)


def _finished(
    session: Session, callback: Callable[[Step], object] | None, progress: bool | None
) -> Result:
    shown = step_bar(shows_progress(progress), session.driver.max_steps)
    with ends_after_round(session), shown as bar:
        for step in session:
            bar(step)
            if callback is not None and callback(step) is True:
                session.driver.stop("stopped by the callback")
    return session.result()
