"""Runs an optimizer against an evaluator, journaling every round; resume is replay.

The driver is an iterator of step records. Rounds that the journal holds are answered from it,
without the backend; the first one that it does not hold is evaluated, and from then on every one.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from qvopt.engine.evaluator import Evaluator
from qvopt.engine.growing import GrowingEvaluator
from qvopt.engine.mitigation.calibration import (
    CalibrationClock,
    calibration_costs,
    calibration_round,
    decode_calibration,
)
from qvopt.engine.streams import (
    CALIBRATION_STREAM,
    FINAL_STREAM,
    MONITOR_STREAM,
    OPTIMIZER_STREAM,
    ROUND_STREAM,
    stream,
)
from qvopt.measurement.allocation import Scatter
from qvopt.optimizers.errors import DivergedError
from qvopt.optimizers.protocol import (
    Answer,
    Describe,
    Energy,
    Grow,
    Iterate,
    Optimizer,
    Query,
    Scalar,
    Vector,
)
from qvopt.records.codec import (
    decode_answer,
    decode_array,
    decode_costs,
    decode_scatter,
    encode_answer,
    encode_array,
    encode_costs,
    encode_query,
    encode_scatter,
    match_query,
)
from qvopt.records.journal import Event, EventLog, costs_of, rounds_of
from qvopt.records.ledger import Cost, Ledger
from qvopt.runs.ending import TAIL, Average, describe_rise, encode_average, mean_of_tail
from qvopt.runs.steps import Monitor, Outcome, Status, Step
from qvopt.runs.stopping import Watch
from qvopt_molecules.errors import BudgetExceededError, InputError

FloatArray = npt.NDArray[np.float64]

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
        past: events of the journal so far.
        watch: rules that stop the run under noise.
    """

    evaluator: Evaluator
    optimizer: Optimizer
    start: FloatArray
    seed: int
    max_steps: int
    ledger: Ledger = field(default_factory=Ledger)
    monitor: Monitor = "exact"
    log: EventLog | None = None
    past: Iterable[Event] = ()
    watch: Watch = field(default_factory=Watch)

    def __post_init__(self) -> None:
        self.outcome: Outcome | None = None
        self.drift = 0.0
        self._recorded = rounds_of(self.past)
        self._ends_charged: set[int] = set()
        self.operators: tuple[str, ...] = ()
        self._operators_seen = len(chosen_operators(self.past))
        for cost in costs_of(self.past, "properties"):  # spent beside the run itself
            self.ledger.charge(decode_costs(cost))
        self._steps_seen = max((e["step"] for e in self.past if e["type"] == "step"), default=-1)
        self._seconds = max((float(e.get("seconds", 0.0)) for e in self.past), default=0.0)
        self._began = time.perf_counter()
        self.x = self.start
        self._last: deque[tuple[Query, Answer]] = deque(maxlen=16)
        self.number = 0
        self._tail: deque[FloatArray] = deque(maxlen=TAIL)
        self._clock = CalibrationClock(self.evaluator.readout)
        final = self.evaluator.prepare(self._final_queries(self.start, self.start))
        self._reserve = sum(final.costs.values(), Cost())

    @property
    def seconds(self) -> float:
        """Time worked on this run, earlier sessions included."""
        return self._seconds + time.perf_counter() - self._began

    def __iter__(self) -> Iterator[Step]:
        """Run, yielding a record after each step; `outcome` is set at the end.

        Whatever stops the run (KeyboardInterrupt, an error of the backend), all rounds answered so
        far are in the log.
        """
        status: Status = "converged"
        message = ""
        rng = np.random.default_rng(stream(self.seed, OPTIMIZER_STREAM))
        rounds = self.optimizer(self.start, rng)
        try:
            yield self._record(Iterate(self.start))
            answers: Any = None
            asked = 0
            while True:
                if self.number >= self.max_steps:
                    status = "max-steps"
                    break
                self._charge_end(self.number)
                try:
                    request = rounds.send(answers)
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
                    self._tail.append(self.x)
                    step = self._record(request)
                    yield step
                    reason = self.watch.step(step.energy)
                    if reason is not None:
                        message = reason
                        break
                else:
                    answers = self._round(list(request), "optimizer", ROUND_STREAM, asked)
                    asked += 1
        except BudgetExceededError as error:
            status, message = "budget", str(error)
        except DivergedError as error:
            status, message = "diverged", str(error)
        finally:
            rounds.close()
        self.outcome = self._finish(status, message)

    def _grow(self, request: Grow) -> tuple[str, ...]:
        """Put operators after the circuit; every known point gets zeros for them."""
        if not isinstance(self.evaluator, GrowingEvaluator):
            raise InputError("this ansatz does not grow; use ansatz = 'adapt'")
        labels = self.evaluator.labels(request.operators)
        self.evaluator = self.evaluator.grown(request.operators)
        zeros = np.zeros(len(labels))
        self.x, self.start = (np.concatenate([x, zeros]) for x in (self.x, self.start))
        self._tail.clear()
        self.operators += labels
        if len(self.operators) > self._operators_seen:
            self._write({"type": "grow", "operators": list(labels)})
        return labels

    def _round(self, queries: list[Query], role: str, key: int, number: int) -> list[Answer]:
        """Answer a round from the journal, or from the backend and into the journal."""
        self._calibrate(role)
        recorded = self._recorded.get((role, number))
        found: Sequence[Scatter | None] | None
        if recorded is not None:
            answers = self._replay(queries, recorded, f"{role} round {number}")
            found = decode_scatter(recorded.get("scatter"))
            if role == "final":
                self._charge_end(number)
            else:
                self.ledger.charge(decode_costs(recorded["cost"]))
        else:
            prepared = self.evaluator.prepare(queries, key, number)
            self.ledger.check(prepared.costs, None if role == "final" else self._reserve)
            answers = prepared.run()
            found = prepared.found
            self.ledger.charge(prepared.costs)
            self._write(
                {
                    "type": "round",
                    "role": role,
                    "round": number,
                    "queries": [encode_query(q) for q in queries],
                    "answers": [encode_answer(a) for a in answers],
                    "cost": encode_costs(prepared.costs),
                    **({} if found is None else {"scatter": encode_scatter(found)}),
                }
            )
        if found is not None and role != "final":
            self.evaluator.learn(found)
        if role == "optimizer":
            self._last.extend(zip(queries, answers, strict=True))
            self.watch.see(queries, answers)
        return answers

    def _charge_end(self, number: int) -> None:
        """Charge the fresh energies of an end at this step, once: a run may go on after it."""
        recorded = self._recorded.get(("final", number))
        if recorded is not None and number not in self._ends_charged:
            self._ends_charged.add(number)
            self.ledger.charge(decode_costs(recorded["cost"]))

    def _calibrate(self, role: str) -> None:
        """Calibrate the readout where it is corrected and due: a round of its own."""
        readout, number = self.evaluator.readout, self._clock.due(role)
        if readout is None or number is None:
            return
        event = self._recorded.get(("calibration", number))
        if event is None:
            costs = calibration_costs(readout, self.evaluator.program)
            self.ledger.check(costs, None if role == "final" else self._reserve)
            seed = stream(self.seed, CALIBRATION_STREAM, number)
            event = calibration_round(self.evaluator.program, readout, seed, number)
            self._write(event)
        self.ledger.charge(decode_costs(event["cost"]))
        self.evaluator.calibration = decode_calibration(event["calibration"], readout)

    def _replay(self, queries: list[Query], recorded: Event, where: str) -> list[Answer]:
        if len(queries) != len(recorded["queries"]):
            raise InputError(f"{where}: the replayed round does not match the journal")
        for query, old in zip(queries, recorded["queries"], strict=True):
            self.drift = max(self.drift, match_query(query, old, where))
        return [decode_answer(q, a) for q, a in zip(queries, recorded["answers"], strict=True)]

    def _record(self, iterate: Iterate) -> Step:
        """Make the record of a step, monitored as asked, and log it if it is new."""
        exact, energy = None, iterate.energy
        replayed = self.number <= self._steps_seen
        if self.monitor == "exact":
            exact = self._exact(iterate.x)
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
            self._write(
                {
                    "type": "step",
                    "step": step.number,
                    "energy": None if energy is None else energy.value,
                    "variance": None if energy is None else energy.variance,
                    "exact": exact,
                    "gradient_norm": step.gradient_norm,
                    "shots": step.shots,
                    "evaluations": step.evaluations,
                    "note": step.note,
                }
            )
        return step

    def _exact(self, x: FloatArray) -> float | None:
        if not np.all(np.isfinite(x)):
            raise DivergedError("the parameters are no longer finite numbers")
        return self.evaluator.exact_energy(x)

    def _gradient_norm(self) -> float | None:
        for _, answer in reversed(self._last):
            if isinstance(answer, Vector):
                return float(np.linalg.norm(answer.value))
        return None

    def _final_queries(self, x: FloatArray, mean: FloatArray) -> list[Query]:
        """Ask anew for the energy at the last point; under shots also at the mean and the start."""
        points = [x] if self.evaluator.shots is None else [x, mean, self.start]
        return [Energy(point, purpose="final") for point in points]

    def _finish(self, status: Status, message: str) -> Outcome:
        """Re-estimate the energy with fresh shots, and log the end."""
        energy: Scalar | None = None
        average: Average | None = None
        visible = self.monitor == "exact" and bool(np.all(np.isfinite(self.x)))
        if status == "converged" and self.number == 0 and len(self.x) > 0:
            message = message or _STATIONARY
        if status != "diverged" and np.all(np.isfinite(self.x)):
            mean = mean_of_tail(self._tail, self.number, self.x)
            try:
                queries = self._final_queries(self.x, mean)
                answers = self._round(queries, "final", FINAL_STREAM, self.number)
            except BudgetExceededError as error:
                message = message or str(error)
            else:
                energy = _scalar(answers[0])
                if len(answers) > 1:
                    there = self.evaluator.exact_energy(mean) if visible else None
                    average = Average(mean, _scalar(answers[1]), there)
                began = _scalar(answers[2]) if len(answers) > 2 else self._exact_start()
                rise = describe_rise(energy, began)
                if rise is not None:
                    status, message = "diverged", rise
        exact = self.evaluator.exact_energy(self.x) if visible else None
        outcome = Outcome(status, self.x, energy, exact, self.number, message, average)
        self._write(
            {
                "type": "end",
                "status": status,
                "step": self.number,
                "x": encode_array(np.nan_to_num(self.x)),
                "energy": None if energy is None else energy.value,
                "variance": None if energy is None else energy.variance,
                "exact": exact,
                "average": None if average is None else encode_average(average),
                "drift": self.drift,
                "message": message,
            },
            durable=True,
        )
        return outcome

    def _exact_start(self) -> Scalar | None:
        return Scalar(self.evaluator.exact_energy(self.start)) if self.number else None

    def _write(self, event: dict[str, Any], *, durable: bool = False) -> None:
        if self.log is not None:
            self.log.append({**event, "seconds": round(self.seconds, 6)}, durable=durable)


def _scalar(answer: Answer) -> Scalar:
    assert isinstance(answer, Scalar)
    return answer


def chosen_operators(events: Iterable[Event]) -> list[str]:
    """Return the labels of the operators that a circuit has grown by."""
    return [label for e in events if e["type"] == "grow" for label in e["operators"]]


def last_end(events: Iterable[Event]) -> tuple[Event, FloatArray] | None:
    """Return the last end event of a journal and its point; None if the run has not ended."""
    ends = [e for e in events if e["type"] == "end"]
    return (ends[-1], decode_array(ends[-1]["x"])) if ends else None
