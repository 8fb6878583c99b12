"""The events of a run's journal as typed records, written and read here alone.

    begin     what the run is: hashes of its experiment and integrals, and its reference energies
    round     queries and their answers, what they cost, and what they taught
    step      an iterate, and what is known there
    grow      operators that an adaptive circuit grew by
    end       how the run ended; a run that went on afterwards has several
    hardware  the device, and the circuits lowered for it    (see `qvopt.cloud.program`)
    job       a change of state of a job at a vendor         (see `jobs`)

A record is a line of the journal with the fields of its class; fields that are empty are left out.
Every one has `seconds`, the time worked on the run so far.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import numpy as np

from qvopt.backends.batch import CalibrationCounts
from qvopt.backends.cost import Cost
from qvopt.measurement.allocation import Scatter
from qvopt.measurement.estimate import Estimate
from qvopt.optimizers.protocol import Answer, Query
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError

from .codec import (
    decode_answer,
    decode_array,
    decode_calibrations,
    decode_costs,
    decode_scatter,
    encode_answer,
    encode_calibrations,
    encode_costs,
    encode_queries,
    encode_scatter,
    match_query,
    queries_with_points,
)
from .end_events import EndRecord
from .jobs import job_records, lost_cost
from .journal import Event, damaged_line
from .ledger import Costs, add_costs

Record = TypeVar("Record")

_OTHER_FORM: Final = (
    LookupError, TypeError, ValueError, AttributeError, OverflowError, RecursionError
)  # fmt: skip
"""What decoding raises where the parts of an event are not what its kind has."""


@contextmanager
def _readable(line: int, what: str) -> Iterator[None]:
    """Name the line where something in it cannot be decoded."""
    try:
        yield
    except InputError:
        raise
    except _OTHER_FORM:
        raise damaged_line(None, line, what) from None


FORMAT: Final = 4
"""Of what is written: 1, of version 0.1.0, has no number; 2 has the degrees of freedom of vectors
and matrices; 3 writes a point that several queries of a round share once; 4 rounds points of many
parameters to float32. Every earlier one is read. A field that may be missing needs no new
number."""

PROPERTIES: Final = "properties"
DIAGONALIZATION: Final = "diagonalization"
BESIDE_THE_RUN: Final = (PROPERTIES, DIAGONALIZATION)
"""Roles of rounds that are measured beside a run, after its end, on its account."""


@dataclass(frozen=True)
class Begin:
    """The first event.

    Attributes:
        experiment, hamiltonian: content hashes.
        references: energies in Hartree, "hf" and "fci", None where unknown.
        label: what the problem is called.
        kind: "spins" for a model of spins; None for one with orbitals.
        task: what the folder holds where it is no run, such as "validation"; None for a run.
        problem: what is run, as `qvopt.runs.problem_description` describes it; empty in journals
            of earlier versions.
    """

    experiment: str
    hamiltonian: str
    references: Mapping[str, float | None]
    label: str
    kind: str | None = None
    task: str | None = None
    problem: Mapping[str, Any] = field(default_factory=dict)

    def encode(self) -> Event:
        """Write the event."""
        event: Event = {"type": "begin", "experiment": self.experiment}
        event |= {"hamiltonian": self.hamiltonian, "references": dict(self.references)}
        event |= {"label": self.label, "format": FORMAT}
        further = {"kind": self.kind, "task": self.task, "problem": dict(self.problem) or None}
        return event | {key: value for key, value in further.items() if value is not None}

    @classmethod
    def decode(cls, event: Event) -> Begin:
        """Read the event. Raises InputError for the format of a later version."""
        written = event.get("format", 1)
        if not isinstance(written, int) or written > FORMAT:
            raise InputError(
                f"the journal has format {str(written)[:20]}, and this version of qvopt reads up "
                f"to {FORMAT}; install the version that wrote it (see environment.json)"
            )
        return cls(
            event["experiment"],
            event["hamiltonian"],
            event["references"],
            event["label"],
            event.get("kind"),
            event.get("task"),
            event.get("problem", {}),
        )


@dataclass(frozen=True, eq=False)
class RoundRecord:
    """A round that was answered.

    Attributes:
        role, number: its name: rounds of a role are numbered from 0.
        queries, answers: as plain data; `replayed` gives them back.
        costs: what it took, by purpose.
        observed: pooled variances that later rounds use.
        calibrations: of the readout, made in it; `renewed` says that they replace earlier ones.
        readings: operators that its outcomes have shown beside the energy, by name.
        place: number of its line.
    """

    role: str
    number: int
    queries: list[dict[str, Any]]
    answers: list[dict[str, Any]]
    costs: Costs
    observed: tuple[Scatter | None, ...] | None = None
    calibrations: tuple[CalibrationCounts, ...] = ()
    renewed: bool = False
    readings: Mapping[str, Estimate] = field(default_factory=dict)
    place: int = -1

    @classmethod
    def of(
        cls,
        role: str,
        number: int,
        queries: Iterable[Query],
        answers: Iterable[Answer],
        costs: Costs,
        observed: tuple[Scatter | None, ...] | None,
        calibrations: tuple[CalibrationCounts, ...],
        renewed: bool,
        readings: Mapping[str, Estimate],
    ) -> RoundRecord:
        """Record a round that has just run."""
        asked, told = encode_queries(queries), [encode_answer(a) for a in answers]
        return cls(role, number, asked, told, costs, observed, calibrations, renewed, readings)

    def encode(self) -> Event:
        """Write the event."""
        event: Event = {"type": "round", "role": self.role, "round": self.number}
        event |= {"queries": self.queries, "answers": self.answers}
        event["cost"] = encode_costs(self.costs)
        if self.observed is not None:
            event["scatter"] = encode_scatter(self.observed)
        if self.calibrations:
            event["calibrations"] = encode_calibrations(self.calibrations)
            event["renewed"] = self.renewed
        if self.readings:
            event["readings"] = {k: [e.value, e.variance] for k, e in self.readings.items()}
        return event

    @classmethod
    def decode(cls, event: Event) -> RoundRecord:
        """Read the event; one of an earlier version may be a calibration and nothing else."""
        observed = decode_scatter(event.get("scatter"))
        calibrations = event.get("calibrations", ())
        if "calibration" in event:
            calibrations = [event["calibration"]]
        return cls(
            event["role"],
            event["round"],
            event.get("queries", []),
            event.get("answers", []),
            decode_costs(event["cost"]),
            None if observed is None else tuple(observed),
            tuple(decode_calibrations(calibrations)),
            bool(event.get("renewed", False)),
            {k: Estimate(*pair) for k, pair in event.get("readings", {}).items()},
            int(event.get("n", -1)),
        )

    def replayed(self, queries: list[Query]) -> tuple[list[Answer], float]:
        """Return the answers to the same queries, and the largest difference in parameters.

        Raises InputError where the queries are others.
        """
        where = f"{self.role} round {self.number}"
        if len(queries) != len(self.queries):
            raise InputError(f"{where}: the replayed round does not match the journal")
        with _readable(self.place, f"queries or answers of {where}"):
            pairs = zip(queries, queries_with_points(self.queries), strict=True)
            drift = max((match_query(query, old, where) for query, old in pairs), default=0.0)
            answers = zip(queries, self.answers, strict=True)
            return [decode_answer(q, a) for q, a in answers], drift

    def asked_at(self, points: Sequence[FloatArray]) -> bool:
        """Whether its queries were at these points, to the drift that a replay allows."""
        asked = [decode_array(q["x"]) for q in queries_with_points(self.queries)]
        return len(asked) == len(points) and all(
            a.shape == p.shape and np.allclose(a, p, rtol=1e-6, atol=1e-6)
            for a, p in zip(asked, points, strict=True)
        )


@dataclass(frozen=True)
class StepRecord:
    """What is known after a step; energies in Hartree."""

    step: int
    energy: float | None
    variance: float | None
    exact: float | None
    gradient_norm: float | None
    shots: int
    evaluations: int
    note: str = ""

    def encode(self) -> Event:
        """Write the event."""
        return {"type": "step", **vars(self)}

    @classmethod
    def decode(cls, event: Event) -> StepRecord:
        """Read the event."""
        return cls(**{name: event[name] for name in cls.__dataclass_fields__ if name in event})


def step_records(events: Iterable[Event]) -> tuple[StepRecord, ...]:
    """Return the last record of each step of a journal, in ascending order."""
    steps = {e["step"]: StepRecord.decode(e) for e in events if e["type"] == "step"}
    return tuple(steps[k] for k in sorted(steps))


def _decoded(decode: Callable[[Event], Record], event: Event) -> Record:
    """Decode an event whose parts may be of another form than its kind has."""
    with _readable(event.get("n", -1), f"parts of its {event['type']}"):
        return decode(event)


@dataclass(frozen=True)
class GrowRecord:
    """Labels of operators that an adaptive circuit grew by."""

    operators: tuple[str, ...]

    def encode(self) -> Event:
        """Write the event."""
        return {"type": "grow", "operators": list(self.operators)}

    @classmethod
    def decode(cls, event: Event) -> GrowRecord:
        """Read the event."""
        return cls(tuple(event["operators"]))


@dataclass(frozen=True, eq=False)
class History:
    """A journal, read: its records by kind, each in its order.

    Attributes:
        begin: the first event; None for a journal that was cut before it.
        rounds: by role and number.
        steps: the last record of each step, in ascending order.
        operators: labels that the circuit grew by.
        ends: every end.
        lost: what failed and cancelled jobs took.
        seconds: time worked on the run.
    """

    begin: Begin | None = None
    rounds: Mapping[tuple[str, int], RoundRecord] = field(default_factory=dict)
    steps: tuple[StepRecord, ...] = ()
    operators: tuple[str, ...] = ()
    ends: tuple[EndRecord, ...] = ()
    lost: Cost = field(default_factory=Cost)
    seconds: float = 0.0

    @classmethod
    def of(cls, events: Iterable[Event]) -> History:
        """Read events."""
        events = list(events)
        by_type: dict[str, list[Event]] = {}
        for event in events:
            by_type.setdefault(event["type"], []).append(event)
        rounds = [_decoded(RoundRecord.decode, e) for e in by_type.get("round", ())]
        begins = by_type.get("begin", ())
        return cls(
            Begin.decode(begins[0]) if begins and events[0] is begins[0] else None,
            {(r.role, r.number): r for r in rounds},
            step_records(by_type.get("step", ())),
            tuple(o for e in by_type.get("grow", ()) for o in GrowRecord.decode(e).operators),
            tuple(_decoded(EndRecord.decode, e) for e in by_type.get("end", ())),
            lost_cost(job_records(by_type.get("job", ())).values()),
            max((float(e.get("seconds", 0.0)) for e in events), default=0.0),
        )

    @property
    def end(self) -> EndRecord | None:
        """The last end; None where the run has not ended."""
        return self.ends[-1] if self.ends else None

    def spent(self) -> Costs:
        """Everything that was spent, by purpose."""
        costs: Costs = {}
        for record in self.rounds.values():
            costs = add_costs(costs, record.costs)
        return add_costs(costs, {"lost": self.lost})

    def charged(self, role: str) -> Costs:
        """What the rounds of one role took."""
        costs: Costs = {}
        for record in self.rounds.values():
            if record.role == role:
                costs = add_costs(costs, record.costs)
        return costs
