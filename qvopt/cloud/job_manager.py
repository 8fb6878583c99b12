"""Submits the jobs of a run and fetches their results: none lost, none paid twice.

Every step is in the journal, on the disk, before the next: intent before submission, id after,
results before they are used. After a crash the journal says where each job stands: one with an id
is picked up by it; one with an intent alone is looked for by its key and adopted if it is there.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from qvopt.backends.protocol import EventSink, SubmissionMode
from qvopt.records.jobs import JobRecord, Where, job_records
from qvopt_molecules.errors import BackendError, InputError, QvoptError

from .backoff import Backoff
from .calls import Pending, Timeouts, own_errors, within
from .provider import (
    JobResult,
    JobSpec,
    JobState,
    JobStatus,
    Provider,
    ProviderError,
    RefusedError,
    SessionClosedError,
    TransientError,
    UncertainError,
    Usage,
)
from .results import check_result, load, store

T = TypeVar("T")

_LONGEST_PAUSE = 60.0  # seconds between tries of a call or a submission


class JobsPendingError(QvoptError):
    """Jobs are at the provider, and this command does not wait for them."""

    exit_code = 75


class JobFailedError(BackendError):
    """A job failed or was cancelled. It is not submitted again unless a user says so."""


class JobManager:
    """Runs the jobs of one run at one provider.

    Args:
        provider: where.
        timeouts: how long is waited.
        log: the journal; None keeps nothing.
        folder: the run folder, for results; None keeps them in memory.
        run: the run's UUID.
        events: the journal so far.
        mode: whether to wait.
        resubmit: whether jobs that failed are to be submitted again.
        on_progress: is called with a line when something changes.
    """

    def __init__(
        self,
        provider: Provider,
        timeouts: Timeouts,
        *,
        log: EventSink | None = None,
        folder: Path | None = None,
        run: str = "",
        events: Sequence[Mapping[str, Any]] = (),
        mode: SubmissionMode = "wait",
        resubmit: bool = False,
        on_progress: Callable[[str], None] | None = None,
    ) -> None:
        self.provider, self.timeouts = provider, timeouts
        self.device = provider.describe()
        self._local = self.device.simulator and not self.device.durable
        self._log, self._folder, self._run = log, folder, run
        self.mode, self.resubmit = mode, resubmit
        self._report = on_progress or (lambda text: None)
        self.records = job_records(events)
        self._at: dict[Where, str] = {}
        for record in self.records.values():
            self._at[record.round, record.part] = record.key
        self._memory: dict[str, JobResult] = {}
        self._submitted: set[tuple[int, ...]] = set()
        self._mine: set[str] = set()
        self._reported: set[tuple[str, str]] = set()

    def submit(self, specs: Sequence[JobSpec], where: tuple[int, ...]) -> None:
        """Submit a round's jobs that are not yet, without waiting for them."""
        for part, spec in enumerate(specs):
            key = self._record(spec, (where, part)).key
            if self._wants_submission(key):
                self._submit(key, spec)

    def run(self, specs: Sequence[JobSpec], where: tuple[int, ...]) -> list[JobResult]:
        """Return the results of a round's jobs, in order; submit those that are not yet."""
        keys = [self._record(spec, (where, part)).key for part, spec in enumerate(specs)]
        waiting = dict(zip(keys, specs, strict=True))
        backoff = Backoff(self.timeouts.poll, self.timeouts.longest_poll, factor=1.5, spread=0.2)
        while True:
            before = [self.records[k].state for k in keys]
            for key, spec in waiting.items():
                if self._wants_submission(key):
                    self._submit(key, spec)
            for key in list(waiting):
                if self.records[key].id is not None and self._pick_up(key, waiting[key]):
                    del waiting[key]
            if not waiting:
                return [self._result(k) for k in keys]
            if self.mode != "wait":
                raise JobsPendingError(self._pending(keys))
            if before != [self.records[k].state for k in keys]:
                backoff.reset()
            backoff.wait()

    def of_round(self, where: tuple[int, ...]) -> list[JobRecord]:
        """The round's jobs that are done."""
        keys = [key for (round_, _), key in self._at.items() if round_ == where]
        return [self.records[k] for k in keys if self.records[k].state == "done"]

    def _record(self, spec: JobSpec, where: Where) -> JobRecord:
        """The record of a job: that of the journal, or a new one that has no event yet."""
        key = self._at.get(where)
        record = None if key is None else self.records[key]
        if record is not None:
            if (record.circuits, record.shots) != (spec.n_circuits, spec.executions):
                raise InputError(
                    "a job of the journal has other circuits or shots than the run asks for now; "
                    "resume with the version of qvopt that submitted it"
                )
            if record.state not in ("failed", "cancelled"):
                return record
            if not self.resubmit:
                raise JobFailedError(
                    f"job {record.id} {record.state}: {record.reason or 'no reason given'}; "
                    f"`qvopt resume RUN --resubmit` submits it again"
                )
        attempt = 0 if record is None else record.attempt + 1
        key = job_key(self._run, where, attempt, self.device.full_name, spec)
        planned = self.provider.estimate(spec)
        self._at[where] = key
        self.records[key] = JobRecord(
            key,
            where[0],
            where[1],
            "new",
            attempt,
            circuits=spec.n_circuits,
            shots=spec.executions,
            qpu_seconds=planned.qpu_seconds,
            money=planned.money,
        )
        return self.records[key]

    def _wants_submission(self, key: str) -> bool:
        record = self.records[key]
        if not self.device.durable and record.open and key not in self._mine:
            return True
        if record.state not in ("new", "intent", "refused"):
            return False
        limit = self.device.limits.pending
        pending = sum(r.open and r.id is not None for r in self.records.values())
        return limit is None or pending < limit

    def _submit(self, key: str, spec: JobSpec) -> None:
        record = self.records[key]
        fresh = record.state in ("new", "refused")
        if self.mode == "fetch" and (fresh or not self.device.durable):
            raise JobsPendingError("nothing more to fetch; `qvopt resume` submits the next job")
        if self.mode == "submit" and self._submitted - {record.round}:
            raise JobsPendingError("one step was submitted; `qvopt resume` goes on")
        if fresh:
            self._event(
                record,
                "intent",
                round=list(record.round),
                part=record.part,
                attempt=record.attempt,
                time=time.time(),
                circuits=record.circuits,
                shots=record.shots,
                qpu_seconds=record.qpu_seconds,
                money=record.money,
            )
        elif self.device.durable and self._adopt(key, None):
            return
        self._submitted.add(record.round)
        self._mine.add(key)
        began = time.monotonic()
        backoff = Backoff(1.0, _LONGEST_PAUSE)
        # A simulation here takes as long as it takes; a second one beside it would not be faster.
        deadline = None if self._local else self.timeouts.submit
        while True:
            call = Pending(lambda: self.provider.submit(spec, key))
            try:
                if not call.wait(deadline):
                    raise UncertainError("the submission did not answer")
                self._event(self.records[key], "submitted", id=str(own_errors(call, "submission")))
                if self.device.durable:  # others have ended with the call
                    self._report(f"job {self.records[key].id} submitted to {self.device.full_name}")
                return
            except (RefusedError, SessionClosedError, InputError) as error:
                self._event(self.records[key], "refused", reason=str(error))
                raise
            except TransientError as error:
                trouble: Exception = error
            except ProviderError as error:
                if not self.device.durable:
                    # It cannot be looked for, and a second one might be paid as well.
                    raise RefusedError(
                        f"{self.device.full_name} did not run the job: {error}; `qvopt resume` "
                        f"runs it again"
                    ) from None
                trouble = error
                self._report(f"submission in doubt ({error}); looking for the job by its key")
                if self._adopt(key, call):
                    return
            if time.monotonic() - began > self.timeouts.give_up:
                raise ProviderError(
                    f"could not submit: {trouble}; the journal knows, and `qvopt resume` goes on"
                ) from None
            self._report(f"trying again: {trouble}")
            backoff.wait()
            # What one listing may not show yet, a later one does.
            if self.device.durable and self._adopt(key, call, grace=0.0):
                return

    def _adopt(self, key: str, call: Pending[str] | None, grace: float | None = None) -> bool:
        """Look for a job by its key until the grace is over; adopt the oldest, cancel the rest."""
        record = self.records[key]
        grace = self.timeouts.grace if grace is None else grace
        # A crash long ago has had its grace already.
        start = time.time() if call is not None else min(record.since, time.time())
        backoff = Backoff(self.timeouts.poll, 10.0, factor=1.5, spread=0.0)
        while True:
            found = self._call(lambda: self.provider.find(key), "the list of jobs")
            if call is not None and call.wait(0.0):
                try:
                    late: str | None = str(call.get())
                except Exception:
                    late = None
                if late is not None and not found:
                    self._event(self.records[key], "submitted", id=late)
                    return True
            if found:
                self._event(self.records[key], "submitted", id=found[0].id, adopted=True)
                self._report(f"job {found[0].id} found by its key and adopted")
                for extra in found[1:]:
                    self._event(self.records[key], "extra", extra=extra.id)
                    self._call(lambda e=extra: self.provider.cancel(e.id), "cancelling")  # type: ignore[misc]
                return True
            if time.time() - start >= grace:
                return False
            backoff.wait()

    def _pick_up(self, key: str, spec: JobSpec) -> bool:
        """Look at a job once; store its result if it is done. Returns whether it is."""
        record = self.records[key]
        if record.state == "done":
            return True
        assert record.id is not None
        job = record.id
        status: JobStatus = self._call(lambda: self.provider.status(job), "the state of the job")
        if status.queue and (job, status.queue) not in self._reported:
            self._reported.add((job, status.queue))
            self._report(f"job {job} queued{status.queue}")
        if status.state is JobState.RUNNING and record.state != "running":
            self._event(record, "running")
            self._report(f"job {job} running")
        if not status.state.final:
            return False
        if status.state is not JobState.DONE:
            usage = self._usage(job, spec)
            self._event(
                record, str(status.state), reason=status.reason, **self._spent(usage, spec, True)
            )
            raise JobFailedError(
                f"job {job} {status.state}: {status.reason or 'no reason given'}; it is not "
                f"submitted again by itself: `qvopt resume RUN --resubmit` does"
            )
        result = self._fetch(job, spec)
        spent = self._spent(self._usage(job, spec), spec, False)
        if self._folder is None:
            self._memory[key] = result
            self._event(record, "done", **spent)
        else:
            file = f"jobs/{key[:24]}.json"
            digest = store(result, self._folder / file)
            self._event(record, "done", file=file, sha256=digest, **spent)
        return True

    def _fetch(self, job: str, spec: JobSpec) -> JobResult:
        """Fetch and check a result; one that came damaged is fetched again."""

        def fetch() -> JobResult:
            result = self.provider.result(job, spec)
            check_result(result, spec)
            return result

        return self._call(fetch, f"the result of job {job}")

    def _usage(self, job: str, spec: JobSpec) -> Usage | None:
        try:
            return within(self.timeouts.call, lambda: self.provider.usage(job, spec), "usage")
        except ProviderError:
            return None

    def _spent(self, usage: Usage | None, spec: JobSpec, failed: bool) -> dict[str, Any]:
        """QPU seconds and money of a job; the forecast's where the provider does not say."""
        planned = self.provider.estimate(spec)
        if usage is None or (not failed and not usage.qpu_seconds and not self.device.simulator):
            return {"qpu_seconds": planned.qpu_seconds, "money": planned.money}
        money = usage.money
        if money is None and self.device.price.known:
            money = self.device.price.of(spec, usage.qpu_seconds)
            if not self.device.price.per_second:
                money = planned.money
        if failed and not usage.qpu_seconds and usage.money is None:
            money = 0.0
        return {"qpu_seconds": float(usage.qpu_seconds), "money": money}

    def _call(self, work: Callable[[], T], what: str) -> T:
        """Call with a deadline, backing off and trying again what may pass."""
        began = time.monotonic()
        backoff = Backoff(self.timeouts.poll, _LONGEST_PAUSE)
        while True:
            try:
                return within(self.timeouts.call, work, what)
            except (RefusedError, InputError):
                raise
            except ProviderError as error:
                if self._local:
                    raise
                if time.monotonic() - began + backoff.pause > self.timeouts.give_up:
                    raise ProviderError(
                        f"{error}; nothing is lost: `qvopt resume` goes on from the journal"
                    ) from None
                self._report(f"trying again: {error}")
            backoff.wait()

    def _result(self, key: str) -> JobResult:
        record = self.records[key]
        if key in self._memory or self._folder is None:
            return self._memory[key]
        assert record.file is not None
        return load(self._folder / record.file, record.sha256)

    def _pending(self, keys: Sequence[str]) -> str:
        ids = [str(self.records[k].id) for k in keys if self.records[k].open]
        return f"at {self.device.full_name}: {', '.join(ids) or 'jobs to be submitted'}"

    def _event(self, record: JobRecord, state: str, **known: Any) -> None:
        event = {"type": "job", "key": record.key, "state": state, **known}
        if self._log is not None:
            self._log.append(event, durable=True)
        if state == "intent":
            self.records |= job_records([event])
        else:
            self.records[record.key] = self.records[record.key].after(event)


def job_key(run: str, where: Where, attempt: int, device: str, spec: JobSpec) -> str:
    """SHA-256 of run, round, part, attempt, device and payload: the name the job goes by."""
    parts: Sequence[Any] = [run, list(where[0]), where[1], attempt, device, spec.fingerprint]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
