"""Runs a cell in its run folder: begins, resumes or finds it done, and writes how it ended."""

from __future__ import annotations

import hashlib
import json
import math
import platform
import warnings
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np

from qvopt.backends.protocol import SubmissionPolicy
from qvopt.engine.assembly import Assembly, assemble, exact_counterpart
from qvopt.engine.errors import NonFiniteError
from qvopt.engine.streams import START_STREAM, stream
from qvopt.experiment.earlier import with_earlier_order
from qvopt.experiment.specification import Experiment, make_experiment
from qvopt.experiment.toml_text import dump_toml
from qvopt.records.environment import describe_environment
from qvopt.records.events import Begin, History
from qvopt.records.journal import Journal, LockedError, sync_journals
from qvopt.runs.end_check import TOLERANCE
from qvopt.runs.folder import RunFolder
from qvopt.runs.references import References
from qvopt.runs.session import Session
from qvopt.runs.stored import kind_of
from qvopt_circuits.ansatz import Preparation
from qvopt_circuits.catalogue import get_ansatz
from qvopt_circuits.spins import prepare
from qvopt_molecules.atomic_files import link_file, remove_leftovers, write_file
from qvopt_molecules.errors import InputError
from qvopt_molecules.storage import load_hamiltonian

from .frozen import integrals_path
from .stored_outcome import StoredOutcome, read_outcome, write_outcome

_APPROVED: Final = SubmissionPolicy(approved=True)
"""What the runs of a comparison take was agreed to before the first of them."""

_KEPT: Final = 4
"""Assembled problems that a process keeps: assembling takes as long as a short run."""

_SMALL_FILES: Final = 12 << 10
"""Bytes that a run takes on a disk beside its journal and what is shared."""

VERSION: Final = version("qvopt")

_assembled: OrderedDict[str, tuple[Assembly, Assembly | None, Preparation]] = OrderedDict()
_environments: dict[str, Path] = {}


