"""What a provider of quantum hardware is: jobs submitted under a key, found again by it.

A job is circuits, rows of parameter values for each, and one number of shots for all of them. A
provider speaks to one device of one vendor. It does no retrying, waiting or bookkeeping of its own:
`qvopt.cloud.job_manager` calls every method with a deadline, and decides by the class of the error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from qvopt.backends.batch import Counts
from qvopt.backends.recorded_devices import RecordedDevice
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import BackendError, InputError

from .job_spec import JobSpec as JobSpec
from .job_spec import Pub as Pub

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


class ProviderError(BackendError):
    """A call to a provider failed. Messages hold no credential; `redact` them first."""


class TransientError(ProviderError):
    """It failed for now and had no effect: overloaded, rate-limited, unreachable. Try again."""


class UncertainError(ProviderError):
    """A submission failed, and the provider may have taken it: connection lost, odd answer.

    The job is looked for by its key before anything is submitted again.
    """


class RefusedError(ProviderError):
    """It will fail again in the same way: not authorised, too large, unknown job, bad circuit."""


class SessionClosedError(ProviderError):
    """The session or batch takes no more jobs. Nothing was submitted."""


class JobState(StrEnum):
    """Where a job is. The last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether the state can change no more."""
        return self not in (JobState.QUEUED, JobState.RUNNING)


@dataclass(frozen=True, eq=False)
class JobResult:
    """What came back: counts[i][r] of row r of pub i; or values and variances by pub, (n_rows,).

    `shots` are those that were really taken for the whole job, where mitigation takes more than
    was asked; None where it is what was asked. `missing` are rows (pub, row), in order, that the
    vendor failed to run while it ran others, `reason` is why; `final` says that they would fail
    again. Their counts are empty.
    """

    counts: tuple[tuple[Counts, ...], ...] = ()
    values: tuple[FloatArray, ...] | None = None
    variances: tuple[FloatArray, ...] | None = None
    shots: int | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    missing: tuple[tuple[int, int], ...] = ()
    reason: str = ""
    final: bool = False

    def completed(self, more: JobResult) -> JobResult:
        """This result with the missing rows' counts from the job of those rows."""
        counts = [list(rows) for rows in self.counts]
        rows = [row for part in more.counts for row in part]
        for (pub, row), found in zip(self.missing, rows, strict=True):
            counts[pub][row] = found
        return replace(self, counts=tuple(map(tuple, counts)), missing=(), reason="")


@dataclass(frozen=True)
class JobStatus:
    """State, place in the queue (1 is next) where it is known, and why it failed.

    `pending` are the jobs that wait at the device, where a place is unknown.
    """

    state: JobState
    queue_position: int | None = None
    reason: str = ""
    pending: int | None = None

    @property
    def queue(self) -> str:
        """Place in the queue, or its length, in words; "" where neither is known."""
        if self.state is not JobState.QUEUED:
            return ""
        if self.queue_position is not None:
            return f", place {self.queue_position}"
        if self.pending is None:
            return ""
        return f" (its place is unknown; {self.pending} jobs were pending at the device)"


@dataclass(frozen=True)
class FoundJob:
    """A job that carries a key. `created` orders them: seconds, or any text that sorts by time."""

    id: str
    created: str = ""


@dataclass(frozen=True)
class Usage:
    """What a job took: seconds of the quantum processor, money where the vendor tells."""

    qpu_seconds: float = 0.0
    money: float | None = None


@dataclass(frozen=True)
class PriceModel:
    """Money of a job = per_job + per_circuit·rows + per_shot·executions + per_second·QPU seconds.

    All zero and `known` False where nobody said: then no cap in money can be kept. `least` is the
    smallest price of a job.
    """

    currency: str = "USD"
    per_job: float = 0.0
    per_circuit: float = 0.0
    per_shot: float = 0.0
    per_second: float = 0.0
    least: float = 0.0
    known: bool = False

    def of(self, spec: JobSpec, qpu_seconds: float) -> float:
        """Price of a job in `currency`."""
        money = self.per_job + self.per_circuit * spec.n_circuits
        money += self.per_shot * spec.executions + self.per_second * qpu_seconds
        return max(money, self.least)


@dataclass(frozen=True)
class JobForecast:
    """What a job is expected to take, before it is sent. `money` None: not priced.

    `shots` are those that are really taken, which mitigation may take more of than was asked.
    """

    circuits: int
    shots: int
    qpu_seconds: float
    money: float | None = None
    currency: str = ""


