"""Rounds that are answered from a journal, or from the backend and into the journal."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from qvopt.backends.cost import Cost
from qvopt.engine.evaluator import Evaluator
from qvopt.engine.learned import Learned, Observed
from qvopt.engine.streams import FINAL_ESTIMATE_STREAM
from qvopt.measurement.estimate import Estimate
from qvopt.optimizers.protocol import Answer, Query
from qvopt.records.events import History, RoundRecord
from qvopt.records.journal import Event, EventLog
from qvopt.records.ledger import Costs, Ledger
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.pauli import PauliSum

OPTIMIZER, FINAL, CALIBRATION = "optimizer", "final", "calibration"
"""Roles of rounds: the optimizer's own, those at the end of a run, and (in journals of earlier
versions) those that calibrate the readout."""

_ESTIMATE: Final = "-estimate"

_OF_AN_END: Final = (FINAL, FINAL + _ESTIMATE)

_ENDS: Final = 10**9
"""More steps than a run has. Where a run ends twice at one step, at other points, the later end's
rounds are numbered from here, and so on."""


class RoundName(NamedTuple):
    """What a round is called: `role` and `number` in the journal, `stream` its random stream."""

    role: str
    stream: int
    number: int

    def for_estimate(self) -> RoundName:
        """The name of the round that follows a pilot."""
        return RoundName(self.role + _ESTIMATE, FINAL_ESTIMATE_STREAM, self.number)


class JournaledRounds:
    """Answers rounds, each once in the life of a run; keeps what they teach, and their costs.

    Args:
        ledger: charged for every round, replayed ones too.
        log: where events are kept; None keeps nothing.
        history: the journal so far.

    Attributes:
        drift: the largest difference between replayed parameters and the journal's.
        learned: what the rounds so far have shown.
        readings: operators that the last round's outcomes have shown, by name.
    """

    def __init__(
        self, ledger: Ledger, log: EventLog | None = None, history: History | None = None
    ) -> None:
        history = History() if history is None else history
        self.ledger, self.drift, self.learned = ledger, 0.0, Learned()
        self.readings: Mapping[str, Estimate] = {}
        self._log = log
        self._recorded = history.rounds
        calibrations = (r for r in history.rounds.values() if r.role == CALIBRATION)
        self._separate = deque(calibrations)
        self._ends_charged: set[int] = set()
        self._costs_of_ends: dict[int, list[Costs]] = {}
        for record in history.rounds.values():
            if record.role in _OF_AN_END:
                ends = self._costs_of_ends.setdefault(record.number % _ENDS, [])
                ends.append(record.costs)
        self._owed: list[Costs] = []
        self._seconds = history.seconds
        self._began = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Time worked on this run, earlier sessions included."""
        return self._seconds + time.perf_counter() - self._began

    def answer(
        self,
        evaluator: Evaluator,
        queries: Sequence[Query],
        role: str,
        stream: int,
        number: int,
        reserve: Cost | None = None,
        operators: Mapping[str, PauliSum] | None = None,
    ) -> list[Answer]:
        """Answer a round.

        Args:
            evaluator: answers it, where the journal does not.
            queries: what is asked.
            role, number: the round's name in the journal.
            stream: the first key of its random stream; `number` is the second.
            reserve: what the budget must have left after the round.
            operators: to read off the outcomes of the first energy, where there are outcomes.

        Raises InputError where the journal's round is another one, BudgetExceededError before a
        spend that would pass a cap.
        """
        name = RoundName(role, stream, number)
        answers, record = self._answer(evaluator, queries, name, reserve, self.learned, operators)
        self._learn(record)
        return answers

    def answer_beside(
        self,
        evaluator: Evaluator,
        queries: Sequence[Query],
        name: RoundName,
        learned: Learned,
        operators: Mapping[str, PauliSum] | None = None,
    ) -> tuple[list[Answer], Observed | None]:
        """Answer a round by what is `learned` and not by what earlier rounds taught.

        It teaches later rounds nothing but its calibrations; returns also the variances that it
        showed.
        """
        answers, record = self._answer(evaluator, queries, name, None, learned, operators)
        self._learn(replace(record, observed=None))
        return answers, record.observed

    def recorded_shots(self, name: RoundName) -> int | None:
        """Return the shots that the first query of a journaled round asked for."""
        recorded = self._recorded.get((name.role, name.number))
        shots = None if recorded is None else recorded.queries[0].get("shots")
        return None if shots is None else int(shots)

    def end_name(self, step: int, stream: int, points: Sequence[FloatArray]) -> RoundName:
        """Return the name of the round of an end at this step and these points.

        It is that of a journaled end there, else a new one.
        """
        number = step
        while (recorded := self._recorded.get((FINAL, number))) and not recorded.asked_at(points):
            number += _ENDS
        return RoundName(FINAL, stream, number)

    def _answer(
        self,
        evaluator: Evaluator,
        queries: Sequence[Query],
        name: RoundName,
        reserve: Cost | None,
        learned: Learned,
        operators: Mapping[str, PauliSum] | None,
    ) -> tuple[list[Answer], RoundRecord]:
        recorded = self._recorded.get((name.role, name.number))
        if recorded is None:
            return self._evaluate(evaluator, queries, name, reserve, learned, operators)
        self.settle()
        self._take_calibrations(recorded)
        answers, drift = recorded.replayed(list(queries))
        self.drift = max(self.drift, drift)
        if name.role in _OF_AN_END:
            self.charge_end(name.number % _ENDS)
            self.settle(passed=False)
        else:
            self.ledger.charge(recorded.costs)
        self.readings = recorded.readings or self.readings
        return answers, recorded

    def charge_end(self, step: int) -> None:
        """Charge the fresh energies of ends at this step, once: a run may go on after them.

        What goes on is charged at its next round, step or end: a round that the budget refused
        before the end is refused again for the same reason.
        """
        if step in self._ends_charged:
            return
        self._ends_charged.add(step)
        self._owed += self._costs_of_ends.get(step, [])

    def settle(self, *, passed: bool = True) -> bool:
        """Charge what is owed; return whether anything was.

        `passed` says that the run goes on after the ends that are owed, else it ends there again.
        """
        owed, self._owed = self._owed, []
        for costs in owed:
            if passed:
                self.ledger.charge_passed_end(costs)
            else:
                self.ledger.charge(costs)
        return bool(owed)

    def write(self, event: Event, *, durable: bool = False) -> None:
        """Keep an event, with the time worked so far."""
        if self._log is not None:
            self._log.append({**event, "seconds": round(self.seconds, 6)}, durable=durable)

    def _evaluate(
        self,
        evaluator: Evaluator,
        queries: Sequence[Query],
        name: RoundName,
        reserve: Cost | None,
        learned: Learned,
        operators: Mapping[str, PauliSum] | None,
    ) -> tuple[list[Answer], RoundRecord]:
        if self._take_calibrations():
            learned = replace(learned, calibrations=self.learned.calibrations, rounds=0)
        prepared = evaluator.prepare(
            queries,
            name.stream,
            name.number,
            learned=learned,
            optimizing=name.role == OPTIMIZER,
            operators=operators,
        )
        self.ledger.check(prepared.costs, reserve)
        if self.settle():
            self.ledger.check(prepared.costs, reserve)
        outcome = prepared.run()
        self.ledger.charge(outcome.costs)
        record = RoundRecord.of(
            name.role,
            name.number,
            queries,
            outcome.answers,
            outcome.costs,
            outcome.observed,
            outcome.calibrations,
            outcome.renewed,
            outcome.readings,
        )
        self.write(record.encode())
        self.readings = outcome.readings or self.readings
        return list(outcome.answers), record

    def _learn(self, record: RoundRecord) -> None:
        """Take over what a round has shown; the end teaches nothing, since a run may go on."""
        self.learned = self.learned.after(
            None if record.role == FINAL else record.observed,
            record.calibrations,
            optimizing=record.role == OPTIMIZER,
            renewed=record.renewed,
        )

    def _take_calibrations(self, before: RoundRecord | None = None) -> bool:
        """Take calibrations that a journal of an earlier version has as rounds of their own."""
        taken = False
        while self._separate and (before is None or self._separate[0].place < before.place):
            record = self._separate.popleft()
            self.ledger.charge(record.costs)
            self.learned = replace(self.learned, calibrations=record.calibrations, rounds=0)
            taken = True
        return taken
