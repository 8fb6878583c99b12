"""Rounds that are answered from a journal, or from the backend and into the journal."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace

from qvopt.backends.cost import Cost
from qvopt.engine.evaluator import Evaluator
from qvopt.engine.learned import Learned
from qvopt.measurement.estimate import Estimate
from qvopt.optimizers.protocol import Answer, Query
from qvopt.records.events import History, RoundRecord
from qvopt.records.journal import Event, EventLog
from qvopt.records.ledger import Costs, Ledger
from qvopt_molecules.pauli import PauliSum

OPTIMIZER, FINAL, CALIBRATION = "optimizer", "final", "calibration"
"""Roles of rounds: the optimizer's own, those at the end of a run, and (in journals of earlier
versions) those that calibrate the readout."""


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
        recorded = self._recorded.get((role, number))
        if recorded is not None:
            self.settle()
        else:
            return self._evaluate(evaluator, queries, role, stream, number, reserve, operators)
        self._take_calibrations(recorded)
        answers, drift = recorded.replayed(list(queries))
        self.drift = max(self.drift, drift)
        if role == FINAL:
            self.charge_end(number)
            self.settle()
        else:
            self.ledger.charge(recorded.costs)
        self._learn(recorded)
        self.readings = recorded.readings
        return answers

    def charge_end(self, number: int) -> None:
        """Charge the fresh energies of an end at this step, once: a run may go on after it.

        What goes on is charged at its next round, step or end: a round that the budget refused
        before the end is refused again for the same reason.
        """
        recorded = self._recorded.get((FINAL, number))
        if recorded is not None and number not in self._ends_charged:
            self._ends_charged.add(number)
            self._owed.append(recorded.costs)

    def settle(self) -> bool:
        """Charge what is owed; return whether anything was."""
        owed, self._owed = self._owed, []
        for costs in owed:
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
        role: str,
        stream: int,
        number: int,
        reserve: Cost | None,
        operators: Mapping[str, PauliSum] | None,
    ) -> list[Answer]:
        self._take_calibrations()
        prepared = evaluator.prepare(
            queries,
            stream,
            number,
            learned=self.learned,
            optimizing=role == OPTIMIZER,
            operators=operators,
        )
        self.ledger.check(prepared.costs, reserve)
        if self.settle():
            self.ledger.check(prepared.costs, reserve)
        outcome = prepared.run()
        self.ledger.charge(outcome.costs)
        record = RoundRecord.of(
            role,
            number,
            queries,
            outcome.answers,
            outcome.costs,
            outcome.observed,
            outcome.calibrations,
            outcome.renewed,
            outcome.readings,
        )
        self.write(record.encode())
        self._learn(record)
        self.readings = outcome.readings
        return list(outcome.answers)

    def _learn(self, record: RoundRecord) -> None:
        """Take over what a round has shown; the end teaches nothing, since a run may go on."""
        self.learned = self.learned.after(
            None if record.role == FINAL else record.observed,
            record.calibrations,
            optimizing=record.role == OPTIMIZER,
            renewed=record.renewed,
        )

    def _take_calibrations(self, before: RoundRecord | None = None) -> None:
        """Take calibrations that a journal of an earlier version has as rounds of their own."""
        while self._separate and (before is None or self._separate[0].place < before.place):
            record = self._separate.popleft()
            self.ledger.charge(record.costs)
            self.learned = replace(self.learned, calibrations=record.calibrations, rounds=0)