@dataclass(frozen=True)
class Limits:
    """The largest job that a device takes; None is no limit.

    `circuits` counts rows, `shots` those of one row, `executions` shots of all rows, `values`
    parameter values of all rows. `pending` jobs may wait at a time. A row has at least `min_shots`,
    and a job of several rows at least `min_executions`, shots of all of them.
    """

    circuits: int | None = None
    shots: int | None = None
    executions: int | None = None
    values: int | None = None
    pending: int | None = None
    min_shots: int = 1
    min_executions: int = 1


@dataclass(frozen=True)
class Device:
    """What is known of a device.

    Attributes:
        provider, name: as in "provider:name".
        n_qubits: width of the device.
        basis: names of its native gates.
        limits, price: of a job.
        simulator: whether it is simulated here or at the vendor.
        durable: whether a job outlives this process, to be found by key and fetched by id. Where
            it is not, a crash runs the job again, with the same seed.
        repeats: rows that an energy may be spread over, for each measurement group, to follow an
            allocation of shots with one number of shots a job; 1 gives every group the same.
        estimates: whether energies are asked for as values of observables.
        labels: the names of its qubits, in order, where they are not 0, 1, 2 and so on.
        time_assumed: whether forecasts of QPU seconds rest on an assumed time of a shot.
        timed: whether QPU seconds of its jobs are known; None for all but simulators.
        note: how it was verified, or what is special.
    """

    provider: str
    name: str
    n_qubits: int
    basis: tuple[str, ...] = ()
    limits: Limits = Limits()
    price: PriceModel = PriceModel()
    simulator: bool = False
    durable: bool = True
    repeats: int = 1
    estimates: bool = False
    note: str = ""
    labels: tuple[int, ...] | None = None
    time_assumed: bool = False
    timed: bool | None = None

    @property
    def counts_seconds(self) -> bool:
        """Whether QPU seconds of its jobs are counted."""
        return not self.simulator if self.timed is None else self.timed

    @property
    def full_name(self) -> str:
        """The name users give."""
        return f"{self.provider}:{self.name}"

    def places(self, layout: Sequence[int] | None) -> tuple[int, ...] | None:
        """Qubits that a user names, as places in the device; InputError for one it has not."""
        if layout is None or self.labels is None:
            return None if layout is None else tuple(layout)
        for qubit in layout:
            if qubit not in self.labels:
                raise InputError(
                    f"layout: {self.full_name} has no qubit {qubit}; it has "
                    f"{', '.join(map(str, self.labels[:40]))}"
                )
        return tuple(self.labels.index(qubit) for qubit in layout)


@runtime_checkable
class Provider(Protocol):
    """One device of one vendor.

    Methods may block on the network (they are called with a deadline, from a thread), save for
    `describe`, `lower` and `estimate`, which must work without it once the provider is made. They
    raise the errors above; any other exception counts as transient when reading and as uncertain
    when submitting. No error, `repr` or log may hold a credential.
    """

    def describe(self) -> Device:
        """Facts of the device."""
        ...

    def lower(
        self,
        circuits: Sequence[QuantumCircuit],
        *,
        level: int,
        seed: int,
        layout: Sequence[int] | None,
    ) -> list[QuantumCircuit]:
        """Return the circuits in what the device runs, all on one layout, and checked.

        Called once a run. The first circuit decides the layout where none is given. Registers and
        parameters are kept. Raises InputError where they do not fit.
        """
        ...

    def estimate(self, spec: JobSpec) -> JobForecast:
        """What the job will take."""
        ...

    def submit(self, spec: JobSpec, key: str) -> str:
        """Submit one job that carries `key` (64 hexadecimal digits), and return its id."""
        ...

    def find(self, key: str) -> Sequence[FoundJob]:
        """Jobs that carry `key`, of any state, oldest first; none where there is none."""
        ...

    def status(self, job: str) -> JobStatus:
        """Where the job is."""
        ...

    def result(self, job: str, spec: JobSpec) -> JobResult:
        """Results of a job that is done; `spec` is what it ran."""
        ...

    def usage(self, job: str, spec: JobSpec) -> Usage:
        """What a job took that is in a final state."""
        ...

    def cancel(self, job: str) -> None:
        """Ask for the job to be cancelled; no error where it is final already."""
        ...

    def close(self) -> None:
        """Close sessions and connections; submitted jobs go on."""
        ...


@runtime_checkable
class RecordedProvider(Provider, Protocol):
    """A simulation of a device, which forecasts that device's jobs too."""

    @property
    def recorded_price(self) -> PriceModel:
        """Of the device."""
        ...

    def recorded_estimate(self, spec: JobSpec) -> JobForecast:
        """What the job would take on the device."""
        ...


@runtime_checkable
class CalibratedProvider(Provider, Protocol):
    """A provider that tells the errors of its device's gates and readout."""

    def calibrated(self) -> RecordedDevice | None:
        """The device as it was last calibrated; None where that is not known."""
        ...
