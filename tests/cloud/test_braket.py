"""The Braket provider, through the SDK as it is, against a stub of the service and its S3."""

import logging
import os

import pytest
from slow_cases import rest_slow
from vendor_jobs import AWS_ACCESS as ACCESS
from vendor_jobs import KEY, SECRET, a_spec, check_counts, finish

from qvopt.cloud.braket import BraketProvider
from qvopt.cloud.braket_devices import device_arn
from qvopt.cloud.provider import (
    JobState,
    ProviderError,
    RefusedError,
    TransientError,
    UncertainError,
)
from qvopt_molecules.errors import InputError

pytestmark = [
    # Of the SDK and its dependencies, on the versions that are installed.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def stub(braket_service):
    return braket_service


@pytest.mark.parametrize("rows", [((0.3,), (1.1,)), ((0.3,),)])
def test_a_job_from_submission_to_counts(stub, rows):
    provider = BraketProvider("sv1")
    spec = a_spec(provider, rows)
    job = provider.submit(spec, KEY)
    waiting = provider.status(job)
    assert (waiting.state, waiting.queue_position) == (JobState.QUEUED, 3)
    assert finish(provider, job).state is JobState.DONE
    (found,) = provider.result(job, spec).counts
    assert len(found) == len(rows)
    for (angle,), counts in zip(rows, found, strict=True):
        check_counts(counts, angle, 1000)
    assert len(stub.tasks) == 1
    assert stub.tasks[job]["tags"]["qvopt-key"] == KEY


def test_a_key_is_one_task_however_often_it_is_submitted(stub):
    provider = BraketProvider("sv1")
    spec = a_spec(provider)
    stub.fail("POST", "/quantum-task$", "reset-after")
    with pytest.raises(UncertainError):
        provider.submit(spec, KEY)
    job = provider.submit(spec, KEY)
    assert BraketProvider("sv1").submit(spec, KEY) == job
    assert list(stub.tasks) == [job]
    assert list(stub.tokens) == [KEY]
    other = provider.submit(spec, "cd" * 32)
    third = provider.submit(spec, "ef" * 32)
    assert [f.id for f in provider.find("cd" * 32)] == [other]
    assert [f.id for f in provider.find("ef" * 32)] == [third]
    assert provider.find("00" * 32) == []


@pytest.mark.parametrize(
    ("kind", "error", "accepted"),
    [
        (401, RefusedError, 0),
        pytest.param(413, RefusedError, 0, marks=pytest.mark.slow),
        (429, TransientError, 0),
        pytest.param(500, UncertainError, 0, marks=pytest.mark.slow),
        pytest.param(503, UncertainError, 0, marks=pytest.mark.slow),
        pytest.param("reset", UncertainError, 0, marks=pytest.mark.slow),
        ("reset-after", UncertainError, 1),
        pytest.param("garbage", UncertainError, 1, marks=pytest.mark.slow),
        pytest.param("truncated", UncertainError, 1, marks=pytest.mark.slow),
        (lambda d: {}, UncertainError, 1),
    ],
)
def test_a_failed_submission_says_what_may_have_happened(stub, kind, error, accepted):
    provider = BraketProvider("sv1")
    spec = a_spec(provider)
    stub.fail("POST", "/quantum-task$", kind)
    with pytest.raises(error) as caught:
        provider.submit(spec, KEY)
    assert SECRET not in str(caught.value)
    assert ACCESS not in str(caught.value)
    assert sum(s == ("POST", "/quantum-task") for s in stub.seen) == 1
    assert len(provider.find(KEY)) == accepted == len(stub.tasks)


@pytest.mark.parametrize(
    ("kind", "error"),
    rest_slow(
        [
            (500, TransientError),
            (429, TransientError),
            ("reset", TransientError),
            (403, RefusedError),
        ],
        [("reset", TransientError), (403, RefusedError)],
    ),
)
def test_a_failed_read_can_be_repeated(stub, kind, error):
    provider = BraketProvider("sv1")
    job = provider.submit(a_spec(provider), KEY)
    stub.fail("GET", "/quantum-task/", kind)
    with pytest.raises(error):
        provider.status(job)
    assert finish(provider, job).state is JobState.DONE


def a_lost_part(document):
    document["programResults"][1]["executableResults"] = [
        {
            "braketSchemaHeader": {
                "name": "braket.task_result.program_set_executable_failure",
                "version": "1",
            },
            "inputsIndex": 0,
            "failureMetadata": {"failureReason": "lost"},
        }
    ]
    return document


def fewer_parts(document):
    document["programResults"].pop()
    return document


def fewer_shots(document):
    document["programResults"][0]["executableResults"][0]["measurements"].pop()
    return document


@pytest.mark.parametrize(
    "change",
    rest_slow(
        [a_lost_part, fewer_parts, fewer_shots, lambda d: {"hello": 1}, lambda d: '{"programRes'],
        [fewer_parts, fewer_shots],
    ),
)
def test_wrong_results_are_never_counts(stub, change):
    provider = BraketProvider("sv1")
    spec = a_spec(provider)
    stub.broken = change
    job = provider.submit(spec, KEY)
    finish(provider, job)
    with pytest.raises(ProviderError) as caught:
        provider.result(job, spec)
    assert "\n" not in str(caught.value)


def test_failed_and_cancelled_tasks(stub):
    provider = BraketProvider("sv1")
    spec = a_spec(provider)
    job = provider.submit(spec, KEY)
    provider.cancel(job)
    assert provider.status(job).state is JobState.CANCELLED
    provider.cancel(job)  # final already: no error
    stub.state = "FAILED"
    lost = provider.submit(spec, "cd" * 32)
    status = finish(provider, lost)
    assert status.state is JobState.FAILED
    assert "recalibrated" in status.reason


def test_limits_and_prices(stub):
    provider = BraketProvider("sv1")
    limits = provider.describe().limits
    assert (limits.circuits, limits.shots, limits.executions) == (100, 100_000, 200_000)
    spec = a_spec(provider)
    assert provider.estimate(spec).money == pytest.approx(2 * 3 * 0.075 / 60)
    own = BraketProvider("sv1", price={"per_job": 0.3, "per_shot": 0.01})
    assert own.estimate(spec).money == pytest.approx(0.3 + 20)
    with pytest.raises(InputError, match="per_shot"):
        BraketProvider("sv1", price={"per_shots": 1})
    stub.program_sets = False
    assert BraketProvider("sv1").describe().limits.circuits == 1


def test_names_of_devices():
    assert device_arn("garnet").endswith("device/qpu/iqm/Garnet")
    with pytest.raises(InputError, match="did you mean 'garnet'"):
        device_arn("garnett")
    with pytest.raises(InputError, match="ARN"):
        device_arn("arn:aws:s3:::bucket")


def test_the_secret_stays_where_it_is(stub, monkeypatch, tmp_path, capfd, caplog):
    caplog.set_level(logging.INFO)
    provider = BraketProvider("sv1")
    stub.token = "another"
    with pytest.raises(RefusedError) as caught:
        provider.submit(a_spec(provider), KEY)
    texts = [str(caught.value), repr(caught.value), repr(provider), caplog.text]
    texts += list(capfd.readouterr())
    assert not any(SECRET in text for text in texts)
    path = tmp_path / "credentials"
    path.write_text(f"[default]\naws_access_key_id={ACCESS}\naws_secret_access_key={SECRET}\n")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(path))
    os.chmod(path, 0o644)
    with pytest.raises(InputError, match="chmod 600"):
        BraketProvider("sv1")
    os.chmod(path, 0o600)
    stub.token = ACCESS
    assert BraketProvider("sv1").find(KEY) == []


def test_what_is_missing_is_named(stub, monkeypatch):
    import sys

    monkeypatch.delenv("AMZN_BRAKET_OUT_S3_BUCKET")
    with pytest.raises(InputError, match="bucket"):
        BraketProvider("sv1")
    monkeypatch.setitem(sys.modules, "qiskit_braket_provider", None)
    with pytest.raises(InputError, match=r"\.\[braket\]"):
        BraketProvider("sv1")
