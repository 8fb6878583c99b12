"""IBM's unmodified client against a stub of its service: faults, kills, and the number of jobs."""

import itertools
import json
import logging
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest
from ibm_server import Fault, Server
from slow_cases import rest_slow

from qvopt import Session, make_experiment
from qvopt.backends.protocol import SubmissionPolicy
from qvopt.cloud.ibm import IBMProvider
from qvopt.cloud.job_manager import JobFailedError, JobsPendingError
from qvopt.cloud.provider import ProviderError, RefusedError, SessionClosedError
from qvopt.records.jobs import job_records
from qvopt.records.journal import Journal
from qvopt_molecules.errors import InputError

pytestmark = pytest.mark.usefixtures("quiet_client")

FAST = {"poll": 0.02, "longest_poll": 0.05, "grace": 0.3, "call_timeout": 60.0, "give_up": 120.0,
        "submit_timeout": 60.0, "repeats": 1, "optimization_level": 1}  # fmt: skip
JOBS = 3  # two steps and the final energies


def experiment(steps=2, budget=None, **backend):
    return make_experiment(
        {
            "molecule": "h2",
            "ansatz": {"name": "uccsd"},
            "optimizer": OPTIMIZER,
            "backend": {"name": "ibm:ibm_manila", **FAST, **backend},
            "measurement": {"shots": 100, "grouping": "qubit-wise"},
            "max_steps": steps,
            "budget": budget or {},
        }
    )


OPTIMIZER = {"name": "adam", "learning_rate": 0.2}


def finish(session):
    with session:
        for _ in session:
            pass
        return session.result()


def begun(folder, **options):
    return finish(Session.begin(experiment(**options), out=folder))


def rounds(folder):
    """Answers of the journal's rounds: what the numbers of a run hang on."""
    lines = (folder / "journal.jsonl").read_text().splitlines()
    return [(e["role"], e["answers"]) for e in map(json.loads, lines) if e["type"] == "round"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An uninterrupted run, on a server of its own."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    with Server() as stub, pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, value in stub.environment.items():
            patch.setenv(name, value)
        begun(folder)
        assert len(stub.jobs) == JOBS
    return rounds(folder)


class Killed(BaseException):
    """Stands for SIGKILL: nothing of the program runs after it."""


def kill_at(monkeypatch, number, when):
    """Die before or after the `number`-th event of a job is on the disk."""
    count = 0
    append = Journal.append

    def counting(self, event, *, durable=False):
        nonlocal count
        mine = event["type"] == "job"
        count += mine
        if mine and count == number and when == "before":
            raise Killed
        append(self, event, durable=durable)
        if mine and count == number and when == "after":
            raise Killed

    monkeypatch.setattr(Journal, "append", counting)


@pytest.mark.parametrize(
    ("number", "when"),
    rest_slow(
        itertools.product([1, 2, 3], ["before", "after"]),
        [(2, "before")],
    ),
)
def test_death_at_every_event_of_a_job(number, when, server, whole, tmp_path, monkeypatch):
    """intent, submitted, done: before each is written and after."""
    with monkeypatch.context() as patch:
        kill_at(patch, number, when)
        with pytest.raises(Killed):
            begun(tmp_path / "run")
    finish(Session.resume(tmp_path / "run"))
    assert len(server.jobs) == JOBS
    assert rounds(tmp_path / "run") == whole


def test_a_job_manager_that_does_not_look_makes_a_duplicate(server, tmp_path, monkeypatch):
    """The mutant: energies look the same, the number of jobs tells."""
    with monkeypatch.context() as patch:
        kill_at(patch, 2, "before")  # accepted by the server, its id not written
        with pytest.raises(Killed):
            begun(tmp_path / "run")
    monkeypatch.setattr(IBMProvider, "find", lambda self, key: ())
    finish(Session.resume(tmp_path / "run"))
    assert len(server.jobs) == JOBS + 1


def test_a_job_accepted_before_the_connection_broke_is_found(server, whole, tmp_path):
    server.faults.append(Fault("POST", "/jobs", "reset-after"))
    begun(tmp_path / "run")
    assert len(server.jobs) == JOBS
    assert rounds(tmp_path / "run") == whole


@pytest.mark.slow
def test_a_listing_that_lags_within_the_grace_makes_no_duplicate(server, tmp_path):
    server.lag = 0.8
    server.faults.append(Fault("POST", "/jobs", "reset-after"))
    begun(tmp_path / "run", grace=5.0)
    assert len(server.jobs) == JOBS


def test_the_oldest_of_duplicates_is_adopted_and_the_others_cancelled(server, tmp_path):
    server.queue = 1000
    server.faults.append(Fault("POST", "/jobs", "reset-after"))
    posted = server.post_job

    def twice(payload):
        if not server.jobs:
            posted(payload)
        return posted(payload)

    server.post_job = twice
    with (
        Session.begin(
            experiment(), out=tmp_path / "run", jobs=SubmissionPolicy("submit")
        ) as session,
        pytest.raises(JobsPendingError, match="job0001"),
    ):
        list(session)
    assert [j["status"] for j in server.jobs.values()] == ["Queued", "Cancelled"]


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("POST", "/jobs", "reset"),
        ("POST", "/jobs", "429"),
        ("GET", "/results", "wrong-shape"),
        pytest.param("POST", "/jobs", "500", marks=pytest.mark.slow),
        pytest.param("GET", "/results", "reset", marks=pytest.mark.slow),
        pytest.param("GET", "/results", "garbage", marks=pytest.mark.slow),
        pytest.param("GET", "/results", "truncated", marks=pytest.mark.slow),
        pytest.param("GET", "/results", "nan", marks=pytest.mark.slow),
        pytest.param("GET", "/metrics", "garbage", marks=pytest.mark.slow),
    ],
)
def test_faults_that_pass(method, path, kind, server, whole, tmp_path):
    server.faults.append(Fault(method, path, kind, 2))
    begun(tmp_path / "run")
    assert len(server.jobs) == JOBS
    assert rounds(tmp_path / "run") == whole