def run_batch(folder: str, tasks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Run cells one after another; return for each how it ended, as plain data.

    The status is "busy" where another process owns the run, and "failed" where the machine, not
    the run, is at fault (a full disk): such a cell stays to be done. Journals reach the disk
    together, at the end.
    """
    problem = _unfit(Path(folder), tasks)
    if problem is not None:
        return [{"run": task["run"], "status": "failed", "message": problem} for task in tasks[:1]]
    reports: list[dict[str, Any]] = []
    journals: list[Path] = []
    try:
        for task in tasks:
            journal = Path(folder) / task["run"] / "journal.jsonl"
            report = run_cell(Path(folder), task)
            if report["status"] not in ("busy", "failed"):
                report["bytes"] = journal.stat().st_size + _SMALL_FILES
                journals.append(journal)
            reports.append({"run": task["run"], **report})
            if report["status"] == "failed":
                break
    finally:
        sync_journals(journals)
    return reports


def _unfit(folder: Path, tasks: Sequence[Mapping[str, Any]]) -> str | None:
    """Say why this process cannot work on a comparison: another machine may lack its folder."""
    here = f"the worker on {platform.node()}"
    if not (folder / "comparison.toml").is_file():
        return f"{here} does not see {folder}; a cluster needs a file system that all share"
    wanted = tasks[0].get("version", VERSION) if tasks else VERSION
    return None if wanted == VERSION else f"{here} has qvopt {VERSION}, the comparison {wanted}"


def run_cell(folder: Path, task: Mapping[str, Any]) -> dict[str, Any]:
    """Run one cell to its end, unless that was reached before."""
    path = folder / task["run"]
    done = read_outcome(path)
    if done is not None:
        return done.brief() | {"found": True}
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # a run that diverges overflows; its status says so
            return _run(folder, path, task)
    except LockedError:
        return {"status": "busy", "message": "another process is working on it"}
    except InputError as error:  # of the run folder: a damaged journal, for one
        return {"status": "failed", "message": str(error)}
    except (OSError, MemoryError) as error:
        text = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return {"status": "failed", "message": f"{path}: {text}"}


def _run(folder: Path, path: Path, task: Mapping[str, Any]) -> dict[str, Any]:
    path.mkdir(parents=True, exist_ok=True)
    with _open_journal(path / "journal.jsonl") as journal:
        done = read_outcome(path)  # its former owner may just have finished
        if done is not None:
            return done.brief() | {"found": True}
        remove_leftovers(path)
        _check_begin(path, task, journal)
        outcome = _outcome(folder, path, task, journal)
        write_outcome(path, outcome)
    return outcome.brief()


def _open_journal(path: Path) -> Journal:
    """Open or create a journal; between a look and an attempt, another process may create it."""
    if not path.exists():
        try:
            return Journal(path, create=True, patient=True)
        except LockedError:
            raise
        except InputError:
            if not path.exists():
                raise
    return Journal(path, patient=True)


def _outcome(folder: Path, path: Path, task: Mapping[str, Any], journal: Journal) -> StoredOutcome:
    """Run to the end, or to what breaks the run."""
    shots: list[int] = []
    exact: list[float] = []
    session = None
    try:
        session, exact_reference = _begin(folder, path, task, journal)
        for step in session:
            shots.append(step.shots)
            truth = (
                step.exact
                if exact_reference is None
                else exact_reference.evaluator.reported.exact_energy(step.x)
            )
            exact.append(math.nan if truth is None else truth)
        return _ended(session, exact_reference, shots, exact)
    except (OSError, MemoryError):
        raise
    except NonFiniteError as error:
        return _broken("diverged", str(error), session, shots, exact)
    except Exception as error:
        text = str(error).partition("\n")[0][:300]
        kind = "" if isinstance(error, InputError) else f"{type(error).__name__}: "
        return _broken("crashed", f"{kind}{text}", session, shots, exact)


def _check_begin(path: Path, task: Mapping[str, Any], journal: Journal) -> None:
    """Raise InputError if the journal is not this run's."""
    if journal.events and (
        journal.events[0].get("hamiltonian") != task["integrals"]
        or journal.events[0].get("experiment") != _recorded(task).content_hash()
    ):
        raise InputError(f"{path} holds another run; delete it, and it is run again")


def _recorded(task: Mapping[str, Any]) -> Experiment:
    return make_experiment(task["experiment"], recorded=True)


def _begin(
    folder: Path, path: Path, task: Mapping[str, Any], journal: Journal
) -> tuple[Session, Assembly | None]:
    """Return the session, begun or resumed, and who tells exact energies if the backend cannot."""
    experiment = _recorded(task)
    assembly, exact_reference = _assemble(folder, task, with_earlier_order(experiment))
    begin = Begin(
        experiment.content_hash(),
        task["integrals"],
        dict(task["references"]),
        assembly.hamiltonian.label or "molecule",
        kind_of(assembly.hamiltonian),
    )
    run = RunFolder(path)
    if not journal.events:
        run.write_text("experiment.toml", dump_toml(experiment.document()))
        link_file(integrals_path(folder, task["integrals"]), path / "hamiltonian.npz")
        link_file(_environment(folder), path / "environment.json")
        journal.append(begin.encode())
    known = task["references"]
    references = References(float(known["hf"] or 0.0), known["fci"])
    session = Session(
        assembly, folder=run, journal=journal, references=references, problem={}, jobs=_APPROVED,
        history=History.of(journal.events),
    )  # fmt: skip
    return session, exact_reference


def _assemble(
    folder: Path, task: Mapping[str, Any], experiment: Experiment
) -> tuple[Assembly, Assembly | None]:
    """Assemble, or take what an earlier run on the same problem left, for this run's seed."""
    own = ("optimizer", "seed", "max_steps", "budget", "monitor", "stopping")
    parts = {k: v for k, v in task["experiment"].items() if k not in own}
    key = json.dumps([str(folder), task["integrals"], parts], sort_keys=True)
    if key not in _assembled:
        hamiltonian = load_hamiltonian(integrals_path(folder, task["integrals"]))
        exact_reference = None if task["exact"] else exact_counterpart(experiment, hamiltonian)
        spec = experiment.ansatz
        ansatz = get_ansatz(spec.name, **spec.options)
        prepared = prepare(ansatz, hamiltonian, experiment.mapping)
        _assembled[key] = assemble(experiment, hamiltonian), exact_reference, prepared
        while len(_assembled) > _KEPT:
            _assembled.popitem(last=False)
    _assembled.move_to_end(key)
    first, exact_reference, prepared = _assembled[key]
    rng = np.random.default_rng(stream(experiment.seed, START_STREAM))
    assembly = replace(
        first,
        experiment=experiment,
        evaluator=first.evaluator.seeded(experiment.seed),
        start=prepared.start(rng),
    )
    return assembly, exact_reference


def _ended(
    session: Session, exact_reference: Assembly | None, shots: list[int], exact: list[float]
) -> StoredOutcome:
    outcome = session.driver.outcome
    assert outcome is not None
    final = outcome.exact
    if exact_reference is not None and np.all(np.isfinite(outcome.x)):
        final = exact_reference.evaluator.reported.exact_energy(outcome.x)
    energy, status, message = outcome.energy, outcome.status, outcome.message
    energies = np.array(exact, dtype=np.float64)
    floor = session.references.get("fci")
    if floor is not None:
        # Another sector's energies are no small errors: none of them counts.
        below = energies < floor - TOLERANCE
        energies = np.where(below, np.nan, energies)
        if final is not None and final < floor - TOLERANCE:
            final, status = None, "below-exact"
            message = message or "the energy at the end is below the exact one of its sector"
    return StoredOutcome(
        status=status,
        message=message,
        shots=np.array(shots, dtype=np.int64),
        exact=energies,
        final=final,
        measured=None if energy is None else energy.value,
        stderr=None if energy is None else math.sqrt(energy.variance),
        spent=_spent(session),
        seconds=session.driver.seconds,
    )


def _broken(
    status: str, message: str, session: Session | None, shots: list[int], exact: list[float]
) -> StoredOutcome:
    return StoredOutcome(
        status=status,
        message=message,
        shots=np.array(shots, dtype=np.int64),
        exact=np.array(exact, dtype=np.float64),
        spent={} if session is None else _spent(session),
        seconds=0.0 if session is None else session.driver.seconds,
    )


def _spent(session: Session) -> dict[str, int]:
    return {p: cost.shots for p, cost in session.driver.ledger.spent.items() if cost.shots}


def _environment(folder: Path) -> Path:
    """Write what this process runs on, once."""
    key = str(folder)
    if key not in _environments or not _environments[key].exists():
        text = json.dumps(describe_environment(), indent=2) + "\n"
        name = hashlib.sha256(text.encode()).hexdigest()[:16]
        path = folder / "environments" / f"{name}.json"
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            write_file(path, text)
        _environments[key] = path
    return _environments[key]
