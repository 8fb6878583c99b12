"""Runs an optimizer against an evaluator, journaling every round; resume is replay.

The driver is an iterator of step records. Rounds that the journal holds are answered from it,
without the backend; the first one that it does not hold is evaluated, and from then on every one.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from qvopt.engine.evaluator import Evaluator
from qvopt.engine.growing import grown_evaluator
from qvopt.engine.streams import (
    FINAL_STREAM,
    MONITOR_STREAM,
    OPTIMIZER_STREAM,
    ROUND_STREAM,
    stream,
)
from qvopt.optimizers.errors import DivergedError, check_finite
from qvopt.optimizers.protocol import (
    Answer,
    Describe,
    Energy,
    Grow,
    Iterate,
    Minimization,
    Optimizer,
    Query,
    Scalar,
    Vector,
    queries_of,
)
from qvopt.records.end_events import Average, EndRecord, FinalRecord
from qvopt.records.events import BESIDE_THE_RUN, GrowRecord, History, StepRecord
from qvopt.records.journal import EventLog
from qvopt.records.ledger import Ledger
from qvopt.runs.certificate import Certificate
from qvopt.runs.end_check import EndCheck
from qvopt.runs.ending import TAIL, describe_rise, mean_of_tail
from qvopt.runs.final_estimate import FinalEstimate
from qvopt.runs.rounds import OPTIMIZER, JournaledRounds
from qvopt.runs.steps import Monitor, Outcome, Status, Step
from qvopt.runs.stopping import Watch
from qvopt_molecules.arrays import FloatArray, all_finite
from qvopt_molecules.errors import BudgetExceededError, InputError

_STOPPED: Final = "by its optimizer; no test of measured values says that this is a minimum"
_NOT_QUERIES: Final = (Describe, Grow, Iterate)
_STATIONARY: Final = "no step was taken: the gradient vanishes at the start"


@dataclass
class Driver:
    """One run, from its start or from its journal.

    Attributes:
        evaluator: answers the queries.
        optimizer: asks them.
        start: where to begin, shape (n_parameters,).
        seed: entropy of the optimizer's own stream.
        max_steps: stop after this many.
        ledger: what was spent, and the caps.
        monitor: which energy the records carry beside the optimizer's own.
        log: where events are kept; None keeps nothing.
        history: the journal so far.
        watch: rules that stop the run under noise.
        end_check: what the state at the end is held against; None leaves it unchecked.
        final: measures the energy at the end.
        certificate: what it means that the optimizer ends by itself; None where it shows no
            minimum.
        unit: of the energies, for messages; "" where they have none.
    """

    evaluator: Evaluator
    optimizer: Optimizer
    start: FloatArray
    seed: int
    max_steps: int
    ledger: Ledger = field(default_factory=Ledger)
    monitor: Monitor = "exact"
    log: EventLog | None = None
    history: History = field(default_factory=History)
    watch: Watch = field(default_factory=Watch)
    end_check: EndCheck | None = None
    final: FinalEstimate = field(default_factory=FinalEstimate)
    certificate: Certificate | None = None
    unit: str = "Ha"

    def __post_init__(self) -> None:
        self.outcome: Outcome | None = None
        self._stop = ""
        self._rounds = JournaledRounds(self.ledger, self.log, self.history)
        self.operators: tuple[str, ...] = ()
        self._operators_seen = len(self.history.operators)
        for role in BESIDE_THE_RUN:
            self.ledger.charge(self.history.charged(role))
        self._recorded = {r.step: r for r in self.history.steps}
        self._steps_seen = max(self._recorded, default=-1)
        self.x = self._stepped = self.start
        self._last: deque[tuple[Query, Answer]] = deque(maxlen=16)
        self.number = 0
        self._tail: deque[FloatArray] = deque(maxlen=TAIL)
        ends = self._final_points(self.start, self.start)
        self.reserve = self.final.reserve(self.evaluator, ends, self.ledger)

    @property
    def seconds(self) -> float:
        """Time worked on this run, earlier sessions included."""
        return self._rounds.seconds

    @property
    def drift(self) -> float:
        """The largest difference between replayed parameters and the journal's."""
        return self._rounds.drift

    def __iter__(self) -> Iterator[Step]:
        """Run, yielding a record after each step; `outcome` is set at the end.

        Whatever stops the run (KeyboardInterrupt, an error of the backend), all rounds answered so
        far are in the log.
        """
        status: Status = "converged"
        message = ""
        rng = np.random.default_rng(stream(self.seed, OPTIMIZER_STREAM))
        rounds = self._optimized(rng)
        ruled = False
        try:
            yield self._record(Iterate(self.start))
            answers: Any = None
            asked = 0
            while True:
                if self._stop:
                    status, message, self.x = "interrupted", self._stop, self._stepped
                    break
                if self.number >= self.max_steps:
                    status = "max-steps"
                    break
                self._rounds.charge_end(self.number)
                try:
                    request = _advanced(rounds, answers)
                except StopIteration as end:
                    if end.value is not None:
                        self.x = np.asarray(end.value, dtype=np.float64)
                    break
                if isinstance(request, Describe):
                    answers = self.evaluator.landscape
                elif isinstance(request, Grow):
                    answers = self._grow(request)
                elif isinstance(request, Iterate):
                    answers = None
                    self.x = request.x
                    if request.partial:
                        continue
                    self.number += 1
                    self._stepped = self.x
                    self._tail.append(self.x)
                    step = self._record(request)
                    yield step
                    reason = self.watch.step(step.energy)
                    if reason is not None and not self._stop:
                        message, ruled = reason, True
                        break
                else:
                    answers = self._round(request, OPTIMIZER, ROUND_STREAM, asked)
                    asked += 1
        except BudgetExceededError as error:
            status, message = "budget", str(error)
        except DivergedError as error:
            status, message = "diverged", str(error)
        finally:
            rounds.close()
        if status == "converged" and not ruled and self._may_move and self._sampled:
            if self.certificate is not None and self.evaluator.growth is None:
                status, message = self.certificate.judged(self.evaluator.landscape)
            else:
                status, message = "stopped", _STOPPED
        self.outcome = self._finish(status, message)

    @property
    def _may_move(self) -> bool:
        """Whether there are parameters, or may be: without any, the start is the end."""
        return self.start.size > 0 or self.evaluator.growth is not None

    @property
    def _sampled(self) -> bool:
        return self.evaluator.shots is not None

    def _optimized(self, rng: np.random.Generator) -> Minimization:
        """The optimizer's rounds; none where there is nothing to optimise."""
        return self.optimizer(self.start, rng) if self._may_move else _no_rounds(self.start)

    def refuse_unaffordable_end(self) -> None:
        """Raise InputError where the final estimate that was asked for passes the budget."""
        self.final.refuse_beyond_budget(self.reserve, self.ledger)

    def stop(self, reason: str) -> None:
        """End the run after the round in flight, at its last whole step; a resume goes on."""
        self._stop = reason

    def _grow(self, request: Grow) -> tuple[str, ...]:
        """Put operators after the circuit; every known point gets zeros for them."""
        if self.evaluator.growth is None:
            raise InputError("this ansatz does not grow; use ansatz = 'adapt'")
        labels = self.evaluator.growth.labels(request.operators)
        self.evaluator = grown_evaluator(self.evaluator, request.operators)
        self._rounds.learned = self._rounds.learned.grown()
        zeros = np.zeros(len(labels))
        self.x, self._stepped, self.start = (
            np.concatenate([x, zeros]) for x in (self.x, self._stepped, self.start)
        )
        self._tail.clear()
        self.operators += labels
        if len(self.operators) > self._operators_seen:
            self._rounds.write(GrowRecord(labels).encode())
        return labels

    def _round(self, queries: list[Query], role: str, key: int, number: int) -> list[Answer]:
        evaluator = self.evaluator if role == OPTIMIZER else self.evaluator.reported
        answers = self._rounds.answer(evaluator, queries, role, key, number, self.reserve)
        if role == OPTIMIZER:
            self._last.extend(zip(queries, answers, strict=True))
            self.watch.see(queries, answers)
        return answers

    def _record(self, iterate: Iterate) -> Step:
        """Make the record of a step, monitored as asked, and log it if it is new."""
        self._rounds.settle()
        exact, energy = None, iterate.energy
        if self.evaluator.unpenalised is not None:
            energy = None  # the optimizer's has penalties in it
        replayed = self.number <= self._steps_seen
        if self.monitor == "exact":
            exact = self._exact(iterate.x, self.number)
            if self.evaluator.shots is None and exact is not None:
                energy = Scalar(exact)
        elif self.monitor == "measured" and energy is None:
            query = Energy(iterate.x, purpose="monitor")
            (answer,) = self._round([query], "monitor", MONITOR_STREAM, self.number)
            assert isinstance(answer, Scalar)
            energy = answer
        total = self.ledger.total
        step = Step(
            self.number,
            iterate.x,
            energy,
            exact,
            self._gradient_norm(),
            total.shots,
            total.evaluations,
            self.seconds,
            replayed,
            iterate.note,
        )
        if not replayed:
            record = StepRecord(
                step.number,
                None if energy is None else energy.value,
                None if energy is None else energy.variance,
                exact,
                step.gradient_norm,
                step.shots,
                step.evaluations,
                step.note,
            )
            self._rounds.write(record.encode())
        return step

    def _exact(self, x: FloatArray, number: int) -> float | None:
        """The exact energy of a step; that of a replayed one is in the journal."""
        if not all_finite(x):
            raise DivergedError("the parameters are no longer finite numbers")
        recorded = self._recorded.get(number)
        if recorded is not None and recorded.exact is not None:
            return recorded.exact
        return self.evaluator.reported.exact_energy(x)

    def _gradient_norm(self) -> float | None:
        for _, answer in reversed(self._last):
            if isinstance(answer, Vector):
                return math.sqrt(answer.value @ answer.value)
        return None

    def _final_points(self, x: FloatArray, mean: FloatArray) -> list[FloatArray]:
        """Return where energies are measured at the end: under shots also the mean and start."""
        return [x] if self.evaluator.shots is None else [x, mean, self.start]

    def _finish(self, status: Status, message: str) -> Outcome:
        """Re-estimate the energy with fresh shots, and log the end."""
        energy: Scalar | None = None
        average: Average | None = None
        final: FinalRecord | None = None
        visible = self.monitor == "exact" and all_finite(self.x)
        if status == "converged" and self.number == 0 and len(self.x) > 0:
            message = message or _STATIONARY
        if not self._may_move:
            message = message or "the circuit has no parameters"
        if status != "diverged" and all_finite(self.x):
            mean = mean_of_tail(self._tail, self.number, self.x)
            points = self._final_points(self.x, mean)
            name = self._rounds.end_name(self.number, FINAL_STREAM, points)
            operators = None
            if self.end_check is not None and self._sampled:
                operators = self.end_check.operators(self.evaluator.reported)
            try:
                measured = self.final.measure(
                    self._rounds, self.evaluator, points, name, self.ledger, operators
                )
            except BudgetExceededError as error:
                message = message or str(error)
            else:
                energy, final, others = measured.energy, measured.record, measured.others
                if others:
                    there = self.evaluator.reported.exact_energy(mean) if visible else None
                    average = Average(mean, others[0], there)
                began = others[1] if others else self._exact_start()
                rise = describe_rise(energy, began, self.unit)
                if rise is not None:
                    status, message = "diverged", rise
        exact = self.evaluator.reported.exact_energy(self.x) if visible else None
        numbers = None
        if self.end_check is not None and status != "diverged":
            readings = {} if energy is None else self._rounds.readings
            numbers = self.end_check.numbers(self.evaluator, self.x, readings)
            fault = self.end_check.fault(energy, exact, numbers)
            if fault is not None:
                message = fault
                status = "below-exact" if status in ("converged", "stopped") else status
            elif status == "converged" and not self._sampled and self.number:
                message = message or self.end_check.remark(exact)
        outcome = Outcome(
            status, self.x, energy, exact, self.number, message, average, numbers, final
        )
        record = EndRecord(
            status,
            self.number,
            self.x,
            None if energy is None else energy.value,
            None if energy is None else energy.variance,
            exact,
            average,
            self.drift,
            message,
            None if numbers is None else numbers.document(),
            final,
        )
        ended = record.encode()
        if self.history.end is None or self.history.end.encode() != ended:
            self._rounds.write(ended, durable=True)  # an end that is replayed is there already
        return outcome

    def _exact_start(self) -> Scalar | None:
        if not self.number:
            return None
        return Scalar(self.evaluator.reported.exact_energy(self.start))


def _no_rounds(x: FloatArray) -> Minimization:
    """An optimizer that asks nothing and stays where it is."""
    yield from ()
    return x


def _advanced(rounds: Minimization, answers: Any) -> Any:
    """Send an optimizer its answers and return its request.

    Raises DivergedError where its arithmetic fails, or leaves the finite numbers.
    """
    try:
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            request = rounds.send(answers)
    except (ArithmeticError, np.linalg.LinAlgError) as error:
        raise DivergedError(
            f"the optimizer's arithmetic failed ({error}); try a smaller learning rate or step"
        ) from error
    if isinstance(request, _NOT_QUERIES):
        return request
    queries = queries_of(request)
    for query in queries:
        check_finite(query.x)
    return queries