@pytest.mark.slow
def test_a_status_that_hangs_meets_the_deadline(server, whole, tmp_path):
    server.faults.append(Fault("GET", "/jobs/job0001", "hang", seconds=30.0))
    began = time.monotonic()
    begun(tmp_path / "run", call_timeout=3.0)
    assert time.monotonic() - began < 60
    assert len(server.jobs) == JOBS


@pytest.mark.parametrize("kind", ["401", "413"])
def test_what_is_refused_is_not_tried_again(kind, server, whole, tmp_path):
    server.faults.append(Fault("POST", "/jobs", kind, 99))
    with pytest.raises(RefusedError) as error:
        begun(tmp_path / "run")
    assert error.value.exit_code == 4
    assert sum(m == "POST" and p.endswith("/jobs") for m, p in server.requests) == 1
    server.faults.clear()
    finish(Session.resume(tmp_path / "run"))
    assert len(server.jobs) == JOBS
    assert rounds(tmp_path / "run") == whole


def test_a_failed_job_is_reported_and_not_submitted_again(server, tmp_path):
    server.queue = 1000
    out = tmp_path / "run"
    with (
        Session.begin(experiment(), out=out, jobs=SubmissionPolicy("submit")) as session,
        pytest.raises(JobsPendingError),
    ):
        list(session)
    server.jobs["job0001"] |= {"status": "Failed", "reason": "calibration drifted"}
    for _ in range(2):
        with Session.resume(out) as session, pytest.raises(JobFailedError, match="drifted") as e:
            list(session)
    assert e.value.exit_code == 4
    assert len(server.jobs) == 1
    server.queue = 0
    finish(Session.resume(out, jobs=SubmissionPolicy(resubmit=True)))
    assert len(server.jobs) == JOBS + 1
    with Session.resume(out, max_steps=3) as session:
        assert session.driver.ledger.spent["lost"].jobs == 1


def test_submit_fetch_and_resume(server, whole, tmp_path):
    server.queue = 3
    out = tmp_path / "run"
    with (
        Session.begin(experiment(), out=out, jobs=SubmissionPolicy("submit")) as session,
        pytest.raises(JobsPendingError, match="job0001"),
    ):
        list(session)
    pending = 0
    while "optimizer" not in dict(rounds(out)):
        with Session.resume(out, jobs=SubmissionPolicy("fetch")) as session:
            with pytest.raises(JobsPendingError):
                list(session)
            pending += 1
    assert pending > 1
    assert len(server.jobs) == 1
    server.queue = 0
    finish(Session.resume(out))
    assert len(server.jobs) == JOBS
    assert rounds(out) == whole


