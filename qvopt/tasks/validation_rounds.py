"""The rounds of a validation: planned and priced first, then answered, each once in its journal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qvopt.backends.cost import Cost
from qvopt.backends.protocol import DurableProgram, SubmissionPolicy
from qvopt.engine.assembly import Assembly
from qvopt.engine.evaluator import Evaluator
from qvopt.engine.learned import Learned
from qvopt.optimizers.protocol import Answer, Query
from qvopt.records.events import Begin, History
from qvopt.records.journal import Journal, damaged_line
from qvopt.records.ledger import Ledger, add_costs
from qvopt.runs.approval import Approve, CostStatement, agree, statement_of
from qvopt.runs.attaching import AttachedPrograms
from qvopt.runs.budget import make_budget
from qvopt.runs.folder import RunFolder
from qvopt.runs.rounds import JournaledRounds
from qvopt_molecules.errors import InputError

TASK = "validation"


@dataclass(frozen=True, eq=False)
class Series:
    """Rounds that measure one thing.

    `stream` is the first key of their random streams, the number of the round the second.
    """

    name: str
    stream: int
    rounds: Sequence[Sequence[Query]]


def spread_over_rounds(query: Query, repeats: int, *, together: bool) -> list[list[Query]]:
    """A query many times: a round each, or `together` in one, which is one job on hardware."""
    return [[query] * repeats] if together else [[query] for _ in range(repeats)]


@dataclass(frozen=True)
class Validation:
    """What a folder says of the validation in it."""

    folder: RunFolder
    repeats: int


def stored_validation(path: Path) -> Validation | None:
    """Return the validation that a folder holds; None where it holds a run, or is no folder."""
    try:
        folder = RunFolder.open(path)
    except InputError:
        return None
    events = folder.events()
    if not events or events[0].get("task") != TASK:
        return None
    repeats = events[0].get("repeats")
    if type(repeats) is not int or repeats < 1:
        raise damaged_line(path, 0, 'its begin has no "repeats"')
    return Validation(folder, repeats)


def answer_series(
    assembly: Assembly,
    evaluator: Evaluator,
    series: Sequence[Series],
    repeats: int,
    *,
    folder: Path | None,
    jobs: SubmissionPolicy | None,
    approve: Approve | None,
) -> dict[str, list[Answer]]:
    """Answer all rounds; those that the folder's journal holds are taken from it.

    Args:
        assembly: of the experiment; its program is attached to the journal.
        evaluator: answers the rounds.
        series: the rounds.
        repeats: of the validation, for the record.
        folder: a new folder, or that of the same validation; None keeps one in runs/ where jobs
            outlive the process, and nothing elsewhere.
        jobs: what is to be done with jobs.
        approve: called before the first job on hardware, see `agree`.

    Returns the answers of each series, in order.
    """
    program = assembly.program
    durable = isinstance(program, DurableProgram) and program.durable
    begun = folder is not None and folder.exists()
    ledger = Ledger(make_budget(assembly.experiment.budget, program, begun=begun))
    policy = jobs or SubmissionPolicy()
    if folder is None and not durable:
        AttachedPrograms(None, policy).attach(program, None, main=True)
        if isinstance(program, DurableProgram):
            agree(_statement(assembly, evaluator, series), approve)
        return _answered(JournaledRounds(ledger), evaluator, series)
    store, journal = _opened(assembly, folder, repeats)
    attached = AttachedPrograms(journal, policy)
    try:
        history = History.of(journal.events)
        attached.attach(program, store.path, main=True)
        ledger.charge({"lost": attached.lost})
        if isinstance(program, DurableProgram) and not program.submitted():
            agree(_statement(assembly, evaluator, series), approve)
        return _answered(JournaledRounds(ledger, journal, history), evaluator, series)
    finally:
        attached.close()
        journal.close()


def _answered(
    rounds: JournaledRounds, evaluator: Evaluator, series: Sequence[Series]
) -> dict[str, list[Answer]]:
    answers: dict[str, list[Answer]] = {}
    for part in series:
        answers[part.name] = []
        for number, queries in enumerate(part.rounds):
            rounds.learned = Learned()  # every round stands for itself
            answers[part.name] += rounds.answer(
                evaluator, queries, f"{TASK}: {part.name}", part.stream, number
            )
    return answers


def _statement(assembly: Assembly, evaluator: Evaluator, series: Sequence[Series]) -> CostStatement:
    """What all rounds will take."""
    costs: dict[str, Cost] = {}
    for part in series:
        for number, queries in enumerate(part.rounds):
            costs = add_costs(costs, evaluator.prepare(queries, part.stream, number).costs)
    return statement_of(assembly, sum(costs.values(), Cost()), "the validation")


def _opened(assembly: Assembly, path: Path | None, repeats: int) -> tuple[RunFolder, Journal]:
    """Make a folder, or open that of the same validation."""
    experiment = assembly.experiment
    if path is not None and path.exists():
        stored = stored_validation(path)
        if stored is None:
            raise InputError(f"{path} exists already and holds no validation; choose another --out")
        begin = stored.folder.events()[0]
        # The second hash has the defaults that it began with by name.
        hashes = {begin["experiment"], stored.folder.begun_experiment().content_hash()}
        if experiment.content_hash() not in hashes or stored.repeats != repeats:
            raise InputError(f"{path} holds another validation; choose another --out")
        return stored.folder, stored.folder.open_journal()
    hamiltonian = assembly.hamiltonian
    name = "validate-" + re.sub(r"[^A-Za-z0-9.-]+", "-", experiment.backend.name)
    start = Begin(
        experiment.content_hash(),
        hamiltonian.content_hash(),
        {},
        hamiltonian.label or "molecule",
        task=TASK,
    )
    first = start.encode() | {"repeats": repeats}
    return RunFolder.create(path, experiment, hamiltonian, name, first)
