"""Runs the jobs of a run and fetches their results: none lost, none paid twice.

Every step is in the journal, on the disk, before the next: intent before submission, id after,
results before they are used. After a crash the journal says where each job stands: one with an id
is picked up by it; one with an intent alone is looked for by its key and adopted if it is there.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NoReturn

from qvopt.backends.protocol import EventSink, SubmissionMode
from qvopt.records.jobs import JobRecord, Where
from qvopt_molecules.errors import BackendError, InputError, QvoptError

from .calls import Timeouts, within
from .job_journal import JobJournal
from .provider import JobResult, JobSpec, JobState, JobStatus, Provider, ProviderError, Usage
from .results import check_result, load, store
from .retries import Pauses, looking
from .submission import Submitter

_LONGEST_PAUSE = 60.0  # seconds between tries of a call or a submission


class JobsPendingError(QvoptError):
    """Jobs are at the provider, and this command does not wait for them."""

    exit_code = 75


class JobFailedError(BackendError):
    """A job failed or was cancelled. It is not submitted again unless a user says so."""


_LOCAL_POLL: Final = (0.01, 0.25)
"""Seconds between looks at a job of this process: first and longest."""


class JobManager:
    """Runs the jobs of one run at one provider.

    Args:
        provider: where.
        timeouts: how long is waited.
        log: the journal. None keeps nothing, for devices whose jobs end with the process.
        folder: the run folder, for results; None keeps them in memory.
        run: identifies the run in the jobs' keys.
        events: of the journal so far.
        mode: whether to wait.
        resubmit: whether jobs that failed are to be submitted again.
        on_progress: is called with a line when something changes.

    Raises InputError where jobs outlive the process and there is no journal to find them by.
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
        if self.device.durable and (log is None or folder is None):
            raise InputError(
                f"jobs at {self.device.full_name} outlive this command, and are written into a "
                f"run folder before they are submitted; give one (Session.begin, `qvopt run`)"
            )
        self._folder, self._run = folder, run
        self.mode, self.resubmit = mode, resubmit
        self._report = on_progress or (lambda text: None)
        self._journal = JobJournal(log, events)
        self._submitter = Submitter(provider, timeouts, self._journal, self._report)
        self._memory: dict[str, JobResult] = {}
        self._submitted: set[tuple[int, ...]] = set()
        self._of_this_process: set[str] = set()
        self._reported: set[tuple[str, str]] = set()

    @property
    def records(self) -> Mapping[str, JobRecord]:
        """The run's jobs by key."""
        return self._journal.records

    def submit(self, specs: Sequence[JobSpec], where: tuple[int, ...]) -> None:
        """Submit a round's jobs that are not yet, without waiting for them."""
        for part, spec in enumerate(specs):
            key = self._record(spec, (where, part)).key
            if self._wants_submission(key):
                self._submit(key, spec)

    def run(self, specs: Sequence[JobSpec], where: tuple[int, ...]) -> list[JobResult]:
        """Return the results of a round's jobs, in order; submit those that are not yet.

        Rows that failed in a job whose other rows ran are one more job, once.
        """
        results = self._finished(dict(enumerate(specs)), where)
        again = {
            _again(part): specs[part].of_rows(result.missing)
            for part, result in enumerate(results)
            if result.missing
        }
        if not again:
            return results
        repeated = dict(zip(again, self._finished(again, where), strict=True))
        return [
            result.completed(repeated[_again(part)]) if result.missing else result
            for part, result in enumerate(results)
        ]

    def _finished(self, specs: Mapping[int, JobSpec], where: tuple[int, ...]) -> list[JobResult]:
        """Return the results of jobs of a round, by their parts."""
        keys = [self._record(spec, (where, part)).key for part, spec in specs.items()]
        waiting = dict(zip(keys, specs.values(), strict=True))
        first, longest = self.timeouts.poll, self.timeouts.longest_poll
        if not self.device.durable:  # it runs in this process, and looking is free
            first, longest = min(first, _LOCAL_POLL[0]), min(longest, _LOCAL_POLL[1])
        pauses = Pauses(first, longest, 1.5)

        def all_done() -> bool:
            before = [self.records[k].state for k in keys]
            for key, spec in waiting.items():
                if self._wants_submission(key):
                    self._submit(key, spec)
            for key in list(waiting):
                if self.records[key].id is not None and self._pick_up(key, waiting[key]):
                    del waiting[key]
            if waiting and self.mode != "wait":
                raise JobsPendingError(self._pending(keys))
            if before != [self.records[k].state for k in keys]:
                pauses.restart()
            return not waiting

        looking(pauses)(all_done)
        return [self._result(k) for k in keys]

    def submitted(self, where: tuple[int, ...]) -> bool:
        """Whether a job of this round was submitted before."""
        return bool(self._journal.of_round(where))

    def of_round(self, where: tuple[int, ...]) -> list[JobRecord]:
        """The round's jobs that are done."""
        return [record for record in self._journal.of_round(where) if record.state == "done"]

    def _record(self, spec: JobSpec, where: Where) -> JobRecord:
        """The record of a job: that of the journal, or a new one that has no event yet."""
        record = self._journal.at(where)
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
        planned = self.provider.estimate(spec)
        new = JobRecord(
            job_key(self._run, where, attempt, self.device.full_name, spec),
            where[0],
            where[1],
            "new",
            attempt,
            circuits=spec.n_circuits,
            shots=spec.executions,
            qpu_seconds=planned.qpu_seconds,
            money=planned.money,
        )
        self._journal.add(new)
        return new

    def _wants_submission(self, key: str) -> bool:
        record = self.records[key]
        if not self.device.durable and record.open and key not in self._of_this_process:
            return True
        if record.state not in ("new", "intent", "refused"):
            return False
        limit = self.device.limits.pending
        return limit is None or self._journal.waiting() < limit

    def _submit(self, key: str, spec: JobSpec) -> None:
        record = self.records[key]
        fresh = record.state in ("new", "refused")
        if self.mode == "fetch" and (fresh or not self.device.durable):
            raise JobsPendingError("nothing more to fetch; `qvopt resume` submits the next job")
        if self.mode == "submit" and self._submitted - {record.round}:
            raise JobsPendingError("one step was submitted; `qvopt resume` continues")
        if fresh:
            self._journal.write(
                key,
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
        self._submitted.add(record.round)
        self._of_this_process.add(key)
        # Rounds are numbered by their second key, whatever else a run has measured between them.
        number = record.round[1] if len(record.round) > 1 else 0
        self._submitter.submit(key, replace(spec, number=number), fresh=fresh)

    def _pick_up(self, key: str, spec: JobSpec) -> bool:
        """Look at a job once; store its result if it is done. Returns whether it is."""
        record = self.records[key]
        if record.state == "done":
            return True
        assert record.id is not None
        job = record.id
        status: JobStatus = self._submitter.call(
            lambda: self.provider.status(job), "the state of the job"
        )
        if status.queue and (job, status.queue) not in self._reported:
            self._reported.add((job, status.queue))
            self._report(f"job {job} queued{status.queue}")
        if status.state is JobState.RUNNING and record.state != "running":
            self._journal.write(key, "running")
            self._report(f"job {job} running")
        if not status.state.final:
            return False
        if status.state is not JobState.DONE:
            self._fail(key, spec, status.state, status.reason)
        result = self._fetch(job, spec)
        spec = spec.of_rows([row for row in spec.rows if row not in result.missing])
        if result.missing:
            reason = f"{len(result.missing)} of its circuits: {result.reason}"
            if result.final or record.part < 0:
                self._fail(key, spec, JobState.FAILED, reason)
            self._report(f"job {job} failed in part, which is sent again once: {reason}")
        spent = self._spent(self._usage(job, spec), spec, failed=False)
        if self._folder is None:
            self._memory[key] = result
            self._journal.write(key, "done", **spent)
        else:
            file = f"jobs/{key[:24]}.json"
            digest = store(result, self._folder / file)
            self._journal.write(key, "done", file=file, sha256=digest, **spent)
        return True

    def _fail(self, key: str, spec: JobSpec, state: JobState, reason: str) -> NoReturn:
        """Write down that a job ended without all of its results; `spec` is what it ran."""
        job = self.records[key].id
        assert job is not None
        spent = self._spent(self._usage(job, spec), spec, failed=True)
        self._journal.write(key, str(state), reason=reason, **spent)
        raise JobFailedError(
            f"job {job} {state}: {reason or 'no reason given'}; it is not submitted again by "
            f"itself: `qvopt resume RUN --resubmit` does"
        )

    def _fetch(self, job: str, spec: JobSpec) -> JobResult:
        """Fetch and check a result; one that came damaged is fetched again."""

        def fetch() -> JobResult:
            result = self.provider.result(job, spec)
            check_result(result, spec)
            return result

        return self._submitter.call(fetch, f"the result of job {job}")

    def _usage(self, job: str, spec: JobSpec) -> Usage | None:
        try:
            return within(self.timeouts.call, lambda: self.provider.usage(job, spec), "usage")
        except ProviderError:
            return None

    def _spent(self, usage: Usage | None, spec: JobSpec, *, failed: bool) -> dict[str, Any]:
        """QPU seconds and money of a job; the forecast's where the provider does not say."""
        planned = self.provider.estimate(spec)
        if usage is None or (not failed and not usage.qpu_seconds and not self.device.simulator):
            return {"qpu_seconds": planned.qpu_seconds, "money": planned.money}
        money = usage.money
        if money is None and self.device.price.known:
            money = self.device.price.of(spec, usage.qpu_seconds)
            if not self.device.price.per_second or not usage.qpu_seconds:
                money = planned.money
        if failed and not usage.qpu_seconds and usage.money is None:
            money = 0.0
        return {"qpu_seconds": float(usage.qpu_seconds), "money": money}

    def _result(self, key: str) -> JobResult:
        record = self.records[key]
        if key in self._memory or self._folder is None:
            return self._memory[key]
        assert record.file is not None
        return load(self._folder / record.file, record.sha256)

    def _pending(self, keys: Sequence[str]) -> str:
        ids = [str(self.records[k].id) for k in keys if self.records[k].open]
        return f"at {self.device.full_name}: {', '.join(ids) or 'jobs to be submitted'}"


def _again(part: int) -> int:
    """The part of a round that holds the rows which failed in a part."""
    return -1 - part


def job_key(run: str, where: Where, attempt: int, device: str, spec: JobSpec) -> str:
    """SHA-256 of run, round, part, attempt, device and payload: the name the job goes by."""
    parts: Sequence[Any] = [run, list(where[0]), where[1], attempt, device, spec.fingerprint]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