@pytest.mark.slow
def test_budgets_hold_over_resumes(server, tmp_path):
    out = tmp_path / "run"
    result = begun(out, budget={"jobs": 2}, steps=5)
    assert result.status == "budget"
    assert len(server.jobs) == 2
    assert finish(Session.resume(out, max_steps=9)).status == "budget"
    assert len(server.jobs) == 2
    with pytest.raises(InputError, match="no known price"):
        begun(tmp_path / "money", budget={"money": 5.0})
    priced = begun(tmp_path / "priced", budget={"money": 12.0}, price_per_second=2.0, steps=5)
    # Each job is charged 2 QPU seconds: 4 USD.
    assert priced.costs["hardware"].money == pytest.approx(8.0)
    assert priced.status == "budget"


@pytest.mark.slow
def test_a_closed_session_falls_back_only_if_asked(server, tmp_path):
    begun(tmp_path / "open", mode="session", steps=1)
    assert {j["session"] for j in server.jobs.values()} == {"session1"}
    assert not server.sessions["session1"]["accepting_jobs"]

    def closing(name, **options):
        with Session.begin(experiment(mode="session", **options), out=tmp_path / name) as session:
            for step in session:
                if step.number == 1:
                    for known in server.sessions.values():
                        known["accepting_jobs"] = False

    with pytest.raises(SessionClosedError, match="fallback"):
        closing("closed")
    before = len(server.jobs)
    closing("fallback", fallback=True)
    assert [j["session"] is None for j in server.jobs.values()][before:] == [False, True, True]


@pytest.mark.slow
def test_jobs_are_split_by_the_devices_limits(server, tmp_path, monkeypatch):
    from qvopt.cloud import ibm

    monkeypatch.setattr(ibm, "Limits", lambda **_: ibm_limits(circuits=25, pending=2))
    result = begun(tmp_path / "run", steps=1)
    # 12 points × 5 groups are three jobs; the final energies, 3 × 5 rows, one.
    assert len(server.jobs) == result.costs["hardware"].jobs == 4
    assert result.costs["gradient"].shots == 12 * 100


def ibm_limits(**known):
    from qvopt.cloud.provider import Limits

    return Limits(**known)


def test_nothing_shows_the_key(server, tmp_path, capfd, caplog):
    """Journal, files, errors, logs and prints, with the client at its most talkative."""
    caplog.set_level(logging.DEBUG)
    server.faults += [Fault("POST", "/jobs", "500"), Fault("GET", "/results", "garbage")]
    begun(tmp_path / "run", steps=1)
    server.faults += [Fault("POST", "/jobs", "401", 9)]
    with pytest.raises(ProviderError) as error:
        begun(tmp_path / "refused", steps=1)
    provider = error.value
    shown = [repr(provider), str(provider), repr(vars(provider)), *capfd.readouterr()]
    shown += [str(record.getMessage()) for record in caplog.records if "qvopt" in record.name]
    with Session.resume(tmp_path / "run", max_steps=3) as session:
        shown += [repr(session.assembly.program.provider), repr(session.assembly.program.jobs)]
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert server.token.encode() not in path.read_bytes()
    assert not any(server.token in text for text in shown)


@pytest.mark.slow
def test_a_wrong_key_is_one_clear_error_without_it(server, tmp_path, monkeypatch):
    monkeypatch.setenv("QISKIT_IBM_TOKEN", "another-planted-token-77")
    with pytest.raises(ProviderError) as error:
        begun(tmp_path / "run")
    assert "another-planted-token-77" not in str(error.value)


RUN = [sys.executable, "-W", "ignore", "-c", "from qvopt.cli import main; main()"]


@pytest.mark.slow
def test_sigkill_at_random(server, whole, tmp_path):
    from qvopt.experiment.toml_text import dump_toml

    rng = np.random.default_rng(5)
    server.queue = 2
    text = dump_toml(experiment().document())
    (tmp_path / "experiment.toml").write_text(text)
    out = tmp_path / "run"
    command = ["run", str(tmp_path / "experiment.toml"), "--out", str(out)]
    for _ in range(8):
        process = subprocess.Popen(
            [*RUN, *command, "--quiet", "--yes"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        journal = out / "journal.jsonl"
        events = journal.read_bytes().count(b"\n") if journal.exists() else 0
        while process.poll() is None:
            if journal.exists() and journal.read_bytes().count(b"\n") > events + rng.integers(4):
                break
            time.sleep(0.01)
        time.sleep(rng.random() * 0.3)
        process.kill()
        process.communicate()
        if journal.exists():
            command = ["resume", str(out)]
    done = subprocess.run([*RUN, *command, "--json", "--yes"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(server.jobs) == JOBS
    assert rounds(out) == whole
    assert all(
        r.state == "done" for r in job_records(Journal(out / "journal.jsonl").events).values()
    )
