"""Rounds that are answered from a journal, or from the backend and into the journal."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from qvopt.backends.batch import CalibrationCounts
from qvopt.backends.cost import Cost
from qvopt.engine.evaluator import Evaluator
from qvopt.engine.learned import Learned
from qvopt.measurement.allocation import Scatter
from qvopt.optimizers.protocol import Answer, Query
from qvopt.records.codec import (
    decode_answer,
    decode_calibrations,
    decode_costs,
    decode_scatter,
    encode_answer,
    encode_calibrations,
    encode_costs,
    encode_query,
    encode_scatter,
    match_query,
)
from qvopt.records.journal import Event, EventLog, rounds_of
from qvopt.records.ledger import Ledger
from qvopt_molecules.errors import InputError

OPTIMIZER, FINAL, CALIBRATION = "optimizer", "final", "calibration"
"""Roles of rounds: the optimizer's own, those at the end of a run, and (in journals of earlier
versions) those that calibrate the readout."""


class JournaledRounds:
    """Answers rounds, each once in the life of a run; keeps what they teach, and their costs.

    Args:
        ledger: charged for every round, replayed ones too.
        log: where events are kept; None keeps nothing.
        past: events of the journal so far.

    Attributes:
        drift: the largest difference between replayed parameters and the journal's.
        learned: what the rounds so far have shown.
    """

    def __init__(
        self, ledger: Ledger, log: EventLog | None = None, past: Iterable[Event] = ()
    ) -> None:
        past = list(past)
        self.ledger, self.drift, self.learned = ledger, 0.0, Learned()
        self._log = log
        self._recorded = rounds_of(past)
        self._separate = deque(e for (role, _), e in self._recorded.items() if role == CALIBRATION)
        self._ends_charged: set[int] = set()
        self._seconds = max((float(e.get("seconds", 0.0)) for e in past), default=0.0)
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
    ) -> list[Answer]:
        """Answer a round.

        Args:
            evaluator: answers it, where the journal does not.
            queries: what is asked.
            role, number: the round's name in the journal.
            stream: the first key of its random stream; `number` is the second.
            reserve: what the budget must have left after the round.

        Raises InputError where the journal's round is another one, BudgetExceededError before a
        spend that would pass a cap.
        """
        recorded = self._recorded.get((role, number))
        if recorded is None:
            return self._evaluate(evaluator, queries, role, stream, number, reserve)
        self._take_calibrations(recorded)
        answers = self._replay(queries, recorded, f"{role} round {number}")
        if role == FINAL:
            self.charge_end(number)
        else:
            self.ledger.charge(decode_costs(recorded["cost"]))
        self._learn(
            decode_scatter(recorded.get("scatter")),
            decode_calibrations(recorded.get("calibrations", ())),
            role,
            renewed=bool(recorded.get("renewed", False)),
        )
        return answers

    def charge_end(self, number: int) -> None:
        """Charge the fresh energies of an end at this step, once: a run may go on after it."""
        recorded = self._recorded.get((FINAL, number))
        if recorded is not None and number not in self._ends_charged:
            self._ends_charged.add(number)
            self.ledger.charge(decode_costs(recorded["cost"]))

    def write(self, event: dict[str, Any], *, durable: bool = False) -> None:
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
    ) -> list[Answer]:
        self._take_calibrations()
        prepared = evaluator.prepare(
            queries, stream, number, learned=self.learned, optimizing=role == OPTIMIZER
        )
        self.ledger.check(prepared.costs, reserve)
        outcome = prepared.run()
        self.ledger.charge(outcome.costs)
        event: dict[str, Any] = {
            "type": "round",
            "role": role,
            "round": number,
            "queries": [encode_query(q) for q in queries],
            "answers": [encode_answer(a) for a in outcome.answers],
            "cost": encode_costs(outcome.costs),
        }
        if outcome.observed is not None:
            event["scatter"] = encode_scatter(outcome.observed)
        if outcome.calibrations:
            event["calibrations"] = encode_calibrations(outcome.calibrations)
            event["renewed"] = outcome.renewed
        self.write(event)
        self._learn(outcome.observed, outcome.calibrations, role, renewed=outcome.renewed)
        return list(outcome.answers)

    def _learn(
        self,
        observed: Sequence[Scatter | None] | None,
        calibrations: Sequence[CalibrationCounts],
        role: str,
        *,
        renewed: bool,
    ) -> None:
        """Take over what a round has shown; the end teaches nothing, since a run may go on."""
        shown = None if observed is None or role == FINAL else tuple(observed)
        self.learned = self.learned.after(
            shown, calibrations, optimizing=role == OPTIMIZER, renewed=renewed
        )

    def _take_calibrations(self, before: Event | None = None) -> None:
        """Take calibrations that a journal of an earlier version has as rounds of their own."""
        while self._separate and (before is None or self._separate[0]["n"] < before["n"]):
            event = self._separate.popleft()
            self.ledger.charge(decode_costs(event["cost"]))
            calibrations = tuple(decode_calibrations([event["calibration"]]))
            self.learned = replace(self.learned, calibrations=calibrations, rounds=0)

    def _replay(self, queries: Sequence[Query], recorded: Event, where: str) -> list[Answer]:
        if len(queries) != len(recorded["queries"]):
            raise InputError(f"{where}: the replayed round does not match the journal")
        for query, old in zip(queries, recorded["queries"], strict=True):
            self.drift = max(self.drift, match_query(query, old, where))
        return [decode_answer(q, a) for q, a in zip(queries, recorded["answers"], strict=True)]
