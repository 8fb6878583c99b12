"""A submission in doubt: looked for until a listing can show it, and repeated only then."""

import time

import numpy as np
import pytest
from qiskit import QuantumCircuit

from qvopt.cloud.calls import Timeouts
from qvopt.cloud.job_manager import JobManager
from qvopt.cloud.provider import (
    Device,
    FoundJob,
    JobForecast,
    JobResult,
    JobSpec,
    JobState,
    JobStatus,
    ProviderError,
    Pub,
    TransientError,
    UncertainError,
    Usage,
)
from qvopt_molecules.errors import InputError

LAG = 0.4
TIMES = Timeouts(call=5.0, submit=0.3, give_up=3.0, grace=0.7, poll=0.01, longest_poll=0.02)


class Killed(BaseException):
    """Stands for SIGKILL."""


class Service:
    """A vendor whose listing shows a job only some time after it was taken.

    `plan` says what becomes of each submission: "lost" (an error, and no job), "taken" (an error,
    and a job), "hang", or "" for success.
    """

    def __init__(self, plan=(), lag=LAG):
        self.plan, self.lag, self.taken, self.submissions = list(plan), lag, [], 0
        self.listing = []  # errors that the listing raises first
        self.hangs = 0.0

    def describe(self):
        return Device("own", "service", 4)

    def estimate(self, spec):
        return JobForecast(spec.n_circuits, spec.executions, 0.0)

    def submit(self, spec, key):
        self.submissions += 1
        what = self.plan.pop(0) if self.plan else ""
        if what == "hang":
            time.sleep(self.hangs)
        if what != "lost":
            self.taken.append((key, time.monotonic()))
        if what in ("lost", "taken"):
            raise UncertainError("503")
        return f"job{len(self.taken)}"

    def find(self, key):
        if self.listing:
            raise self.listing[0]
        now = time.monotonic()
        return [FoundJob(f"job{n}", str(n)) for n, (k, at) in enumerate(self.taken, 1)
                if k == key and now - at > self.lag]  # fmt: skip

    def status(self, job):
        return JobStatus(JobState.DONE)

    def result(self, job, spec):
        return JobResult((({0: spec.shots},),))

    def usage(self, job, spec):
        return Usage(1.0)


class Log(list):
    """A journal in memory, which can end the process before an event is in it."""

    dies_at = None

    def append(self, event, *, durable=False):
        if event.get("state") == self.dies_at:
            raise Killed
        super().append(dict(event))


def a_spec():
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    return JobSpec((Pub(circuit, np.zeros((1, 0))),), 10)


def manager(service, log, folder, times=TIMES):
    return JobManager(service, times, log=log, folder=folder, run="r", events=list(log))


def test_grace_is_counted_from_the_last_attempt(tmp_path):
    """A storm of errors longer than the grace, an accepted job, a kill: still one job."""
    service, log = Service(["lost", "lost"]), Log()
    log.dies_at = "submitted"
    with pytest.raises(Killed):
        manager(service, log, tmp_path).run([a_spec()], (0,))
    assert service.submissions == 3
    assert len(service.taken) == 1
    assert [e["state"] for e in log] == ["intent", "attempt", "attempt"]
    intent, *_, last = log
    assert last["time"] - intent["time"] > TIMES.grace
    log.dies_at = None
    manager(service, log, tmp_path).run([a_spec()], (0,))
    assert len(service.taken) == 1
    assert [e["state"] for e in log][-2:] == ["submitted", "done"]


@pytest.mark.parametrize("jump", [86_400.0, -86_400.0])
def test_a_clock_that_is_set_while_a_job_is_looked_for_makes_no_second_one(
    jump, tmp_path, monkeypatch
):
    service, log = Service(["taken"]), Log()
    find, set_by, clock = service.find, [0.0], time.time

    def found_after_the_clock_was_set(key):
        set_by[0] = jump
        return find(key)

    service.find = found_after_the_clock_was_set
    monkeypatch.setattr(time, "time", lambda: clock() + set_by[0])
    manager(service, log, tmp_path).run([a_spec()], (0,))
    assert service.submissions == 1
    assert len(service.taken) == 1


def test_a_clock_that_is_set_back_after_a_kill_makes_no_second_job(tmp_path, monkeypatch):
    service, log = Service(), Log()
    log.dies_at = "submitted"
    with pytest.raises(Killed):
        manager(service, log, tmp_path).run([a_spec()], (0,))
    log.dies_at, clock = None, time.time
    monkeypatch.setattr(time, "time", lambda: clock() - 86_400)
    manager(service, log, tmp_path).run([a_spec()], (0,))
    assert service.submissions == len(service.taken) == 1


def test_an_old_intent_is_looked_for_once(tmp_path):
    service, log = Service(["lost"]), Log()
    log.append({"type": "job", "key": "x", "state": "done"})  # of another run: no such record
    log.clear()
    log.dies_at = "attempt"
    with pytest.raises(Killed):
        manager(service, log, tmp_path).run([a_spec()], (0,))
    log.dies_at, log[0]["time"] = None, time.time() - 3600
    began = time.monotonic()
    manager(service, log, tmp_path).run([a_spec()], (0,))
    assert time.monotonic() - began < TIMES.grace
    assert len(service.taken) == 1


def test_a_job_that_was_taken_is_found_though_the_listing_lags(tmp_path):
    service, log = Service(["taken"]), Log()
    manager(service, log, tmp_path).run([a_spec()], (0,))
    assert service.submissions == len(service.taken) == 1
    assert log[1]["adopted"]


@pytest.mark.parametrize("plan", [["lost"], ["taken"]])
def test_nothing_is_submitted_while_there_is_no_listing(plan, tmp_path):
    service, log = Service(plan), Log()
    service.listing = [TransientError("the listing is down")]
    with pytest.raises(ProviderError, match="could not submit: the listing is down"):
        manager(service, log, tmp_path).run([a_spec()], (0,))
    assert service.submissions == 1
    service.listing = []
    manager(service, log, tmp_path).run([a_spec()], (0,))
    assert len(service.taken) == 1


def test_a_submission_that_hangs_is_not_made_twice(tmp_path):
    service, log = Service(["hang"]), Log()
    service.hangs = 2.0
    manager(service, log, tmp_path).run([a_spec()], (0,))
    assert service.submissions == len(service.taken) == 1


def test_jobs_that_outlive_the_process_need_a_journal(tmp_path):
    with pytest.raises(InputError, match="written into a run folder before"):
        JobManager(Service(), TIMES)
    with pytest.raises(InputError, match="written into a run folder before"):
        JobManager(Service(), TIMES, log=Log())
